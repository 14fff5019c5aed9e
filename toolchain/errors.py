"""The one error this part raises on purpose."""


class ToolchainError(RuntimeError):
    """A tool cannot be provided. Its text is one line that says what happened and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
