"""What `rollback audit` and every update of `rollback` ask: ledger, account and history of a stack, in one place."""

from __future__ import annotations

import getpass
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import typer

from cli.engine import Snapshot
from cli.health import stores
from core import aws as clients
from core.errors import ServiceError, translate_errors
from guard import approvals, pack
from guard.audit import Surroundings, newest
from guard.audit import audit as find
from guard.findings import Finding, Severity
from guard.inventory import Guarded, digest, durable, others
from guard.ledger import Chain, Closed, Entry, Ledger
from guard.losses import Account, Since, removed, to_keep
from guard.recreated import restoring
from stacks.settings import ProjectSettings, StackSettings
from stacks.systems import SYSTEMS


@dataclass(frozen=True)
class Noted:
    """What an entry tells beside the state."""

    command: str
    result: str
    found: Sequence[Finding] = ()
    around: Surroundings = field(default_factory=Surroundings)
    account: str = ""


def ledger(settings: StackSettings) -> Ledger:
    """The ledger of a stack."""
    return Ledger(settings.project.recovery_bucket, settings.region, settings.stack)


def surroundings(
    settings: StackSettings,
    snapshot: Snapshot,
    chain: Chain,
    account: str | None = None,
    *,
    ask: bool = True,
    own: int = 0,
) -> Surroundings:
    """What lies outside of state and history. ``account``: the one that answers; asked for where it isn't known.

    ``ask``: whether the account is asked about every store, which takes a request for each. Raises ``ServiceError``
    where no account answers.
    """
    seen = Account(restore=lambda store: _restore(settings, store))
    if ask:
        with translate_errors("account"):
            number = account or clients.account(settings.region)
        sightings, unasked = stores.seen(durable(snapshot.state).values(), snapshot.state, number, settings.region)
        seen = replace(seen, sightings=sightings, unasked=unasked)
    default = str(ProjectSettings.model_fields["recovery_bucket"].default)
    return Surroundings(chain, settings.project.recovery_bucket, default, tuple(SYSTEMS), seen, own)


def findings(
    settings: StackSettings, snapshot: Snapshot, last: Entry | None, around: Surroundings, *, resumed: bool = False
) -> list[Finding]:
    """What the audit finds. ``last``: the ledger's last entry before the update; ``resumed``: see ``note_update``."""
    return find(
        snapshot.state,
        snapshot.history,
        last,
        approvals.load(settings.stack),
        datetime.now(UTC),
        unfinished=resumed or snapshot.unfinished,
        around=around,
    )


def show(found: Sequence[Finding], stack: str) -> None:
    """Two lines a finding, and what closes those that stay."""
    for finding in found:
        typer.echo(f"{finding.severity.value:4} {finding.kind}: {finding.text}\n     {finding.remedy}")
    if stays := next((finding for finding in found if finding.subject), None):
        typer.echo(
            f"     to close it: rollback guard close '{stays.name or stays.subject}' --by NAME --reason TEXT -s {stack}"
        )


def note_update(settings: StackSettings, snapshot: Snapshot, code: int, account: str, *, resumed: bool) -> None:
    """Write into the ledger what an update left behind. The update stands, whatever becomes of this.

    Nothing is written of an update that was refused and changed nothing, and nothing into an account that isn't the
    stack's own (``account``: the one that answers), which the program refuses. ``resumed``: the update went on from one
    that was killed and that no entry and no history tells of.
    """
    if (snapshot.outputs.get("target") or {}).get("account", account) != account:
        return
    try:
        last = ledger(settings).last()
        if code and last is not None and last.digest == digest(snapshot.state):
            return
        chain = Chain((last,) if last else ())
        ask = bool(snapshot.changes) or last is None or not last.sightings
        around = surroundings(settings, snapshot, chain, account, ask=ask, own=1)
        found = findings(settings, snapshot, last, around, resumed=resumed)
        command = " ".join(["rollback", *sys.argv[1:]])
        note(settings, snapshot, last, Noted(command, "failed" if code else "succeeded", found, around, account))
        show(
            [each for each in found if each.severity is Severity.HIGH or each.kind.startswith("pack-")], settings.stack
        )
    except ServiceError as error:
        typer.echo(f"warning: the ledger of {settings.stack} has no entry for this update: {error}", err=True)


