"""The guard in a program of two lines, by what the project's ``guard.yaml`` says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pulumi

from core import project
from core.model import ConfigurationError
from guard.evidence import RecoveryPoints
from guard.guard import Guard
from guard.previous import read_previous


def _setting(key: str) -> str | None:
    namespace, _, name = key.partition(":")
    return pulumi.Config(namespace).get(name)


@contextmanager
def guarded() -> Iterator[Guard]:
    """Guard whatever is declared within; once in a program, around all that it declares.

    Registers the guard, shows the plan at the end, and exports what the next update needs as ``guard``. The stack's
    name, the recovery bucket and its region (``aws:region`` where the file names none) come from settings. Raises
    ``pulumi.RunError`` where those are missing or malformed.
    """
    stack = pulumi.get_stack()
    try:
        of = project.current()
        region = of.settings.recovery_region or pulumi.Config("aws").require("region")
        guard = Guard(stack, RecoveryPoints(of.recovery_bucket(stack, _setting), region), read_previous())
    except (ConfigurationError, pulumi.ConfigMissingError) as error:
        raise pulumi.RunError(str(error)) from None
    guard.register()
    yield guard
    guard.plan()
    pulumi.export("guard", guard.outputs())
