"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Format(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"


Stack = Annotated[str | None, typer.Option("--stack", "-s", help="The stack.", show_default=False)]
Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Don't ask: not for a real account, nor for what an update deletes.")
]
Region = Annotated[str | None, typer.Option(help="Where the store lies, if several regions have one of its name.")]
Output = Annotated[Format, typer.Option("--output", "-o", help="How to print the result.")]
