"""What left the state beside durable stores, and still stands: taken back, so that the next update doesn't meet it.

`pulumi state delete URN --target-dependents` takes everything with it that depends on a store. What of it the program
wants, a preview tells: it would create it. What the stack had, the ledger tells, with the id of each. What is both and
still stands in the account or the cluster is found as after an update that was killed (``cli.killed_updates``), and
comes back into the state. What has an id of another than the one that the stack had is another's and stays out.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from cli import killed_updates as interrupted
from cli.engine import ROOT, Engine
from cli.killed_updates.search import Inventory
from cli.killed_updates.state import live
from cli.pulumi_command import EngineError
from cli.review import preview
from cli.review.errors import ReviewError
from cli.review.workspace import settings_at
from core.state import resources_of
from guard.durable import is_durable
from guard.inventory import digest
from guard.ledger import Chain
from policies.checkov.values import MASKED, SIGNATURE, UNKNOWN_MARKERS
from stacks.settings import StackSettings

ROUNDS = 4
"""Previews at the most: what lies in a thing that has no name of its own is found once that thing is known."""
PROVIDERS = "pulumi:providers:"
KEPT = (
    "urn",
    "custom",
    "type",
    "inputs",
    "parent",
    "protect",
    "provider",
    "dependencies",
    "propertyDependencies",
    "retainOnDelete",
    "resourceHooks",
    "customTimeouts",
    "deletedWith",
    "additionalSecretOutputs",
)
"""What a preview tells of a resource that a state keeps as well (pulumi 3.250.0, sdk/go/common/apitype/core.go)."""
_UNTOLD = re.compile("|".join(map(re.escape, (*UNKNOWN_MARKERS, SIGNATURE, MASKED))))
"""In an input that a preview doesn't tell: not known yet, a secret, a file."""

Resource = Mapping[str, Any]


@dataclass(frozen=True)
class Departed:
    """What became of that which had left."""

    taken: tuple[str, ...] = ()
    """URNs that are in the state again."""
    rewritten: tuple[str, ...] = ()
    """URNs that the next update writes once more, which changes nothing where they still stand."""
    remade: tuple[str, ...] = ()
    """URNs that weren't found, or not as the stack had them: the next update makes them."""
    refreshes: int = 0
    """How many updates of its own the engine's history has now."""


def had(chain: Chain) -> dict[str, str]:
    """What the stack ever had beside stores, by URN: the id as the newest entry that has it tells."""
    known: dict[str, str] = {}
    for entry in reversed(chain.entries):
        known = {**entry.others, **known}
    return known


def take(settings: StackSettings, engine: Engine, chain: Chain) -> Departed:
    """Take back whatever left and still stands; no store, which a person names (``cli.guard.imports``).

    Raises ``EngineError`` where the program can't be previewed, where somebody changed the state meanwhile, and where
    the engine can't read what was found; what was taken back before that stays. Raises what boto3 and the Kubernetes
    client raise for anything but an absence.
    """
    known, inventory = had(chain), Inventory(settings.region)
    taken: list[str] = []
    tried: set[str] = set()
    refreshes = 0
    wanted: list[Resource] = []
    for _ in range(ROUNDS):
        state = engine.state()
        if not known.keys() - _urns(state):
            return Departed(tuple(taken), refreshes=refreshes)
        wanted = wanted_of(_steps(settings), state, known)
        found = standing([each for each in wanted if each["urn"] not in tried], state, known, inventory)
        if not found:
            break
        tried |= {str(each["urn"]) for each in found}
        refreshes += _write(engine, state, found)
        present = _urns(engine.state())
        taken += [str(each["urn"]) for each in found if each["urn"] in present]
        if not any(_unfound(wanted, found)):
            break
    open_ = [each for each in wanted if each["urn"] not in taken]
    again = tuple(str(each["urn"]) for each in open_ if each["type"] in interrupted.IDEMPOTENT_CREATES)
    anew = tuple(str(each["urn"]) for each in open_ if each["urn"] not in again)
    return Departed(tuple(taken), again, anew, refreshes)


def wanted_of(steps: Sequence[Mapping[str, Any]], state: Mapping[str, Any], known: Mapping[str, str]) -> list[Resource]:
    """What a preview would create though the stack had it once, in the order of the program; no stores."""
    present = _urns(state)
    made = (step["newState"] for step in steps if step.get("op") == "create" and step.get("newState"))
    return [
        each
        for each in made
        if each["urn"] in known and each["urn"] not in present and not (each.get("custom") and is_durable(each["type"]))
    ]


