"""Approvals for deletes of durable stores, and what bypassed the guard."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Annotated

import typer
from pydantic import ValidationError

from core import aws as clients
from core import project
from core.errors import translate_errors
from core.model import ConfigurationError, explain, one_of, unknown
from core.state import resources_of
from core.urn import name_of, type_of
from guard import approvals
from guard.approvals import BLAST_RADIUS, Action, Approval
from guard.command import auditing
from guard.command.options import Format, Output, Region, Stack
from guard.command.stack import Opener, Watched, group, watched
from guard.declared import names_a_system
from guard.findings import Severity
from guard.in_place import COMPANIONS, properties
from guard.inventory import durable
from guard.ledger import Closed
from guard.recovery.stores import choose, stores

NEAREST = 5
"""Properties that are offered for a mistyped one."""


def approve(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    context: typer.Context,
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
    stack: Stack = None,
) -> None:
    """Approve that a durable store is deleted or replaced, or loses data by a change in place.

    The recovery point of one that goes is looked for all the same.
    """
    target = watched(context, stack, changes=True)
    now = datetime.now(UTC).replace(microsecond=0)
    if of is not None and of.partition("[")[0] not in properties():
        raise _unknown_property(of)
    if store.startswith(BLAST_RADIUS):
        address, chosen = _blast_radius(store, target), Action.BLAST_RADIUS
    else:
        address, chosen = _address(store, action, of, region, target), action
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
    path = approvals.add(target.stack, given)
    auditing.note_approvals(target)
    shown, until = project.current().shown(path), f"{given.expires:%Y-%m-%d %H:%M} UTC"
    typer.echo(f"{by} approves: {_operation(given)} {address}, until {until} ({shown})")
    if chosen is Action.LOSE:
        typer.echo(f"next: the update that makes the change, such as `{_update(target)}`")
    elif chosen is not Action.BLAST_RADIUS:
        typer.echo(
            f"next: `{_update(target)}` unlocks it (protection, retention and the account's own locks go); "
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


def _operation(given: Approval) -> str:
    return given.action.value if given.property is None else f"{given.action.value} by {given.property} alone in"


def _address(word: str, action: Action, of: str | None, region: str | None, target: Watched) -> str:
    """The URN that an approval is for: a store's, or of what stands beside one where a change there loses data.

    With one property (``of``) a component's as well, by its URN or, of a system, by its name.
    """
    state = target.engine.state()
    if action is Action.LOSE:
        every = {str(each["urn"]): bool(each.get("custom")) for each in resources_of(state)}
        if _is_companion(word) or (word in every and (every[word] or of is not None)):
            return word
        components = [urn for urn in every if names_a_system(type_of(urn)) and name_of(urn) == word]
        if of is not None and components:
            return components[0]
    return choose(stores(state, target.region), word, region).urn


def _is_companion(word: str) -> bool:
    """Whether a word is the URN of what stands beside a store, which may be somebody else's and not be made yet."""
    return word.startswith("urn:pulumi:") and type_of(word) in COMPANIONS


def revoke(
    context: typer.Context,
    store: Annotated[str, typer.Argument(help="A store's name or URN, or blast-radius:SYSTEM, as it was approved.")],
    action: Annotated[Action | None, typer.Option(help="This action alone; every one when left out.")] = None,
    stack: Stack = None,
) -> None:
    """Take an approval back: what it lets go is refused again at once, and locked again by the next update."""
    target = watched(context, stack, changes=True)
    known = approvals.load(target.stack)
    urns = _approved_urns(known, store, target)
    revoked = [given for given in known if given.store in urns and action in (None, given.action)]
    if not revoked:
        others = ", ".join(given.action.value for given in known if given.store in urns)
        raise ConfigurationError(f"no approval to {action} {store}: approved is {others}")
    path = approvals.remove(target.stack, revoked)
    shown = project.current().shown(path)
    for given in revoked:
        typer.echo(f"revoked: {_operation(given)} {given.store}, which {given.by} had approved ({shown})")
    if any(given.action is not Action.BLAST_RADIUS for given in revoked):
        typer.echo(f"next: `{_update(target)}` locks it again")


def list_approvals(context: typer.Context, stack: Stack = None, output: Output = Format.TEXT) -> None:
    """The approvals of a stack, those that have expired among them."""
    name = watched(context, stack).stack
    found, now = approvals.load(name), datetime.now(UTC)
    if output is Format.JSON:
        typer.echo(json.dumps([each.model_dump(mode="json", by_alias=True) for each in found], indent=2))
        return
    for each in found:
        state = "expired" if each.expires <= now else f"until {each.expires:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"{_operation(each):12} {each.store}\n  {each.by}, {state}: {each.reason}")
    if not found:
        typer.echo(f"nothing is approved in {name}")


