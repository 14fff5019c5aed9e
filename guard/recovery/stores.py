"""The durable stores in a stack's state (``pulumi stack export``), by the names that services know them by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from guard.durable import Kind, durable, is_durable, look_up
from guard.recovery.errors import RecoveryError
from guard.recovery.points import Store


def stores(state: Mapping[str, Any], region: str) -> list[Store]:
    """Every durable store of a state, sorted by name and kind; what the program only reads isn't one of them.

    Raises ``RecoveryError`` for one without a name.
    """
    resources = (state.get("deployment") or {}).get("resources") or []
    found = {
        store(each, region)
        for each in resources
        if is_durable(each["type"]) and each.get("custom") and not each.get("external")
    }
    return sorted(found, key=lambda each: (each.name, each.kind, each.urn))


def store(resource: Mapping[str, Any], region: str) -> Store:
    """The store that a resource of a durable type is. The state holds a name in inputs, or in outputs where made up."""
    holds = durable(resource["type"])
    assert holds is not None, resource["type"]
    for values in (resource.get("inputs"), resource.get("outputs")):
        name = look_up(values, holds.name)
        if isinstance(name, str) and name:
            return Store(
                urn=resource["urn"], type=resource["type"], kind=holds.kind, name=name, region=_region(values, region)
            )
    if resource.get("id"):  # volumes and machines may go without a Name tag
        return Store(urn=resource["urn"], type=resource["type"], kind=holds.kind, name=resource["id"], region=region)
    raise RecoveryError(f"the state names no {holds.name} for {resource['urn']}")


def choose(known: Sequence[Store], word: str) -> Store:
    """The store with this physical name or URN; of several with one name, the one that holds data of its own.

    Raises ``RecoveryError`` with the nearest names, or where only a URN can tell which store is meant.
    """
    found = [each for each in known if word in (each.name, each.urn)]
    if len(found) > 1:
        found = [each for each in found if each.kind is not Kind.BELT]
    if len(found) == 1:
        return found[0]
    if found:
        urns = ", ".join(f"{each.kind} {each.urn}" for each in found)
        raise RecoveryError(f"{word!r} is the name of {len(found)} stores, give a URN: {urns}")
    names = sorted({each.name for each in known if each.kind is not Kind.BELT})
    near = get_close_matches(word, names, n=3, cutoff=0.3)
    if not names:
        raise RecoveryError(f"no store {word!r}: the stack has no durable stores yet")
    raise RecoveryError(f"no store {word!r}; nearest: {', '.join(near or names[:3])} (of {len(names)})")


def _region(values: Any, region: str) -> str:
    own = values.get("region")
    return own if isinstance(own, str) and own else region