def note_approvals(settings: StackSettings) -> None:
    """Write into the ledger that there are new approvals, before anything goes by them: its order tells what was first.

    Nothing is written into a ledger without entries. What can't be written is a warning: an approval that the ledger
    doesn't know excuses no edit of the state.
    """
    known = known_approvals(settings.stack)
    if not known:
        return
    try:
        last = ledger(settings).last()
        if last is None or set(known) <= set(last.approvals or ()):
            return
        told = {
            "number": last.number + 1,
            "at": datetime.now(UTC),
            "by": f"{getpass.getuser()}@{socket.gethostname()}",
            "command": " ".join(["rollback", *sys.argv[1:]]),
            "result": "approved",
            "approvals": known,
            "removed": {},
            "closed": (),
        }
        ledger(settings).add(last.model_copy(update=told))
    except ServiceError as error:
        typer.echo(f"warning: the ledger of {settings.stack} doesn't know the new approvals: {error}", err=True)


def known_approvals(stack: str) -> tuple[str, ...]:
    """The approvals of a stack, as the ledger tells of them."""
    return tuple(sorted(approvals.digest(each) for each in approvals.load(stack)))


def note(settings: StackSettings, snapshot: Snapshot, last: Entry | None, noted: Noted) -> None:
    """Add an entry to the ledger after the last one. Raises ``ServiceError``."""
    present, stay = durable(snapshot.state), tuple(each for each in noted.found if each.subject)
    went = {}
    if last is not None:
        now = datetime.now(UTC)
        went = removed(last, present, Since.entry(last, snapshot.history, approvals.load(settings.stack), now))
    ledger(settings).add(
        Entry(
            number=(noted.around.chain.head or (last.number if last else 0)) + 1,
            at=datetime.now(UTC),
            by=f"{getpass.getuser()}@{socket.gethostname()}",
            command=noted.command,
            result=noted.result,
            version=settings.project.version,
            engine_start=newest(snapshot.history),
            digest=digest(snapshot.state),
            durable=present,
            others=others(snapshot.state),
            bucket=settings.project.recovery_bucket,
            account=noted.account,
            pack=pack.digest(),
            without_pack=pack.count(snapshot.outputs),
            sightings=to_keep(last, noted.around.account, stay),
            approvals=known_approvals(settings.stack),
            removed=went,
            unresolved=stay,
        )
    )


def close(
    settings: StackSettings,
    snapshot: Snapshot,
    chain: Chain,
    around: Surroundings,
    found: Sequence[Finding],
    closed: tuple[Closed, ...],
) -> None:
    """Add an entry that closes findings and tells of the rest what the last one told. Raises ``ServiceError``."""
    keys = {(each.kind, each.subject) for each in closed}
    stay = tuple(each for each in found if each.subject and each.key not in keys)
    stores, subjects = durable(snapshot.state), {each.subject for each in closed}
    before = chain.last
    known = before.durable if before is not None else stores
    ledger(settings).add(
        Entry(
            number=chain.head + 1,
            at=datetime.now(UTC),
            by=f"{getpass.getuser()}@{socket.gethostname()}",
            command=" ".join(["rollback", *sys.argv[1:]]),
            result="closed",
            version=before.version if before else settings.project.version,
            engine_start=before.engine_start if before else newest(snapshot.history),
            digest=before.digest if before else digest(snapshot.state),
            durable={
                **{urn: store for urn, store in known.items() if urn not in subjects},
                **{urn: stores[urn] for urn in subjects if urn in stores},
            },
            others=before.others if before is not None else others(snapshot.state),
            pack=before.pack if before else pack.digest(),
            account=before.account if before else "",
            without_pack=before.without_pack if before else pack.count(snapshot.outputs),
            sightings=to_keep(before, around.account, stay),
            approvals=known_approvals(settings.stack),
            unresolved=stay,
            closed=closed,
        )
    )


def _restore(settings: StackSettings, store: Guarded) -> str | None:
    return restoring(store, settings.project.recovery_bucket, settings.region)
