"""`rollback guard import`: a store that left the state is taken back into it, as the ledger knows it.

The state then has the very resource that it had: its URN, its place below its component, its provider. What its
properties are, a refresh reads. Nothing in the account changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cli import killed_updates as interrupted
from cli.engine import Engine, EngineError, Left
from cli.updates import pins
from cli.watched import watched
from core import aws as clients
from core.model import ConfigurationError, one_of, unknown
from core.state import resources_of
from core.urn import name_of, types_of
from guard.command import auditing
from guard.findings import Finding
from guard.inventory import Guarded, digest, durable
from guard.ledger import Chain
from guard.losses import is_remade
from guard.sightings import Sighting
from stacks.settings import StackSettings


def take_back(settings: StackSettings, engine: Engine, word: str, command: str) -> tuple[Guarded, list[Finding]]:
    """Take the store that a word means back into the state; the store, and what else the audit finds.

    Raises ``ConfigurationError`` where the ledger knows no such store, where the state has it, where the account
    doesn't or has another one under its name, and where its component or its provider isn't in the state; what the
    engine and the ledger raise. Whatever is refused leaves the state as it was.
    """
    target = watched(settings)
    with pins.held(settings.stack, command):
        engine.state()  # a stack that was never made isn't made by this
        engine.prepare(settings.region)
        left, chain = engine.left(), auditing.ledger(target).read()
        found = auditing.findings(target, left, chain.last, auditing.surroundings(target, left, chain))
        store, first = _known(chain, left.state, word, settings.stack)
        _refuse_another(settings, left.state, store, first)
        resource = _resource(store, left.state)
        after = _written(engine, left, store, resource)
        # Where the state is again what the last entry saw, nothing else was edited.
        as_before = chain.last is not None and digest(after.state) == chain.last.digest
        told = {"state-edited"} if as_before else set()
        others = [each for each in found if each.subject != store.urn and each.kind not in told]
        around = auditing.surroundings(target, after, chain, own=1)
        auditing.note(target, after, chain.last, auditing.Noted(command, "imported", others, around))
        return store, others


def _written(engine: Engine, left: Left, store: Guarded, resource: Mapping[str, Any]) -> Left:
    """Write the state with the store, and have it read; what is left then.

    Raises ``EngineError`` where somebody changed the state meanwhile, and where what was read isn't the store: the
    state is put back then.
    """
    state = engine.state()
    if digest(state) != digest(left.state):
        raise EngineError("another command changed the state meanwhile: nothing was changed; run this again")
    deployment = dict(state["deployment"])
    every = list(deployment.get("resources") or [])
    interrupted.place(every, dict(resource))
    engine.write({**state, "deployment": {**deployment, "resources": every}})
    try:
        engine.refresh([store.urn])
        after = engine.left()
    except EngineError:
        engine.write(state)
        raise
    now = durable(after.state).get(store.urn)
    if now is None or now.is_another(store) or (now.place, now.id) != (store.place, store.id):
        engine.write(state)
        led = f"leads to {now.place or 'another place'}" if now else "finds nothing"
        raise EngineError(
            f"the provider of what lies beside {store.name} {led}, and {store.name} is in "
            f"{store.place or 'another place'}: the state is as it was; {_by_hand(store)}"
        )
    return after


def _known(chain: Chain, state: Mapping[str, Any], word: str, stack: str) -> tuple[Guarded, Sighting | None]:
    """The store as the newest entry that has it tells of it, and what the account said of it then."""
    present = durable(state)
    gone: dict[str, tuple[Guarded, Sighting | None]] = {}
    for entry in reversed(chain.entries):
        for urn, store in entry.durable.items():
            if urn not in present and not any(store.is_same(each) for each in present.values()):
                gone.setdefault(urn, (store, entry.sightings.get(urn)))
    found = [each for each in gone.values() if _is_called(each[0], word)]
    if len(found) == 1:
        return found[0]
    if found:
        urns = one_of([each.urn for each, _ in found])
        raise ConfigurationError(f"{word!r} names {len(found)} stores that left the state, give a URN: {urns}")
    if held := next((each for each in present.values() if _is_called(each, word)), None):
        raise ConfigurationError(f"{word} is in the state of {stack} ({held.urn}): nothing has to be taken back")
    if not gone:
        raise ConfigurationError(
            f"the ledger of {stack} knows no store that left the state: see `rollback audit -s {stack}`"
        )
    raise unknown("store that left the state", word, sorted(each[0].name for each in gone.values()))


def _is_called(store: Guarded, word: str) -> bool:
    return word in (store.urn, store.name, name_of(store.urn))


def _refuse_another(settings: StackSettings, state: Mapping[str, Any], store: Guarded, first: Sighting | None) -> None:
    """Raise ``ConfigurationError`` unless the account has the store, and as far as it tells, the very one."""
    seen, unasked = auditing.seen([store], state, clients.account(settings.region), settings.region)
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
    if first is not None and is_remade(store, first, now):
        raise ConfigurationError(
            f"the {store.name} that is in the account was made since, and isn't the one that left the state: "
            f"`rollback recovery list --store {store.name} -s {settings.stack}` shows the recovery points of that one"
        )


def _resource(store: Guarded, state: Mapping[str, Any]) -> dict[str, Any]:
    """The store as a resource of the state that wasn't read yet (``cli.killed_updates.unread``), locked."""
    every = resources_of(state)
    if any(each["urn"] == store.urn or (each["type"], each.get("id")) == (store.type, store.id) for each in every):
        raise ConfigurationError(
            f"the state has {store.name} already, as one that an update is going to delete: run "
            f"`rollback up -s {store.stack}` first"
        )
    if store.parent and store.parent not in {str(each["urn"]) for each in every}:
        raise ConfigurationError(
            f"{store.name} lies in {store.parent}, which isn't in the state either: {_by_hand(store)}"
        )
    return {
        "urn": store.urn,
        "custom": True,
        "type": store.type,
        "id": store.id,
        **({"parent": store.parent} if store.parent else {}),
        "provider": _provider(store, list(resources_of(state))),
        "protect": True,
        "retainOnDelete": True,
    }


def _provider(store: Guarded, every: Sequence[Mapping[str, Any]]) -> str:
    """The provider of what lies nearest: beside it, in its system, in the stack; all of those have to agree."""
    package, types = store.type.partition(":")[0], types_of(store.urn).split("$")[:-1]
    found: set[str] = set()
    for depth in range(len(types), -1, -1):
        above = "".join(f"{each}$" for each in types[:depth])
        found = {
            str(each["provider"])
            for each in every
            if each.get("provider")
            and str(each["type"]).startswith(f"{package}:")
            and types_of(str(each["urn"])).startswith(above)
        }
        if found:
            break
    if len(found) == 1:
        return found.pop()
    raise ConfigurationError(
        f"which of the {len(found)} providers for {package} {store.name} has isn't known: {_by_hand(store)}"
    )


def _by_hand(store: Guarded) -> str:
    return (
        f"put `import_={store.id!r}` into its options in the program, run `rollback up -s {store.stack}`, and take it "
        "out again"
    )
