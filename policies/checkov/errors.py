"""The one error of the bridge."""

from __future__ import annotations


class CheckovError(RuntimeError):
    """The scan couldn't be made. The message is one line and says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
