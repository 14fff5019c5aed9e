"""The rollback plan: what an update takes away from the durable stores and from each system, for a policy to judge.

A policy hears of no delete (pulumi-policy gives it the desired state alone). So the program compares what it declares
with what the last update left in the state, and shows the difference as a component of its own: a mandatory policy
refuses it before anything is deleted, and a reviewer reads it in the preview.

An update that takes nothing away shows the plan of the last one that did, or a second `pulumi up` would show a change.
What was approved then stays approved in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from guard.approvals import BLAST_RADIUS, Action
from guard.declared import Declared
from guard.durable import durable
from guard.previous import PLAN, Previous
from guard.store import Store

Judge = Callable[[str, str, str, Action], Mapping[str, Any]]
"""(URN, type, physical name, action) -> ``evidence`` and ``refusal``."""
Approved = Callable[[str, Action], Mapping[str, Any] | None]
"""(store, action) -> the approval that holds now."""


class Plan(pulumi.ComponentResource):
    """What the update removes and replaces, with the evidence for each."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        super().__init__(PLAN, "rollback-plan", dict(content), None)
        # A policy on the stack as a whole sees a component's outputs, one on the component its inputs.
        self.register_outputs(dict(content))


@dataclass(frozen=True)
class Difference:
    """What changes between the last inventory and this program."""

    removed: tuple[Store, ...]
    replaced: tuple[tuple[Store, tuple[str, ...]], ...]
    """With the inputs that force the replacement."""
    systems: Mapping[str, Mapping[str, int]]
    """System that loses any -> its resources before this update, and how many of them are removed and replaced."""


def compare(before: Previous, declared: Declared) -> Difference:
    """Compare with what the last update left.

    A store that appears under another URN with the same type and physical name has moved and isn't removed. Whether an
    alias goes with it only the engine knows: without one it makes the store again and deletes the old one, which
    protection and hook then refuse.
    """
    known = {urn: store for urn, store in before.stores.items() if urn not in declared.read}
    physical = {(store.type, store.name) for store in declared.stores.values()}
    removed = tuple(
        store
        for urn, store in sorted(known.items())
        if urn not in declared.stores and (store.type, store.name) not in physical
    )
    both = ((store, declared.stores[urn]) for urn, store in sorted(known.items()) if urn in declared.stores)
    replaced = tuple((new, changed) for old, new in both if (changed := _changed(old, new)))
    return Difference(removed, replaced, _figures(before, declared, replaced))


def content(stack: str, difference: Difference, declared: Declared, judge: Judge, approved: Approved) -> dict[str, Any]:
    """The plan's inputs: known values only, since no policy can judge one that is unknown in a preview."""
    return {
        "stack": stack,
        "removals": [_entry(store, Action.DELETE, judge) for store in difference.removed],
        "replacements": [
            {**_entry(store, Action.REPLACE, judge), "changed": list(changed)} for store, changed in difference.replaced
        ],
        "systems": {
            name: {**figures, "approval": approved(f"{BLAST_RADIUS}{name}", Action.BLAST_RADIUS)}
            for name, figures in difference.systems.items()
        },
        "durable": len(declared.stores),
    }


def _entry(store: Store, action: Action, judge: Judge) -> dict[str, Any]:
    return {
        "urn": store.urn,
        "type": store.type,
        "kind": holds.kind.value if (holds := durable(store.type)) else "unknown",
        "name": store.name,
        "system": store.system,
        **judge(store.urn, store.type, store.name, action),
    }


def _changed(old: Store, new: Store) -> tuple[str, ...]:
    """The inputs of the identity that differ, where both are known."""
    both = old.identity.keys() & new.identity.keys()
    return tuple(sorted(path for path in both if old.identity[path] != new.identity[path]))


def _figures(before: Previous, declared: Declared, replaced: tuple[Any, ...]) -> dict[str, dict[str, int]]:
    figures = {}
    for system, known in sorted(before.systems.items()):
        removed, own = len(known - declared.urns), sum(1 for store, _ in replaced if store.system == system)
        if removed or own:
            figures[system] = {"before": len(known), "removed": removed, "replaced": own}
    return figures
