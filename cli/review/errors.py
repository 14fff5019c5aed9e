"""The one error of a review."""


class ReviewError(RuntimeError):
    """The review can't be done. The message is one line that says why."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
