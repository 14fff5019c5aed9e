"""The rollback plan: what an update takes away from the durable stores and from each system, for a policy to judge.

A policy hears of no delete (pulumi-policy gives it the desired state alone). So the program compares what it declares
with what the last update left in the state, and shows the difference as a component of its own: a mandatory policy
refuses it before anything is deleted, and a reviewer reads it in the preview.

An update that takes nothing away shows the plan of the last one that did, or a second `pulumi up` would show a change.
Such a plan is marked as settled by an option that changes nothing (``SETTLED``): no policy judges it again, so that a
refusal of the past never locks a stack.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from guard import identity
from guard.approvals import BLAST_RADIUS, Action
from guard.declared import Declared, physical_names
from guard.durable import durable
from guard.marks import PLAN, SETTLED, guard_digest
from guard.previous import Previous, above
from guard.store import Store

Judge = Callable[[Store, Action], Mapping[str, Any]]
"""(store as it is now, action) -> ``evidence`` and ``refusal``."""
Approved = Callable[[str, Action], Mapping[str, Any] | None]
"""(store, action) -> the approval that holds now."""


class Plan(pulumi.ComponentResource):
    """What the update removes and replaces, with the evidence for each."""

    def __init__(self, content: Mapping[str, Any], *, settled: bool = False) -> None:
        opts = pulumi.ResourceOptions(ignore_changes=[SETTLED]) if settled else None
        super().__init__(PLAN, "rollback-plan", dict(content), opts)
        # A policy on the stack as a whole sees a component's outputs, one on the component its inputs.
        self.register_outputs(dict(content))


@dataclass(frozen=True)
class Difference:
    """What changes between the last inventory and this program."""

    removed: tuple[Store, ...]
    replaced: tuple[tuple[Store, tuple[str, ...]], ...]
    """Stores as the last update left them, with the inputs that force the replacement."""
    systems: Mapping[str, Mapping[str, int]]
    """System that loses any -> its resources before this update, and how many of them are removed and replaced."""


def compare(before: Previous, declared: Declared) -> Difference:
    """Compare with what the last update left.

    A store has moved, and isn't removed, where the program declares it under another URN: by an alias, or with the same
    type and physical name in the same place. Whether the engine goes along with the latter only the engine knows:
    without an alias it makes the store again and deletes the old one, which protection and hook then refuse. What the
    program only reads now is removed: the engine lets go of a store that it managed. What a component of a package made
    is there for as long as the component is.
    """
    known = {urn: before.located(urn, before.resources.get(urn, {}), declared.providers) for urn in before.stores}
    arrivals = [store for urn, store in declared.stores.items() if urn not in known]
    removed, replaced = [], []
    remote = before.remote | (declared.remote & before.types.keys())
    for urn, store in sorted(known.items()):
        if _is_remote(urn, remote, declared) or is_read(before, declared, store):
            continue
        now = declared.stores.get(urn) or declared.stores.get(declared.former.get(urn, ""))
        if now is None and not any(store.is_same(arrival) for arrival in arrivals):
            removed.append(store)
        elif now is not None and (changed := _changed(store, now) or _became(store, now)):
            replaced.append((store, changed))
    return Difference(tuple(removed), tuple(replaced), _figures(before, declared, replaced))


def is_read(before: Previous, declared: Declared, store: Store) -> bool:
    """Whether the state has something that the program reads, and no update came to its end to note that.

    A first deployment that fails or is killed leaves in its state what it read, like what it made: the engine tells a
    program nothing of the difference. Who reads the very thing under its own URN takes nothing away.
    """
    outputs = before.resources.get(store.urn, {})
    return not before.noted and declared.read.get(store.urn) in {store.name, str(outputs.get("id"))}


def _is_remote(urn: str, remote: Collection[str], declared: Declared) -> bool:
    """Whether something of the state is a component itself, or what components of a package made that are all there
    still: they declare it in a process of their own, so that nobody here can tell whether they do."""
    makers = above(urn, remote)
    return urn in declared.components or (bool(makers) and all(declared.is_declared(each) for each in makers))


def content(stack: str, difference: Difference, declared: Declared, judge: Judge, approved: Approved) -> dict[str, Any]:
    """The plan's inputs: known values only, since no policy can judge one that is unknown in a preview."""
    return {
        "stack": stack,
        "guard": guard_digest(),
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


def nothing_goes(plan: Mapping[str, Any]) -> bool:
    """Whether a plan takes nothing away."""
    return not any(plan.get(part) for part in ("removals", "replacements", "systems", "losses"))


def _entry(store: Store, action: Action, judge: Judge) -> dict[str, Any]:
    return {**described_store(store), **judge(store, action)}


def described_store(store: Store) -> dict[str, Any]:
    """A store as the plan names it."""
    return {
        "urn": store.urn,
        "type": store.type,
        "kind": holds.kind.value if (holds := durable(store.type)) else "unknown",
        "name": store.name,
        "system": store.system,
    }


def _changed(old: Store, new: Store) -> tuple[str, ...]:
    """The inputs of the identity, and of the place, that differ, where both are known."""
    found = identity.changed(old.identity, new.identity, new.unset)
    return tuple(sorted(found | set(old.location.differences(new.location))))


def _became(old: Store, new: Store) -> tuple[str, ...]:
    """The type, where an alias makes one kind of store of another. Types of one kind may be the same (BucketV2)."""
    kinds = [durable(old.type), durable(new.type)]
    return () if len({holds.kind if holds else None for holds in kinds}) == 1 else ("type",)


def _figures(before: Previous, declared: Declared, replaced: list[tuple[Store, Any]]) -> dict[str, dict[str, int]]:
    figures = {}
    stores = {store.urn for store, _ in replaced}
    for system, known in sorted(before.systems.items()):
        removed = sum(urn not in declared.urns and urn not in declared.former for urn in known)
        renamed = {urn for urn in known if _renamed(before, declared, urn)}
        if removed or renamed | (stores & known):
            own = len(renamed | (stores & known))
            figures[system] = {"before": len(known), "removed": removed, "replaced": own}
    return figures


def _renamed(before: Previous, declared: Declared, urn: str) -> bool:
    """Whether a resource of any type gets another physical name, so that the provider replaces it."""
    now = declared.names.get(urn) or declared.names.get(declared.former.get(urn, ""))
    if not now:
        return False
    old = physical_names(before.resources.get(urn, {}))
    return any(old[path] != now[path] for path in now.keys() & old.keys())