def audit(context: typer.Context, stack: Stack = None, output: Output = Format.TEXT) -> None:
    """Find what bypassed the guard: edits of the state, stores unguarded, gone or remade, updates without the pack.

    Exits with 1 where something is high; notes in the ledger that all was in order where nothing is high or unknown.
    """
    target = watched(context, stack)
    snapshot = target.engine.snapshot()
    chain = auditing.ledger(target).read()
    around = auditing.surroundings(target, snapshot, chain)
    found = auditing.findings(target, snapshot, chain.last, around)
    if output is Format.JSON:
        typer.echo(json.dumps([each.model_dump(mode="json") for each in found], indent=2))
    else:
        auditing.show(found, target.stack)
        if not found:
            typer.echo(f"{target.stack}: {len(durable(snapshot.state))} durable stores, all guarded; the ledger agrees")
    if any(each.severity is Severity.HIGH for each in found):
        raise typer.Exit(1)
    if not snapshot.unfinished and not any(each.severity is Severity.UNKNOWN for each in found):
        auditing.note(target, snapshot, chain.last, auditing.Noted(project.commands().audit, "seen", found, around))


def note(context: typer.Context, stack: Stack = None) -> None:
    """Write into the ledger what the last update left, and tell what bypassed the guard. After every `pulumi up`.

    Exits with 1 where the ledger can't be written.
    """
    target = watched(context, stack)
    snapshot = target.engine.snapshot()
    with translate_errors("account"):
        account = clients.account(target.region)
    before = auditing.ledger(target).last()
    failed = bool(snapshot.history) and snapshot.history[0].get("result") != "succeeded"
    auditing.note_update(target, snapshot, int(failed), account, resumed=snapshot.unfinished)
    after = auditing.ledger(target).last()
    if after is None or after == before:
        typer.echo(f"{target.stack}: nothing is noted")
        raise typer.Exit(0 if failed else 1)
    typer.echo(f"{target.stack}: entry {after.number} of the ledger, {len(after.durable)} durable stores")


def close(
    context: typer.Context,
    finding: Annotated[str, typer.Argument(help="A store's name or URN, a bucket, an entry, or a kind of finding.")],
    by: Annotated[str, typer.Option(help="Who has looked into it: a person's name.")],
    reason: Annotated[str, typer.Option(help="What was found out, in a sentence.")],
    stack: Stack = None,
) -> None:
    """Close a finding of the audit that stays until a person does. The ledger keeps who, and why."""
    target = watched(context, stack, changes=True)
    snapshot = target.engine.snapshot()
    chain = auditing.ledger(target).read()
    around = auditing.surroundings(target, snapshot, chain)
    found = auditing.findings(target, snapshot, chain.last, around)
    chosen = [each for each in found if each.is_called(finding)]
    if not chosen:
        closable = [each.name or each.subject for each in found if each.subject]
        if not closable:
            raise ConfigurationError(
                f"{target.stack} has no finding that a person has to close: see "
                f"`{project.commands().audit} -s {target.stack}`"
            )
        raise unknown("finding", finding, closable)
    try:
        closed = tuple(Closed(kind=each.kind, subject=each.subject, by=by, reason=reason) for each in chosen)
    except ValidationError as error:
        raise explain(error, "closing", Closed, "--") from None
    auditing.close(target, snapshot, chain, around, found, closed)
    for each in chosen:
        typer.echo(f"closed: {each.kind}: {each.text}")


def _approved_urns(known: Sequence[Approval], word: str, target: Watched) -> set[str]:
    """The approved stores that a word means: a URN, blast-radius:SYSTEM, a name in the program, or a physical name."""
    by_word = {given.store: given.store for given in known}
    by_word |= {name_of(given.store): given.store for given in known}
    found = {given.store for given in known if word in (given.store, name_of(given.store))}
    if not found:
        present = durable(target.engine.state())
        names = {urn: store.name for urn, store in present.items() if urn in by_word}
        found = {urn for urn, name in names.items() if name == word}
        by_word |= {name: urn for urn, name in names.items()}
    if not found and not known:
        raise ConfigurationError(f"nothing is approved in {target.stack}")
    if not found:
        raise unknown("approval of", word, sorted(by_word))
    if len(found) > 1:
        raise ConfigurationError(
            f"{word!r} is the name of {len(found)} approved stores, give a URN: {one_of(sorted(found))}"
        )
    return found


def _blast_radius(store: str, target: Watched) -> str:
    system = store.removeprefix(BLAST_RADIUS)
    if target.systems and system not in target.systems:
        raise unknown("system", system, list(target.systems))
    return store


def _update(target: Watched) -> str:
    return f"{project.commands().update} -s {target.stack}"


def app(words: str, opener: Opener, more: Mapping[str, tuple[Callable[..., None], str]] | None = None) -> typer.Typer:
    """The commands about approvals as a group. ``words``: what people type before a command's name; ``more``: others
    that join them."""
    commands: dict[str, tuple[Callable[..., None], str]] = {
        "approve": (approve, 'receipts-dev --by "Ada Byron" --reason "the table is a copy" -s dev'),
        "revoke": (revoke, "receipts-dev -s dev"),
        "list": (list_approvals, "-s prod --output json"),
        "close": (close, 'receipts-dev --by "Ada Byron" --reason "it was moved to the archive"'),
        **(more or {}),
    }
    return group("guard", words, opener, commands, "Approve the delete of a durable store; see who did.")
