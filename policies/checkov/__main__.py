"""``python -m policies.checkov PREVIEW.json``: checkov's findings on a Pulumi program, at the lines of the program."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from core.model import ConfigurationError
from policies.checkov import CheckovError, scan
from policies.checkov.baseline import load
from policies.checkov.resources import is_state
from policies.checkov.sarif import document
from policies.checkov.text import table

FAILED, BROKEN = 1, 2


class Output(StrEnum):
    """How the report is written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


def main(
    preview: Annotated[str, typer.Argument(help="A file, or - for standard input.", show_default=False)],
    state: Annotated[bool, typer.Option("--state", help="It is a state: `pulumi stack export`.")] = False,
    plan: Annotated[Path | None, typer.Option(help="The update plan: `pulumi preview --save-plan FILE`.")] = None,
    output: Annotated[Output, typer.Option(help="How to write the report.")] = Output.TEXT,
    baseline: Annotated[
        Path | None, typer.Option(help="The checks that are skipped on purpose; the project's file when left out.")
    ] = None,
) -> None:
    """Judge a Pulumi program with checkov.

    Exit code 0: nothing failed but what the baseline explains; 1: something did; 2: the scan couldn't be made.

    Examples:

      pulumi preview --json --show-sames | python -m policies.checkov -

      pulumi stack export | python -m policies.checkov - --state --output sarif
    """
    try:
        found = _read(preview)
        if state != is_state(found):
            wanted = "a state (`pulumi stack export`)" if state else "a preview; for a state add --state"
            raise CheckovError(f"{preview} isn't {wanted}")
        report = scan(found, load(baseline), update_plan=None if plan is None else _read(str(plan)))
    except (CheckovError, ConfigurationError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(BROKEN) from None
    if output is Output.TEXT:
        sys.stdout.write(table(report))
    else:
        content = report.as_dict() if output is Output.JSON else document(report)
        sys.stdout.write(json.dumps(content, indent=2) + "\n")
    raise typer.Exit(0 if report.passed else FAILED)


def _read(name: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text()
        found = json.loads(text)
    except OSError as error:
        raise CheckovError(f"{name}: {error.strerror}") from None
    except ValueError:
        raise CheckovError(f"{name}: not JSON; make it with `pulumi preview --json --show-sames`") from None
    if not isinstance(found, dict):
        raise CheckovError(f"{name}: neither a preview nor a state")
    return found


if __name__ == "__main__":
    typer.run(main)
