"""The one error this part raises on purpose."""

from sandbox.paths import SandboxError


class ToolchainError(SandboxError):
    """A tool cannot be provided. Its text is one line that says what happened and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
