"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from core.model import unknown
from guard.command.options import Format, Output, Yes
from stacks.settings import STACKS

__all__ = ["Format", "NamedStack", "Output", "Stack", "Yes"]


def _stack(name: str) -> str:
    """A stack that there is. Raises ``ConfigurationError``."""
    if name not in STACKS:
        raise unknown("stack", name, list(STACKS))
    return name


Stack = Annotated[str, typer.Option("--stack", "-s", callback=_stack, help="dev, staging or prod.")]
NamedStack = Annotated[str, typer.Option("--stack", "-s", help="dev, staging or prod.")]
"""The same for a command that refuses an unknown stack with an exit code of its own."""
