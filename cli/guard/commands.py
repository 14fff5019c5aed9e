"""``rollback guard`` and ``rollback audit``: approvals for deletes of durable stores, and what bypassed the guard."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Annotated

import typer
from pydantic import ValidationError

from cli.engine import Engine
from cli.guard import audit as auditing
from cli.guard import imports as importing
from cli.guard.departed import Departed
from cli.options import ChangedStack, Format, Output, Region, Stack, named
from core.model import ConfigurationError, explain, one_of, unknown
from core.state import resources_of
from core.urn import name_of, type_of
from guard import approvals
from guard.approvals import BLAST_RADIUS, Action, Approval
from guard.declared import names_a_system
from guard.findings import Severity
from guard.in_place import COMPANIONS, properties
from guard.inventory import durable
from guard.ledger import Closed
from guard.recovery.stores import choose, stores
from stacks.file import read
from stacks.settings import StackSettings
from stacks.systems import SYSTEMS

NEAREST = 5
"""Properties that are offered for a mistyped one."""

app = typer.Typer(name="guard", help="Approve the delete of a durable store; see who did.", no_args_is_help=True)


@app.command(epilog='Example: rollback guard approve receipts-dev --by "Ada Byron" --reason "the table is a copy"')
def approve(
    store: Annotated[str, typer.Argument(help="A store's name or URN, or blast-radius:SYSTEM.")],
    by: Annotated[str, typer.Option(help="Who decides: a person's name.")],
    reason: Annotated[str, typer.Option(help="Why, in a sentence.")],
    action: Annotated[Action, typer.Option(help="What is approved.")] = Action.DELETE,
    of: Annotated[
        str | None,
        typer.Option(
            "--property",
            help="With --action lose: the one property; the store may then be a system or a component's URN.",
        ),
    ] = None,
    hours: Annotated[int, typer.Option(min=1, max=168, help="How long it holds.")] = 4,
    region: Region = None,
    stack: ChangedStack = "",
) -> None:
    """Approve that a durable store is deleted or replaced, or loses data by a change in place.

    The recovery point of one that goes is looked for all the same.
    """
    settings = read(named(stack))
    now = datetime.now(UTC).replace(microsecond=0)
    if of is not None and of.partition("[")[0] not in properties():
        raise _unknown_property(of)
    address = _blast_radius(store) if store.startswith(BLAST_RADIUS) else _address(store, action, of, region, settings)
    chosen = Action.BLAST_RADIUS if store.startswith(BLAST_RADIUS) else action
    try:
        given = Approval(
            store=address,
            action=chosen,
            property=of,
            by=by,
            reason=reason,
            given=now,
            expires=now + timedelta(hours=hours),
        )
    except ValidationError as error:
        raise explain(error, "approval", Approval, "--") from None
    path = approvals.add(settings.stack, given)
    auditing.note_approvals(settings)
    typer.echo(f"{by} approves: {_deed(given)} {address}, until {given.expires:%Y-%m-%d %H:%M} UTC ({path.name})")
    if chosen is Action.LOSE:
        typer.echo(f"next: the update that makes the change, such as `rollback up -s {stack}`")
    elif chosen is not Action.BLAST_RADIUS:
        typer.echo(
            f"next: `rollback up -s {stack}` unlocks it (protection, retention and the account's own locks go); "
            "after that the update that deletes it needs a recovery point as well"
        )


def _unknown_property(name: str) -> ConfigurationError:
    """Of some hundred properties the nearest ones."""
    every = sorted(properties())
    last = name.rpartition(".")[2].lower()
    near = get_close_matches(name, every, n=NEAREST) or [each for each in every if last in each.lower()][:NEAREST]
    guess = f"; nearest: {', '.join(near)}" if near else ""
    return ConfigurationError(
        f"no change of {name!r} loses data, as far as the guard knows{guess}. The refusal names the property to give"
    )


def _deed(given: Approval) -> str:
    return given.action.value if given.property is None else f"{given.action.value} by {given.property} alone in"


def _address(word: str, action: Action, of: str | None, region: str | None, settings: StackSettings) -> str:
    """The URN that an approval is for: a store's, or of what stands beside one where a change there loses data.

    With one property (``of``) a component's as well, by its URN or, of a system, by its name.
    """
    state = Engine(settings.stack).state()
    if action is Action.LOSE:
        every = {str(each["urn"]): bool(each.get("custom")) for each in resources_of(state)}
        if _is_companion(word) or (word in every and (every[word] or of is not None)):
            return word
        systems = [urn for urn in every if names_a_system(type_of(urn)) and name_of(urn) == word]
        if of is not None and systems:
            return systems[0]
    return choose(stores(state, settings.region), word, region).urn


def _is_companion(word: str) -> bool:
    """Whether a word is the URN of what stands beside a store, which may be somebody else's and not be made yet."""
    return word.startswith("urn:pulumi:") and type_of(word) in COMPANIONS


