"""What commands about releases end with."""

from __future__ import annotations

from cli.pulumi_command import EngineError


class ReleaseError(EngineError):
    """A release can't be built, written or published. The message is one line that says what to do."""
