"""`rollback guard import`: a store that left the state is taken back into it, as the ledger knows it.

The state then has the very resource that it had: its URN, its place below its component, its provider. What its
properties are, a refresh reads. Nothing in the account changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guard.inventory import Guarded, durable
from guard.ledger import Chain
from guard.sightings import Sighting
from scripts import auditing, interrupted, stores
from scripts.engine import Engine
from stacks.model import ConfigurationError, one_of, unknown
from stacks.settings import StackSettings


def take_back(settings: StackSettings, engine: Engine, word: str) -> Guarded:
    """Take the store that a word means back into the state; the store.

    Raises ``ConfigurationError`` where the ledger knows no such store, where the state has it, where the account
    doesn't or has another one under its name, and where its component or its provider isn't in the state. Raises what
    the engine and the ledger raise.
    """
    state = engine.state()
    store, first = _known(auditing.ledger(settings).read(), durable(state), word, settings.stack)
    _refuse_another(settings, state, store, first)
    resource = _resource(store, state)
    deployment = dict(state["deployment"])
    resources = list(deployment.get("resources") or [])
    interrupted.place(resources, resource)
    engine.write({**state, "deployment": {**deployment, "resources": resources}})
    engine.refresh([store.urn])
    return store


def _known(chain: Chain, present: Mapping[str, Guarded], word: str, stack: str) -> tuple[Guarded, Sighting | None]:
    """The store as the newest entry that has it tells of it, and what the account said of it then."""
    gone: dict[str, tuple[Guarded, Sighting | None]] = {}
    for entry in reversed(chain.entries):
        for urn, store in entry.durable.items():
            if urn not in present:
                gone.setdefault(urn, (store, entry.sightings.get(urn)))
    found = [each for each in gone.values() if word in (each[0].urn, each[0].name, each[0].urn.rpartition("::")[2])]
    if len(found) == 1:
        return found[0]
    if found:
        urns = one_of([each.urn for each, _ in found])
        raise ConfigurationError(f"{word!r} names {len(found)} stores that left the state, give a URN: {urns}")
    if any(word in (store.urn, store.name, urn.rpartition("::")[2]) for urn, store in present.items()):
        raise ConfigurationError(f"{word} is in the state of {stack}: nothing has to be taken back")
    if not gone:
        raise ConfigurationError(
            f"the ledger of {stack} knows no store that left the state: see `rollback audit -s {stack}`"
        )
    raise unknown("store that left the state", word, sorted(each[0].name for each in gone.values()))


def _refuse_another(settings: StackSettings, state: Mapping[str, Any], store: Guarded, first: Sighting | None) -> None:
    """Raise ``ConfigurationError`` unless the account has the store, and as far as it tells, the very one."""
    seen, unasked = stores.seen([store], state, stores.caller(settings.region), settings.region)
    now = seen.get(store.urn)
    if now is None:
        why = unasked.get(store.urn, f"no look at a {store.type} is built in")
        raise ConfigurationError(
            f"whether {store.name} is still there isn't known ({why}): where it is, {_by_hand(store)}"
        )
    if not now.there:
        raise ConfigurationError(
            f"{store.name} isn't in the account any more: `rollback recovery list --store {store.name} "
            f"-s {settings.stack}` shows its recovery points"
        )
    if first is not None and now.is_later(first):
        raise ConfigurationError(
            f"the {store.name} that is in the account was made since, and isn't the one that left the state: "
            f"`rollback recovery list --store {store.name} -s {settings.stack}` shows the recovery points of that one"
        )


def _resource(store: Guarded, state: Mapping[str, Any]) -> dict[str, Any]:
    """The store as a resource of the state that wasn't read yet (``scripts.interrupted.unread``)."""
    resources = (state.get("deployment") or {}).get("resources") or []
    urns = {str(each["urn"]) for each in resources}
    if store.parent and store.parent not in urns:
        raise ConfigurationError(
            f"{store.name} lies in {store.parent}, which isn't in the state either: {_by_hand(store)}"
        )
    return {
        "urn": store.urn,
        "custom": True,
        "type": store.type,
        "id": store.id,
        **({"parent": store.parent} if store.parent else {}),
        "provider": _provider(store, resources),
        "protect": store.protected,
        "retainOnDelete": store.retained,
    }


def _provider(store: Guarded, resources: list[Mapping[str, Any]]) -> str:
    """The provider of what lies nearest: beside it, in its system, in the stack; all of those have to agree."""
    package, types = store.type.partition(":")[0], store.urn.split("::")[2].split("$")[:-1]
    every: set[str] = set()
    for depth in range(len(types), -1, -1):
        above = "".join(f"{each}$" for each in types[:depth])
        every = {
            str(each["provider"])
            for each in resources
            if each.get("provider")
            and str(each["type"]).startswith(f"{package}:")
            and str(each["urn"]).split("::")[2].startswith(above)
        }
        if every:
            break
    if len(every) == 1:
        return every.pop()
    raise ConfigurationError(
        f"which of the {len(every)} providers for {package} {store.name} has isn't known: {_by_hand(store)}"
    )


def _by_hand(store: Guarded) -> str:
    return (
        f"put `import_={store.id!r}` into its options in the program, run `rollback up -s {store.stack}`, and take it "
        "out again"
    )