@app.command(epilog="Example: rollback guard revoke receipts-dev -s dev")
def revoke(
    store: Annotated[str, typer.Argument(help="A store's name or URN, or blast-radius:SYSTEM, as it was approved.")],
    action: Annotated[Action | None, typer.Option(help="This action alone; every one when left out.")] = None,
    stack: ChangedStack = "",
) -> None:
    """Take an approval back: what it lets go is refused again at once, and locked again by the next update."""
    settings = read(named(stack))
    known = approvals.load(settings.stack)
    urns = _approved_urns(known, store, settings)
    revoked = [given for given in known if given.store in urns and action in (None, given.action)]
    if not revoked:
        others = ", ".join(given.action.value for given in known if given.store in urns)
        raise ConfigurationError(f"no approval to {action} {store}: approved is {others}")
    path = approvals.remove(settings.stack, revoked)
    for given in revoked:
        typer.echo(f"revoked: {_deed(given)} {given.store}, which {given.by} had approved ({path.name})")
    if any(given.action is not Action.BLAST_RADIUS for given in revoked):
        typer.echo(f"next: `rollback up -s {stack}` locks it again")


@app.command("list", epilog="Example: rollback guard list -s prod --output json")
def list_approvals(stack: Stack = "prod", output: Output = Format.TEXT) -> None:
    """The approvals of a stack, those that have expired among them."""
    found, now = approvals.load(stack), datetime.now(UTC)
    if output is Format.JSON:
        typer.echo(json.dumps([each.model_dump(mode="json", by_alias=True) for each in found], indent=2))
        return
    for each in found:
        state = "expired" if each.expires <= now else f"until {each.expires:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"{_deed(each):12} {each.store}\n  {each.by}, {state}: {each.reason}")
    if not found:
        typer.echo(f"nothing is approved in {stack}")


def audit(stack: Stack = "prod", output: Output = Format.TEXT) -> None:
    """Find what bypassed the guard: edits of the state, stores unguarded, gone or remade, updates without the pack.

    Exits with 1 where something is high; notes in the ledger that all was in order where nothing is high or unknown.
    """
    settings, snapshot = read(stack), Engine(stack).snapshot()
    chain = auditing.ledger(settings).read()
    around = auditing.surroundings(settings, snapshot, chain)
    found = auditing.findings(settings, snapshot, chain.last, around)
    if output is Format.JSON:
        typer.echo(json.dumps([each.model_dump(mode="json") for each in found], indent=2))
    else:
        auditing.show(found, stack)
        if not found:
            typer.echo(f"{stack}: {len(durable(snapshot.state))} durable stores, all guarded; the ledger agrees")
    if any(each.severity is Severity.HIGH for each in found):
        raise typer.Exit(1)
    if not snapshot.unfinished and not any(each.severity is Severity.UNKNOWN for each in found):
        auditing.note(settings, snapshot, chain.last, auditing.Noted("rollback audit", "seen", found, around))


