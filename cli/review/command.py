"""``rollback review`` as people type it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from cli.engine import ROOT
from cli.options import NamedStack, Yes
from cli.pulumi_command import EngineError
from cli.review.diff import changed_lines
from cli.review.errors import ReviewError
from cli.review.progress import Progress
from cli.review.workspace import base_of
from cli.targets import TargetError, announce, explain
from core.errors import ServiceError
from core.model import ConfigurationError
from policies.checkov import CheckovError
from stacks.file import read
from stacks.selection import select
from stacks.systems import Need, needing

FAILED, NOT_DONE = 1, 2
MENDABLE = (ReviewError, EngineError, CheckovError, ConfigurationError, ServiceError, TargetError)


class Output(StrEnum):
    """How the report is written."""

    MARKDOWN = "markdown"
    JSON = "json"
    SARIF = "sarif"


def review(
    stack: NamedStack = "prod",
    base: Annotated[
        str | None,
        typer.Option(help="What to compare with where a way back is closed; the merge base with main when left out."),
    ] = None,
    releases: Annotated[int, typer.Option(min=1, max=50, help="How many releases to look back to.")] = 5,
    output: Annotated[Output, typer.Option("--output", "-o", help="How to write the report.")] = Output.MARKDOWN,
    sarif: Annotated[Path | None, typer.Option(help="Write the report as SARIF to this file as well.")] = None,
    yes: Yes = False,
) -> None:
    """What this checkout would change, what policies and checkov say, and which releases it can still go back to.

    Nothing is changed. Exit code 0: it may go on; 1: a mandatory policy is violated, a durable store is at risk,
    checkov has findings that nobody explained, or a way back is closed without a waiver; 2: it couldn't be done.
    """
    progress = Progress()
    try:
        settings = read(stack)
        with progress.part("asking the account"):
            announce(stack, settings.region, ask=not yes, cluster=bool(needing(Need.CLUSTER, select(settings))))
        from cli.review import markdown
        from cli.review.sarif import document
        from cli.review.work import Work
        from policies.repository import Repository

        if base is not None:
            base_of(ROOT, base)  # a revision that isn't there is told before the work, not after it
        with TemporaryDirectory(prefix="review-") as scratch:
            found = Work(settings, Path(scratch), progress=progress).review(base, releases)
        log = document(found, Repository(changed=_changed(base))) if sarif or output is Output.SARIF else {}
        if sarif is not None:
            sarif.write_text(json.dumps(log, indent=2) + "\n")
    except MENDABLE as error:
        raise _not_done(str(error)) from None
    except OSError as error:
        raise _not_done(explain(error) or str(error)) from None
    except Exception as error:
        if (said := explain(error)) is None:
            raise
        raise _not_done(said) from None
    if output is Output.MARKDOWN:
        typer.echo(markdown.document(found), nl=False)
    elif output is Output.JSON:
        content = {"passed": found.passed, **found.model_dump(mode="json", by_alias=True)}
        typer.echo(json.dumps(content, indent=2))
    else:
        typer.echo(json.dumps(log, indent=2))
    if not found.passed:
        raise typer.Exit(FAILED)


def _changed(base: str | None) -> Mapping[str, frozenset[int]]:
    """The lines of the change; none where nobody knows what to compare with."""
    try:
        return changed_lines(ROOT, base_of(ROOT, base)[1])
    except ReviewError:
        return {}


def _not_done(line: str) -> typer.Exit:
    print(f"error: the review couldn't be done: {line}", file=sys.stderr)
    return typer.Exit(NOT_DONE)
