"""`rollback guard import`: a store that left the state is taken back into it, as the ledger knows it.

The state then has the very resource that it had: its URN, its place below its component, its provider. What its
properties are, a refresh reads. What left beside stores comes back too (``cli.guard.departed``). Nothing in the account
changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cli import killed_updates as interrupted
from cli.engine import Engine, Snapshot
from cli.guard import departed
from cli.guard.departed import Departed
from cli.pulumi_command import EngineError
from cli.updates import pins
from cli.watched import watched
from core import aws as clients
from core.model import ConfigurationError, one_of, unknown
from core.state import resources_of
from core.urn import name_of, types_of
from guard.command import auditing
from guard.findings import AuditFinding
from guard.inventory import Guarded, digest, durable
from guard.ledger import Chain
from guard.losses import is_remade
from guard.sightings import Sighting
from stacks.settings import StackSettings


@dataclass(frozen=True)
class Back:
    """What came back into the state, and what didn't."""

    stores: tuple[Guarded, ...]
    departed: Departed
    """What had left beside stores."""
    refused: tuple[str, ...]
    """Why something couldn't be taken back, a line each."""
    others: tuple[AuditFinding, ...]
    """What else the audit finds."""


def take_back(settings: StackSettings, engine: Engine, word: str | None, command: str) -> Back:
    """Take the store that a word means back into the state, and what left beside stores; no word: every store.

    Raises ``ConfigurationError`` where the ledger knows no such store, where the state has it, where the account
    doesn't or has another one under its name, and where its component or its provider isn't in the state; what the
    engine and the ledger raise. Whatever is refused that way leaves the state as it was. With no word the other stores
    are taken back all the same, and what is refused is told.
    """
    target = watched(settings)
    with pins.held(settings.stack, command):
        engine.state()  # a stack that was never made isn't made by this
        engine.prepare(settings.region)
        snapshot, chain = engine.snapshot(), auditing.ledger(target).read()
        work = Work(settings, engine, chain)
        if word is not None:
            work.one(*_known(chain, snapshot.state, word, settings.stack), snapshot)
        else:
            work.every(snapshot)
        work.rest()
        after = engine.snapshot()
        around = auditing.surroundings(target, after, chain, own=work.refreshes)
        # By the history of before: the refreshes are updates, after which an edit couldn't be told.
        found = auditing.findings(target, replace(after, history=snapshot.history), chain.last, around)
        back = {store.urn for store in work.stores}
        others = tuple(each for each in found if each.subject not in back)
        if work.refreshes:
            auditing.note(target, after, chain.last, auditing.Noted(command, "imported", others, around))
        return Back(tuple(work.stores), work.departed, tuple(work.refused), others)


@dataclass
class Work:
    """Taking back, one thing after the other."""

    settings: StackSettings
    engine: Engine
    chain: Chain
    stores: list[Guarded] = field(default_factory=list)
    departed: Departed = field(default_factory=Departed)
    refused: list[str] = field(default_factory=list)
    refreshes: int = 0

    def one(self, store: Guarded, first: Sighting | None, snapshot: Snapshot) -> None:
        """Take one store back. Raises as ``take_back`` does."""
        _refuse_another(self.settings, snapshot.state, store, first)
        resource = _resource(store, snapshot.state)
        _written(self.engine, snapshot, store, resource)
        self.stores.append(store)
        self.refreshes += 1

    def every(self, snapshot: Snapshot) -> None:
        """Take every store back that left: what others lie in first."""
        gone = _gone(self.chain, snapshot.state)
        if any(store.parent and store.parent not in _urns(snapshot.state) for store, _ in gone.values()):
            self.rest()
        for urn in sorted(gone, key=lambda each: each.count("$")):
            store, first = gone[urn]
            try:
                self.one(store, first, self.engine.snapshot())
            except (ConfigurationError, EngineError) as error:
                self.refused.append(str(error))

    def rest(self) -> None:
        """Take back what left beside stores."""
        try:
            found = departed.take(self.settings, self.engine, self.chain)
        except (EngineError, BotoCoreError, ClientError) as error:
            self.refused.append(f"what left beside stores isn't back yet: {error}; {_again(self.settings.stack)}")
            return
        self.refreshes += found.refreshes
        self.departed = replace(found, taken=(*self.departed.taken, *found.taken))


def _again(stack: str) -> str:
    return f"when that is fixed: `rollback guard import -s {stack}`"


def _written(engine: Engine, snapshot: Snapshot, store: Guarded, resource: Mapping[str, Any]) -> Snapshot:
    """Write the state with the store, and have it read; what is left then.

    Raises ``EngineError`` where somebody changed the state meanwhile, and where what was read isn't the store: the
    state is put back then.
    """
    state = engine.state()
    if digest(state) != digest(snapshot.state):
        raise EngineError("another command changed the state meanwhile: nothing was changed; run this again")
    deployment = dict(state["deployment"])
    every = list(deployment.get("resources") or [])
    interrupted.place(every, dict(resource))
    engine.write({**state, "deployment": {**deployment, "resources": every}})
    try:
        engine.refresh([store.urn])
        after = engine.snapshot()
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
    """The store that a word means, as ``_gone`` tells of it."""
    present, gone = durable(state), _gone(chain, state)
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


def _gone(chain: Chain, state: Mapping[str, Any]) -> dict[str, tuple[Guarded, Sighting | None]]:
    """Stores that left: as the newest entry that has each tells of it, and what the account said of it then."""
    present = durable(state)
    gone: dict[str, tuple[Guarded, Sighting | None]] = {}
    for entry in reversed(chain.entries):
        for urn, store in entry.durable.items():
            if urn not in present and not any(store.is_same(each) for each in present.values()):
                gone.setdefault(urn, (store, entry.sightings.get(urn)))
    return gone


def _urns(state: Mapping[str, Any]) -> set[str]:
    return {str(each["urn"]) for each in resources_of(state)}


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
    if store.parent and store.parent not in _urns(state):
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
