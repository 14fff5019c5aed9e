"""The stacks of this project, as the commands of guard, audit and recovery points know a stack."""

from __future__ import annotations

from cli.engine import Engine
from cli.options import named
from cli.targets import announce
from guard.command.stack import Watched
from stacks.file import read
from stacks.settings import ProjectSettings, StackSettings
from stacks.systems import SYSTEMS

DEFAULT = "prod"


def open_stack(name: str | None, changes: bool = False) -> Watched:
    """A stack by its name; a command that changes something has to name it.

    Raises ``ConfigurationError`` where there is none, or its settings are wrong.
    """
    return watched(read(named(name or "") if changes else name or DEFAULT))


def watched(settings: StackSettings) -> Watched:
    """The stack that settings are of."""

    def confirm(ask: bool) -> None:
        announce(settings.stack, settings.region, ask=ask, cluster=False)

    return Watched(
        stack=settings.stack,
        region=settings.region,
        bucket=settings.project.recovery_bucket,
        engine=Engine(settings.stack),
        confirm=confirm,
        default_bucket=str(ProjectSettings.model_fields["recovery_bucket"].default),
        systems=tuple(SYSTEMS),
        version=settings.project.version,
    )
