"""``rollback release retire``: artifacts that no stack runs or would go back to, deleted when somebody says so.

A release that is retired stays published and locked; it can't be deployed until its artifacts are back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from pydantic import AwareDatetime, ValidationError

from apps import registry
from cli.release.errors import ReleaseError
from cli.release.marks import Marks
from cli.release.places import Bucket, Standing, standings, tag
from core.files import replace_text
from core.identifiers import order
from core.model import Model, explain
from core.strict_yaml import read_yaml
from guard.approvals import Person, Reason
from stacks.artifact_objects import artifact_objects
from stacks.artifacts import Pinned
from stacks.pinned import every_pinned
from stacks.releases import RELEASES
from stacks.selection import select
from stacks.settings import StackSettings

RECORD = "retired.yaml"
KEPT = 5
"""Releases before the oldest one in use that stay deployable."""


class Retirement(Model):
    """What somebody let go."""

    by: Person
    reason: Reason
    given: AwareDatetime
    places: tuple[str, ...]


@dataclass(frozen=True)
class Candidate:
    """An artifact that nobody needs."""

    item: Pinned
    releases: tuple[str, ...]
    """The releases that pin it."""


def kept(marks: Sequence[Marks], number: int = KEPT) -> set[str]:
    """The releases whose artifacts stay: those in use, all newer than the oldest of them, and ``number`` before it.

    Raises ``ReleaseError`` where no release is in use: then nobody knows what may go.
    """
    every = sorted((each.version for each in marks), key=order)
    used = [each.version for each in marks if each.is_used]
    if not used:
        raise ReleaseError("no stack pins or runs a release here: what may go can't be told, and nothing is retired")
    first = every.index(min(used, key=order))
    return set(every[max(0, first - number) :])


def refuse_uncertain(
    outputs: Mapping[str, Mapping[str, Any]],
    under_way: Mapping[str, str | None],
    never_deployed: Iterable[str],
    folder: Path = RELEASES,
) -> None:
    """Raise ``ReleaseError`` where what the stacks run isn't certain, so that nothing in use is deleted.

    outputs: of each stack's last update; empty where the backend has no state of it, as a wrong backend hasn't.
    under_way: the update that each stack has now, in words. never_deployed: stacks of which a person says so.
    """
    named = set(never_deployed)
    empty = [stack for stack, each in outputs.items() if not each.get("systems") and stack not in named]
    if empty:
        options = " ".join(f"--never-deployed {stack}" for stack in empty)
        raise ReleaseError(
            f"the backend has no state of {', '.join(empty)}: see that PULUMI_BACKEND_URL is the stacks' own; where "
            f"they were never deployed, say so: `rollback release retire {options} -s STACK`"
        )
    if running := [f"{stack} has {what}" for stack, what in under_way.items() if what]:
        raise ReleaseError(f"{running[0]}: wait until it has ended; nothing is retired")
    every = every_pinned(folder)
    for stack, each in outputs.items():
        runs = {str(system.get("release")) for system in (each.get("systems") or {}).values()}
        if unknown := sorted(runs - every.keys()):
            raise ReleaseError(
                f"{stack} runs {', '.join(unknown)}, which this checkout doesn't have or can't read: what it needs "
                "can't be told; check out a commit that has it"
            )


def candidates(
    marks: Sequence[Marks], settings: Mapping[str, StackSettings], number: int = KEPT, folder: Path = RELEASES
) -> list[Candidate]:
    """What may go: pinned by releases outside every window alone, and taken by no stack that is made anew.

    A stack has the layers of every release, so that those never go while their releases are published.
    """
    every = every_pinned(folder)
    stays = kept(marks, number)
    needed = {item.place for version in stays for item in every.get(version, ())}
    for each in settings.values():
        needed |= {item.key for item in artifact_objects(each, select(each, folder), folder)}
    found: dict[Pinned, list[str]] = {}
    for version, items in every.items():
        for item in items:
            if item.place not in needed:
                found.setdefault(item, []).append(version)
    return [Candidate(item, tuple(versions)) for item, versions in found.items()]


def present(found: Iterable[Candidate], at: Bucket, alone: frozenset[str]) -> list[Candidate]:
    """Those that are there to be deleted. Raises ``ReleaseError`` where nobody can tell."""
    each = list(found)
    there = standings([candidate.item for candidate in each], at, alone)
    return [candidate for candidate in each if there[candidate.item] in (Standing.THERE, Standing.OTHER)]


def retire(found: Sequence[Candidate], at: Bucket, by: str, reason: str, folder: Path = RELEASES) -> None:
    """Write down who let them go, then delete them; stopped half-way, the same command goes on.

    Raises ``ConfigurationError`` for a name or a reason that says nothing, ``ReleaseError`` where a delete fails.
    """
    places = tuple(candidate.item.place for candidate in found)
    given = datetime.now(UTC).replace(microsecond=0)
    try:
        record = Retirement(by=by, reason=reason, given=given, places=places)
    except ValidationError as error:
        raise explain(error, "retire", Retirement) from None
    _write([*records(folder), record], folder)
    for candidate in found:
        if candidate.item.kind == "images":
            registry.delete(candidate.item.place, tag(candidate.item))
        else:
            at.delete(candidate.item.place)


def records(folder: Path = RELEASES) -> list[Retirement]:
    """What was let go so far, oldest first. Raises ``ConfigurationError`` where the file can't be read."""
    path = folder / RECORD
    try:
        entries = read_yaml(path, f"stacks/releases/{RECORD}", plain=True) or []
        return [Retirement.model_validate(entry) for entry in entries]
    except FileNotFoundError:
        return []
    except ValidationError as error:
        raise explain(error, f"stacks/releases/{RECORD}", Retirement) from None


def retired(folder: Path = RELEASES) -> set[str]:
    """The places of everything that was let go."""
    return {place for record in records(folder) for place in record.places}


def _write(entries: Sequence[Retirement], folder: Path) -> None:
    told = [each.model_dump(mode="json", by_alias=True) for each in entries]
    replace_text(folder / RECORD, yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=1_000))