@app.command(
    epilog='Example: rollback guard close receipts-dev --by "Ada Byron" --reason "it was moved to the archive"'
)
def close(
    finding: Annotated[str, typer.Argument(help="A store's name or URN, a bucket, an entry, or a kind of finding.")],
    by: Annotated[str, typer.Option(help="Who has looked into it: a person's name.")],
    reason: Annotated[str, typer.Option(help="What was found out, in a sentence.")],
    stack: ChangedStack = "",
) -> None:
    """Close a finding of `rollback audit` that stays until a person does. The ledger keeps who, and why."""
    settings, snapshot = read(named(stack)), Engine(stack).snapshot()
    chain = auditing.ledger(settings).read()
    around = auditing.surroundings(settings, snapshot, chain)
    found = auditing.findings(settings, snapshot, chain.last, around)
    chosen = [each for each in found if each.is_called(finding)]
    if not chosen:
        closable = [each.name or each.subject for each in found if each.subject]
        if not closable:
            raise ConfigurationError(
                f"{stack} has no finding that a person has to close: see `rollback audit -s {stack}`"
            )
        raise unknown("finding", finding, closable)
    try:
        closed = tuple(Closed(kind=each.kind, subject=each.subject, by=by, reason=reason) for each in chosen)
    except ValidationError as error:
        raise explain(error, "closing", Closed, "--") from None
    auditing.close(settings, snapshot, chain, around, found, closed)
    for each in chosen:
        typer.echo(f"closed: {each.kind}: {each.text}")


@app.command("import", epilog="Example: rollback guard import receipts-prod -s prod")
def take_back(
    store: Annotated[
        str | None,
        typer.Argument(help="A store's name or URN, as `rollback audit` names it; without it: every store that left."),
    ] = None,
    stack: ChangedStack = "",
) -> None:
    """Take a store that left the state back into it: the very one that the ledger knows, where it is still there.

    What left with it comes back too, as far as it still stands. Nothing in the account changes, and nothing is deleted.
    """
    command = " ".join(["rollback guard import", *([store] if store else []), "-s", stack])
    done = importing.take_back(read(named(stack)), Engine(stack), store, command)
    for each in done.stores:
        typer.echo(f"{each.name} is in the state of {stack} again ({each.urn}); nothing was changed in the account")
    for line in _told(done.departed):
        typer.echo(line)
    auditing.show(done.others, stack)
    for line in done.refused:
        typer.echo(f"error: {line}", err=True)
    if done.refused:
        raise typer.Exit(1)
    if not (done.stores or done.departed.taken):
        typer.echo(f"nothing that left the state of {stack} has to be taken back")
        return
    typer.echo(f"next: `rollback up -s {stack}`, which guards it as before")


def _told(departed: Departed) -> Iterator[str]:
    """A line for each thing that became of what had left beside stores."""
    for urns, what in (
        (departed.taken, "back in the state"),
        (departed.rewritten, "written once more by the next update, which changes nothing that still stands"),
        (departed.remade, "not found as the stack had it, so the next update makes it"),
    ):
        if urns:
            named = ", ".join(sorted(urn.rpartition("::")[2] for urn in urns))
            yield f"{len(urns)} {'resource' if len(urns) == 1 else 'resources'} {what}: {named}"


def _approved_urns(known: Sequence[Approval], word: str, settings: StackSettings) -> set[str]:
    """The approved stores that a word means: a URN, blast-radius:SYSTEM, a name in the program, or a physical name."""
    by_word = {given.store: given.store for given in known}
    by_word |= {name_of(given.store): given.store for given in known}
    found = {given.store for given in known if word in (given.store, name_of(given.store))}
    if not found:
        present = durable(Engine(settings.stack).state())
        names = {urn: store.name for urn, store in present.items() if urn in by_word}
        found = {urn for urn, name in names.items() if name == word}
        by_word |= {name: urn for urn, name in names.items()}
    if not found and not known:
        raise ConfigurationError(f"nothing is approved in {settings.stack}")
    if not found:
        raise unknown("approval of", word, sorted(by_word))
    if len(found) > 1:
        raise ConfigurationError(
            f"{word!r} is the name of {len(found)} approved stores, give a URN: {one_of(sorted(found))}"
        )
    return found


def _blast_radius(store: str) -> str:
    system = store.removeprefix(BLAST_RADIUS)
    if system not in SYSTEMS:
        raise unknown("system", system, list(SYSTEMS))
    return store
