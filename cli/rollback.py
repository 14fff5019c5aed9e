"""``rollback``: the command line that people and pipelines use."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli import typos
from cli.engine import Engine, Snapshot
from cli.errors import run
from cli.guard import commands as guarding
from cli.options import ChangedStack, Format, Output, Stack, Yes, named
from cli.preflight.command import preflight
from cli.pulumi_command import EngineError
from cli.release import commands as releasing
from cli.review.command import review
from cli.targets import announce
from cli.updates.pins import PinRequest
from cli.updates.update import update
from cli.watched import open_stack
from core.release_lock import read_lock
from guard.command import approving, recovery
from stacks.file import read
from stacks.releases import RELEASES, load, versions

app = typer.Typer(
    name="rollback",
    help="Deploy, and go back to, pinned releases.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(guarding.app)
app.add_typer(releasing.app)
app.add_typer(recovery.app("rollback recovery", open_stack))
app.command("review", epilog="Example: rollback review -s prod --output markdown")(review)
app.command("preflight", epilog="Example: rollback preflight -s prod --output json")(preflight)
app.command("audit", epilog="Example: rollback audit -s prod --output json", context_settings={"obj": open_stack})(
    approving.audit
)


@app.command(epilog="Example: rollback deploy v1.2.2 -s prod --system rag-api")
def deploy(
    version: Annotated[str, typer.Argument(help="A release, such as v1.2.3; older or newer than what runs.")],
    stack: ChangedStack = "",
    system: Annotated[str | None, typer.Option(help="Pin this system alone; the others stay.")] = None,
    unpin: Annotated[
        bool, typer.Option("--unpin", help="Move systems with a pin of their own too; their pins go.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Deploy a release, or go back to one: update the stack, show what runs, and pin it."""
    typos.system(system)
    typos.version(version)
    if unpin and system:
        raise EngineError(f"--unpin is for the whole stack: leave it out, {system} moves with its pin")
    update(PinRequest(named(stack), version, system, unpin), yes=yes)


@app.command(epilog="Example: rollback up -s dev")
def up(stack: ChangedStack = "", yes: Yes = False) -> None:
    """Update a stack to the release its file pins, and check it."""
    update(PinRequest(named(stack)), yes=yes)


@app.command(epilog="Example: rollback status -s prod --output json")
def status(
    system: Annotated[str | None, typer.Argument(help="One system; all of them when left out.")] = None,
    stack: Stack = "prod",
    output: Output = Format.TEXT,
) -> None:
    """What is pinned, what the last update deployed, and what really runs."""
    from cli.health import stores
    from cli.health.status import look
    from cli.tables import systems_table
    from cli.updates import under_way

    typos.system(system)
    settings, engine = read(stack), Engine(stack)
    by = under_way.find(engine)
    state = engine.found()
    found = look(settings, Snapshot(state, []).outputs, system, by)
    if not found:
        raise EngineError(f"{stack} was never deployed: run `rollback up -s {stack}`")
    if (kept := stores.row(settings, state, system)) is not None:
        found = [*found, kept]
    if by:
        typer.echo(f"{stack}: under way: {by}", err=True)
    if output is Format.JSON:
        typer.echo(json.dumps([row.as_dict() for row in found], indent=2))
    else:
        systems_table(found)
    if any(row.differs for row in found):
        raise typer.Exit(1)


@app.command("versions", epilog="Example: rollback versions --output json")
def list_versions(stack: Stack = "prod", output: Output = Format.TEXT) -> None:
    """The releases that a stack can be taken to: who pins, holds and runs each, and what it lacks."""
    from cli.release import marks, places
    from cli.tables import releases_table

    settings = read(stack)
    at = places.bucket(settings.project.artifact_bucket, settings.region)
    marked, untold = marks.marks(lambda name: Engine(name).outputs(), at.missing)
    by_version = {each.version: each for each in marked}
    published = read_lock(RELEASES)
    found = [(load(version) if version in published else None, version) for version in versions()]
    if output is Format.JSON:
        told = [
            {**release.model_dump(mode="json", by_alias=True), "marks": asdict(by_version[version])}
            for release, version in found
            if release
        ]
        typer.echo(json.dumps(told))
    else:
        releases_table(found, by_version)
    for line in untold:
        typer.echo(line, err=output is Format.JSON)


app.command("publish", hidden=True, epilog="Example: rollback publish v1.5.0 -s prod")(releasing.publish)


@app.command(epilog="Example: rollback takeover template.yaml --stack-name security-assistant-prod --plan-only -s prod")
def takeover(
    template: Annotated[Path, typer.Argument(help="The SAM or CloudFormation template.")],
    stack_name: Annotated[str, typer.Option("--stack-name", help="The CloudFormation stack that was made from it.")],
    stack: ChangedStack = "",
    parameter: Annotated[list[str] | None, typer.Option(help="A template parameter, Name=Value.")] = None,
    plan_only: Annotated[
        bool, typer.Option("--plan-only", help="Show what would be taken over; write nothing.")
    ] = False,
    output: Output = Format.TEXT,
    yes: Yes = False,
) -> None:
    """Take over what SAM or CloudFormation made, without making anything anew."""
    from cli import takeover as taking
    from cli.takeover import guard, show
    from cli.takeover.template import parameters

    settings = read(named(stack))
    announce(stack, settings.region, ask=not yes and not plan_only, cluster=False)
    if not plan_only:
        Engine(stack).prepare(settings.region)
    try:
        given = parameters(parameter or [])
        plan = taking.run(template, stack_name, stack, given, settings.region, plan_only=plan_only)
    except taking.TakeoverError as error:
        raise EngineError(str(error)) from None
    if output is Format.JSON:
        typer.echo(json.dumps(plan.as_dict(), indent=2))
    else:
        show.plan_tables(plan)
        show.next_steps(plan)
    if refused := guard.refusal(plan.changes):
        raise EngineError(refused)


def main() -> int:
    """Run the command line; an error that a person can fix is one line."""
    return run(app, "rollback")


if __name__ == "__main__":
    sys.exit(main())
