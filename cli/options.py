"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from core.model import unknown
from stacks.settings import STACKS


class Format(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"


def _stack(name: str) -> str:
    """A stack that there is. Raises ``ConfigurationError``."""
    if name not in STACKS:
        raise unknown("stack", name, list(STACKS))
    return name


Stack = Annotated[str, typer.Option("--stack", "-s", callback=_stack, help="dev, staging or prod.")]
NamedStack = Annotated[str, typer.Option("--stack", "-s", help="dev, staging or prod.")]
"""The same for a command that refuses an unknown stack with an exit code of its own."""
Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Don't ask: not for a real account, nor for what an update deletes.")
]
Region = Annotated[str | None, typer.Option(help="Where the store lies, if several regions have one of its name.")]
Output = Annotated[Format, typer.Option("--output", "-o", help="How to print the result.")]
