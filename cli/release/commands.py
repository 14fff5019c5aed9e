"""The commands ``rollback release …``."""

from __future__ import annotations

import functools
import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli.engine import Engine
from cli.options import ChangedStack, Format, Output, Stack, Yes, named
from cli.release.errors import ReleaseError
from cli.targets import announce
from core.identifiers import VERSION_PATTERN
from core.model import nearest, unknown
from core.release_lock import read_lock
from stacks.file import read
from stacks.releases import RELEASES, versions
from stacks.settings import STACKS
from stacks.systems import SYSTEMS

app = typer.Typer(
    name="release", help="Build, write, compare, check, publish and retire releases.", no_args_is_help=True
)
Release = Annotated[str, typer.Argument(metavar="VERSION", help="A release, such as v1.5.0.")]


def today() -> date:
    """The date that a release bears: of the whole world's clock, so that it is the same wherever it is made."""
    return datetime.now(UTC).date()


@app.command(epilog="Example: rollback release build --system rag-api")
def build(
    system: Annotated[str | None, typer.Option(help="The sources of this system alone.")] = None,
    only_changed: Annotated[
        bool, typer.Option("--only-changed", help="Leave out what was built from the same sources.")
    ] = False,
    output: Output = Format.TEXT,
) -> None:
    """Build functions with what they import, layers, revisions and images into build/release."""
    from cli.release import building

    if system is not None and system not in SYSTEMS:
        raise unknown("system", system, list(SYSTEMS))
    done = building.build(system, only_changed)
    if output is Format.JSON:
        typer.echo(json.dumps([asdict(each) for each in done.built], indent=2))
        return
    typer.echo(f"{done.made} built, {len(done.built) - done.made} as before; all in build/release")


@app.command(epilog="Example: rollback release new v1.5.0 --from v1.4.0 --summary 'Better answers'")
def new(
    version: Release,
    origin: Annotated[
        str | None, typer.Option("--from", help="The release it goes on from; the newest good one.")
    ] = None,
    pin: Annotated[
        list[str] | None, typer.Option(help="An artifact at a version of your choice: rag-api=1.6.0.")
    ] = None,
    summary: Annotated[str, typer.Option(help="What is new, in a line.")] = "",
) -> None:
    """Write a manifest: what an earlier release pins, each artifact at the newest sound version that was built."""
    from cli.release import building, manifest
    from core.project import shown

    pairs = [each.partition("=") for each in pin or ()]
    if wrong := [name for name, sign, value in pairs if not (name and sign and value)]:
        raise ReleaseError(f"--pin {wrong[0]}: write NAME=VERSION, such as rag-api=1.6.0")
    chosen = {name: value for name, _, value in pairs}
    done = manifest.new(version, building.read(), today(), origin, chosen, summary)
    typer.echo(f"{shown(done.path)} is written, from {done.origin}:")
    for before, after in done.changes:
        typer.echo(f"  {before.system} {before.name}: {before.version} -> {after.version}")
    if not done.changes:
        typer.echo("  every artifact is as before: edit its switches, or build something newer")
    for before, _ in done.changes:
        if before.kind == "layers":
            typer.echo(
                f"  {before.system} has another {before.name}: does dataFormat still say what it writes and reads?"
            )
    typer.echo(f"look at it, then: rollback release check {version}, rollback release publish {version} -s STACK")


@app.command(epilog="Example: rollback release diff v1.2.3 v1.4.0; rollback release diff prod v1.4.0")
def diff(
    before: Annotated[str, typer.Argument(help="A release, or a stack for what it pins.")],
    after: Annotated[str, typer.Argument(help="A release, or a stack for what it pins.")],
    output: Output = Format.TEXT,
) -> None:
    """What differs between two releases: artifacts, switches, formats, order; and what the stacks run."""
    from cli.release import difference, show

    found = difference.compare(difference.view(before), difference.view(after))
    running = [difference.runs(stack, lambda stack: Engine(stack).outputs()) for stack in reversed(STACKS)]
    if output is Format.JSON:
        typer.echo(
            json.dumps({"differences": list(map(asdict, found)), "stacks": list(map(asdict, running))}, indent=2)
        )
    else:
        show.differences(before, after, found, running)


@app.command(epilog="Example: rollback release check v1.5.0")
def check(
    version: Annotated[str | None, typer.Argument(help="A release; all of them when left out.")] = None,
    stack: Stack = "prod",
    output: Output = Format.TEXT,
) -> None:
    """Whether releases could be deployed and gone back from: artifacts by hash, date, order, way back."""
    from cli.release import checking, places, publishing, show

    settings = read(stack)
    announce(stack, settings.region, ask=False, cluster=False)
    at = places.bucket(settings.project.artifact_bucket, settings.region)
    published = read_lock(RELEASES)
    found: list[checking.ReleaseFault] = []
    for each in versions() if version is None else [version]:
        look = partial(publishing.look, at=at, published=each in published)
        found += checking.check(each, today(), look)
    if output is Format.JSON:
        typer.echo(json.dumps([asdict(each) for each in found], indent=2))
    else:
        show.findings(found)
    if wrong := [each for each in found if not each.passed]:
        raise ReleaseError(f"{len(wrong)} of {len(found)} checks fail: {wrong[0].release} {wrong[0].text}")