def standing(
    wanted: Sequence[Resource], state: Mapping[str, Any], known: Mapping[str, str], inventory: Inventory
) -> list[dict[str, Any]]:
    """Those that still stand, as a state has what it hasn't read yet; components too.

    What lies in something that isn't there, or is a provider's that isn't, has no place in a state yet.
    """
    urns, there = _urns(state), live(state)
    given: dict[str, set[str]] = defaultdict(set)
    found: list[dict[str, Any]] = []
    for each in wanted:
        if not _has_a_place(each, urns):
            continue
        if not each.get("custom"):
            found.append(_unread(each, urns))
        elif (identifier := inventory.made(each, there, given[each["type"]])) is not None and _is_the_stacks(
            each, identifier, known[each["urn"]]
        ):
            given[each["type"]].add(identifier)
            found.append({**_unread(each, urns), "id": identifier})
        else:
            continue
        urns.add(str(each["urn"]))
    return found


def _steps(settings: StackSettings) -> Sequence[Mapping[str, Any]]:
    """What an update would do, as far as a preview comes: a policy may stop it, and what it came to is true."""
    looking = f"{settings.stack}: looking for what left beside stores"
    with tempfile.TemporaryDirectory(prefix="departed-") as scratch, Console(stderr=True).status(looking):
        try:
            copy = settings_at(ROOT / "stacks" / f"Pulumi.{settings.stack}.yaml", None, Path(scratch))
            return preview.run(ROOT, settings.stack, copy).steps
        except ReviewError as error:
            raise EngineError(f"what else has left the state can't be told: {error}") from None


def _write(engine: Engine, state: Mapping[str, Any], found: Sequence[dict[str, Any]]) -> int:
    """Write the state with what was found, and have it read; how many updates that were."""
    now = engine.state()
    if digest(now) != digest(state):
        raise EngineError("another command changed the state meanwhile: run this again")
    deployment = dict(now["deployment"])
    every = list(deployment.get("resources") or [])
    for each in found:
        interrupted.place(every, each)
    engine.write({**now, "deployment": {**deployment, "resources": every}})
    custom = [str(each["urn"]) for each in found if each.get("custom")]
    if not custom:
        return 0
    try:
        engine.refresh(custom)
    except EngineError:
        engine.write(now)
        raise
    return 1


def _has_a_place(each: Resource, urns: set[str]) -> bool:
    provider = str(each.get("provider") or "")
    if UNKNOWN_MARKERS[2] in provider or each["type"].startswith(PROVIDERS):
        return False
    return all(urn in urns for urn in (each.get("parent"), provider.rpartition("::")[0]) if urn)


def _is_the_stacks(each: Resource, identifier: str, before: str) -> bool:
    """Whether what was found is what the stack had: by its name, and where names repeat by its id."""
    if each["type"] not in interrupted.NON_UNIQUE:
        return True
    return before in (identifier, identifier.rpartition("/")[2])


def _unread(each: Resource, urns: set[str]) -> dict[str, Any]:
    """As a state has what wasn't read yet, with the inputs that are known, and tied to what there is."""
    kept = {name: each[name] for name in KEPT if name in each}
    needed = (
        {"dependencies": [urn for urn in each.get("dependencies") or () if urn in urns]}
        if each.get("dependencies")
        else {}
    )
    ties = {
        name: [urn for urn in of or () if urn in urns] for name, of in (each.get("propertyDependencies") or {}).items()
    }
    inputs = {
        name: value for name, value in (each.get("inputs") or {}).items() if not _UNTOLD.search(json.dumps(value))
    }
    return {**kept, "inputs": inputs, **needed, **({"propertyDependencies": ties} if ties else {})}


def _unfound(wanted: Sequence[Resource], found: Sequence[Resource]) -> Iterator[Resource]:
    """What another round may find."""
    taken = {each["urn"] for each in found}
    again = interrupted.IDEMPOTENT_CREATES
    return (each for each in wanted if each["urn"] not in taken and each["type"] not in again)


def _urns(state: Mapping[str, Any]) -> set[str]:
    return {str(each["urn"]) for each in resources_of(state)}
