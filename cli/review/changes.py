"""What an update would change, system by system."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cli.review.model import Step, SystemChanges
from cli.review.resources import Resources
from core.state import STACK
from core.urn import name_of, type_of
from guard.declared import SHARED
from stacks.systems import SYSTEMS

OPS: Mapping[str, str] = {
    "create": "create",
    "import": "create",
    "update": "update",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "import-replacement": "replace",
    "delete": "delete",
}
"""The engine's operations that change something, by what they come to; a replacement may have up to three steps."""
WORST = ("delete", "replace", "create", "update")
PROPERTIES = 4
"""Properties that are named for one resource."""


def changes(steps: Iterable[Mapping[str, Any]], resources: Resources) -> tuple[SystemChanges, ...]:
    """Every system that changes, in the order of the systems. The stack's outputs and the guard's plan don't count."""
    found: defaultdict[str, list[Step]] = defaultdict(list)
    for step in notable(steps):
        found[resources.system(step.urn)].append(
            step.model_copy(update={"source": resources.sources.get(step.urn)}),
        )
    ordered = [*SYSTEMS, *sorted(found.keys() - {*SYSTEMS, SHARED}), SHARED]
    return tuple(
        SystemChanges(system=system, counts=count(found[system]), steps=tuple(sorted(found[system], key=_rank)))
        for system in ordered
        if system in found
    )


def notable(steps: Iterable[Mapping[str, Any]]) -> Iterator[Step]:
    """The resources that change, each once."""
    seen = set()
    for step in steps:
        urn, op = str(step["urn"]), OPS.get(str(step["op"]))
        if op is None or (urn, op) in seen or type_of(urn) == STACK or type_of(urn).startswith("rollback:guard:"):
            continue
        seen.add((urn, op))
        yield Step(op=op, type=type_of(urn), name=name_of(urn), urn=urn, why=_why(step), source=None)


def count(steps: Iterable[Step]) -> dict[str, int]:
    """How many there are of each operation, the worst first."""
    counted = Counter(step.op for step in steps)
    return {op: counted[op] for op in WORST if counted[op]}


def _why(step: Mapping[str, Any]) -> str:
    """The properties by name: those that force a replacement, else those that differ."""
    detailed = step.get("detailedDiff") or {}
    forcing = [path for path, each in detailed.items() if str(each.get("kind", "")).endswith("-replace")]
    named = step.get("replaceReasons") or forcing or step.get("diffReasons") or list(detailed)
    paths = list(dict.fromkeys(map(str, named)))
    more = f" and {len(paths) - PROPERTIES} more" if len(paths) > PROPERTIES else ""
    return ", ".join(paths[:PROPERTIES]) + more


def _rank(step: Step) -> tuple[int, str, str]:
    return WORST.index(step.op), step.type, step.name