@app.command(epilog="Example: rollback release publish v1.5.0 -s prod")
def publish(
    version: Annotated[
        str | None,
        typer.Argument(
            help="The release whose manifest is finished; left out: what published ones lack is brought back."
        ),
    ] = None,
    stack: ChangedStack = "",
    yes: Yes = False,
) -> None:
    """Upload and push what is missing, then lock the manifest: from now on it can't change."""
    from cli.release import checking, places, publishing

    if version is not None and VERSION_PATTERN.fullmatch(version) and version not in versions():
        raise ReleaseError(
            f"there is no manifest stacks/releases/{version}.yaml to publish{nearest(version, versions())}: write it "
            f"first, with `rollback release new {version}`"
        )
    settings = read(named(stack))
    announce(stack, settings.region, ask=not yes, cluster=False)
    at = places.bucket(settings.project.artifact_bucket, settings.region)
    if version is None:
        done = publishing.bring_all(at)
        typer.echo(f"{at.name}: {len(done.uploaded)} artifacts uploaded, {done.already_there} already there")
        return
    if version not in read_lock(RELEASES) and (reasons := checking.unrunnable(checking.draft(version))):
        raise ReleaseError(
            f"{version} couldn't run on Lambda: {'; '.join(reasons)}: build versions that have what they import "
            "(docs/releases.md) and pin those; nothing was uploaded"
        )
    done = publishing.publish(version, today(), at)
    typer.echo(f"{version}: {len(done.uploaded)} artifacts uploaded, {done.already_there} already there")
    if done.locked:
        files = " and ".join(f"stacks/releases/{each}" for each in done.files)
        typer.echo(f"{version} is published; commit {files} and releases.lock together")
    else:
        typer.echo(f"{version} was published before; nothing else is to be done")


@app.command(epilog='Example: rollback release retire --delete --by "Ada Byron" --reason "older than a year" -s prod')
def retire(
    keep: Annotated[
        int, typer.Option(min=1, max=1_000, help="Releases before the oldest one in use that stay deployable.")
    ] = 5,
    delete: Annotated[bool, typer.Option("--delete", help="Delete what is listed; it is asked about first.")] = False,
    by: Annotated[str, typer.Option(help="With --delete: who decides, a person's name.")] = "",
    reason: Annotated[str, typer.Option(help="With --delete: why, in a sentence.")] = "",
    never_deployed: Annotated[
        list[str] | None, typer.Option(help="A stack that the backend has no state of, because it never had one.")
    ] = None,
    stack: ChangedStack = "",
    yes: Yes = False,
) -> None:
    """List artifacts that no stack pins, runs or would go back to; delete them with somebody's approval."""
    from cli.release import marks, places, retiring, show

    settings = {name: read(name) for name in STACKS}
    announce(named(stack), settings[stack].region, ask=delete and not yes, cluster=False)
    at = places.bucket(settings[stack].project.artifact_bucket, settings[stack].region)
    engines = {name: Engine(name) for name in STACKS}
    told = functools.cache(lambda name: engines[name].outputs())
    marked, untold = marks.marks(told, lambda _: None)
    if untold:
        raise ReleaseError(f"{untold[0]}: what may go can't be told, and nothing is retired")
    outputs = {name: told(name) for name in STACKS}
    under_way = {name: engines[name].under_way() for name, each in outputs.items() if each}
    retiring.refuse_uncertain(outputs, under_way, never_deployed or ())
    found = retiring.present(retiring.candidates(marked, settings, keep), at, places.by_files())
    show.candidates(found)
    if not delete or not found:
        return
    if not (by and reason):
        raise ReleaseError('--delete needs --by "NAME" and --reason "TEXT": they go into stacks/releases/retired.yaml')
    if not yes and typer.prompt(f"Delete {len(found)} artifacts of {at.name}? Type its name") != at.name:
        raise typer.Abort
    retiring.retire(found, at, by, reason)
    typer.echo(f"{len(found)} artifacts are deleted; commit stacks/releases/{retiring.RECORD}")


@app.command(epilog="Example: rollback release key 'Ada Byron' --out ~/.config/release-key.pem")
def key(
    name: Annotated[str, typer.Argument(help="Who will sign with it: a person or a pipeline.")],
    out: Annotated[Path, typer.Option(help="The file for the private key; keep it out of the repository.")],
) -> None:
    """Make a key to sign releases with, and trust it."""
    from cli.release import signing

    made = signing.make_key(name, out)
    typer.echo(f"{out} is the private key of {made.name}: keep it secret. Commit stacks/signers.yaml, which trusts it")


@app.command(epilog="Example: rollback release sign v1.5.0 --key ~/.config/release-key.pem")
def sign(
    version: Release,
    by: Annotated[str | None, typer.Option(help="Whose key it is, where stacks/signers.yaml has several.")] = None,
    private: Annotated[
        str | None, typer.Option("--key", help="The private key's file, or awskms:…, gcpkms:…, azurekms:…, hsm:….")
    ] = None,
) -> None:
    """Sign a published release."""
    from cli.release import signing

    name = signing.sign(version, by, private)
    typer.echo(f"{version} is signed by {name}; commit stacks/releases/{version}.signature.json")
