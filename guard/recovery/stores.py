"""The durable stores in a stack's state (``pulumi stack export``), by the names that services know them by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from core.errors import ServiceError
from core.state import resources_of
from core.urn import provider_urn
from guard.durable import Kind, durable, is_durable, look_up
from guard.location import PROVIDER, Provider, declared_provider, is_kubernetes, observed
from guard.recovery.points import LocatedStore


def stores(state: Mapping[str, Any], region: str, account: str | None = None) -> list[LocatedStore]:
    """Every durable store of a state, sorted by name and kind; what the program only reads isn't one of them.

    ``region`` and ``account``: of what the state doesn't tell another one of. Raises ``ServiceError`` for a store
    without a name.
    """
    resources = resources_of(state)
    providers = {each["urn"]: each.get("inputs") or {} for each in resources if each["type"].startswith(PROVIDER)}
    found = {
        store(each, region, account, providers.get(provider_urn(each.get("provider"))))
        for each in resources
        if is_durable(each["type"]) and each.get("custom") and not each.get("external")
    }
    return sorted(found, key=lambda each: (each.name, each.kind, each.region, each.urn))


def store(
    resource: Mapping[str, Any], region: str, account: str | None = None, provider: Mapping[str, Any] | None = None
) -> LocatedStore:
    """The store that a resource of a durable type is, and where it lies.

    The state holds a name in inputs, or in outputs where made up. ``provider``: the inputs of the resource's provider.
    """
    holds = durable(resource["type"])
    assert holds is not None, resource["type"]
    named = (look_up(resource.get(values), holds.name) for values in ("inputs", "outputs"))
    name = next((each for each in named if isinstance(each, str) and each), None) or resource.get("id")
    if not name:  # volumes and machines may go without a Name tag, but then they have an id
        raise ServiceError(f"the state names no {holds.name} for {resource['urn']}")
    token, outputs = resource["type"], resource.get("outputs") or {}
    if is_kubernetes(token):
        chosen = declared_provider(str(resource.get("provider")), f"{PROVIDER}kubernetes", provider or {})
        place = observed(token, outputs or resource.get("inputs") or {}, chosen)
        where = {
            "region": region,
            "context": place.cluster.context if place.cluster else None,
            "kubeconfig": place.cluster.kubeconfig if place.cluster else None,
            "namespace": place.namespace,
            "uid": place.uid,
        }
    else:
        own = (provider or {}).get("region")
        place = observed(token, {**(resource.get("inputs") or {}), **outputs}, Provider(region=own))
        where = {"region": place.region or region, "account": place.account or account}
    return LocatedStore(urn=resource["urn"], type=token, kind=holds.kind, name=name, **where)


def choose(known: Sequence[LocatedStore], word: str, region: str | None = None) -> LocatedStore:
    """The store with this physical name or URN; of several with one name, the one that holds data of its own.

    ``region``: where the store lies, if several regions have one of this name. Raises ``ServiceError`` with the
    nearest names, or where only a region or a URN can tell which store is meant.
    """
    found = [each for each in known if word in (each.name, each.urn) and region in (None, each.region)]
    if len(found) > 1:
        found = [each for each in found if each.kind is not Kind.BELT]
    if len(found) == 1:
        return found[0]
    if found:
        urns = ", ".join(f"{each.kind} {each.urn} ({each.place})" for each in found)
        raise ServiceError(f"{word!r} is the name of {len(found)} stores, give --region or a URN: {urns}")
    names = sorted({each.name for each in known if each.kind is not Kind.BELT})
    near = get_close_matches(word, names, n=3, cutoff=0.3)
    if not names:
        raise ServiceError(f"no store {word!r}: the stack has no durable stores yet")
    raise ServiceError(f"no store {word!r}; nearest: {', '.join(near or names[:3])} (of {len(names)})")
