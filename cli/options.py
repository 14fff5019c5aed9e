"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from core.model import unknown
from guard.command.options import Format, Output, Yes
from stacks.settings import STACKS

__all__ = ["ChangedStack", "Format", "NamedStack", "Output", "Stack", "Yes", "named"]


def _stack(name: str) -> str:
    """A stack that there is. Raises ``ConfigurationError``."""
    if name not in STACKS:
        raise unknown("stack", name, list(STACKS))
    return name


def _stack_if_any(name: str) -> str:
    """The same, or nothing: what is mistyped beside it is said first (``named``)."""
    return _stack(name) if name else name


def named(stack: str) -> str:
    """The stack of a command that changes something, which has none of its own. Raises ``typer.BadParameter``."""
    if not stack:
        *others, last = STACKS
        raise typer.BadParameter(f"no stack is named: give {', '.join(f'-s {each}' for each in others)} or -s {last}")
    return stack


Stack = Annotated[str, typer.Option("--stack", "-s", callback=_stack, help="dev, staging or prod.")]
ChangedStack = Annotated[
    str,
    typer.Option("--stack", "-s", callback=_stack_if_any, help="dev, staging or prod; no default.", show_default=False),
]
"""The stack that a command changes: it has no default, since a person who leaves it out means the nearest one."""
NamedStack = Annotated[str, typer.Option("--stack", "-s", help="dev, staging or prod.")]
"""The same for a command that refuses an unknown stack with an exit code of its own."""
