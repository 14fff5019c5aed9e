"""Stores that left the state, or became others, since the ledger's last entry, and whether a person let them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core import project
from core.urn import name_of
from guard import history as updates
from guard.approvals import Action, Approval, digest
from guard.decision import concerning
from guard.findings import AuditFinding, Severity
from guard.inventory import Guarded
from guard.ledger import Entry
from guard.location import is_kubernetes
from guard.sightings import Sighting

NO_COPY = "no recovery point of it was ever made: look for a copy elsewhere, such as in AWS Backup"
BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
"""S3 moves a bucket's creation date when its policy changes, so the date alone proves nothing."""


@dataclass(frozen=True)
class Since:
    """The time since the last entry: an approval excuses what went while it held, and nothing that went at another.

    Where no update let anything go the state was edited, nobody knows when, and an approval says by its own text since
    when it holds. So it excuses that only where the ledger's last entry knew it already: it was there before.
    """

    approvals: Sequence[Approval]
    spans: Sequence[tuple[datetime, datetime]]

    @classmethod
    def entry(
        cls, last: Entry, history: Sequence[Mapping[str, Any]], approvals: Sequence[Approval], now: datetime
    ) -> Since:
        """When anything left by an update; where none let anything go, the state was edited at some time since."""
        if spans := updates.removals(history, last.engine_start, now):
            return cls(approvals, spans)
        known = None if last.approvals is None else frozenset(last.approvals)
        earlier = [each for each in approvals if known is None or digest(each) in known]
        return cls(earlier, [(last.at, now)])

    def approval(self, store: Guarded, *actions: Action) -> Approval | None:
        """The approval by which a store went."""
        urns = concerning(store.urn, store.type, store.parent)
        return next(
            (
                approval
                for approval in self.approvals
                if any(
                    approval.held(urn, action, start, end)
                    for urn in urns
                    for action in actions
                    for start, end in self.spans
                )
            ),
            None,
        )


@dataclass(frozen=True)
class Account:
    """What the account said of the stores in the state. Nothing where nobody asked."""

    sightings: Mapping[str, Sighting] = field(default_factory=dict)
    unasked: Mapping[str, str] = field(default_factory=dict)
    """Why a store couldn't be asked for, by URN."""
    restore: Callable[[Guarded], str | None] = lambda store: (
        f"`{project.commands().recovery} list --store {store.name} -s {store.stack}`"
    )
    """The command that brings a store's items back, or leads to it; None where there is no copy."""


def removed(last: Entry, stores: Mapping[str, Guarded], since: Since) -> dict[str, str]:
    """The stores that left with an approval, by URN, and who gave it for which reason."""
    going = ((store, since.approval(store, Action.DELETE)) for store in _gone(last, stores))
    return {store.urn: f"{given.by}: {given.reason}" for store, given in going if given is not None}


def losses(last: Entry, stores: Mapping[str, Guarded], since: Since, account: Account) -> Iterator[AuditFinding]:
    """Every store that nobody let go: gone, another one under its URN, missing in the account, made anew, emptied."""
    excused = removed(last, stores, since)
    for store in _gone(last, stores):
        if store.urn not in excused:
            yield _finding(
                "store-gone",
                store,
                f"{store.name} left the state without an approval ({store.urn})",
                f"where it is still in the account, take it back into the state: "
                f"{project.commands().back(store.type, name_of(store.urn), store.id, store.name, store.stack)}",
            )
    for urn, store in sorted(stores.items()):
        before = last.durable.get(urn)
        if before is not None and store.is_another(before):
            if since.approval(store, Action.REPLACE) is None:
                yield _finding(
                    "store-replaced",
                    store,
                    f"{urn} is {_named(before)} no more, but {_named(store)}; nobody approved that it is replaced",
                    f"look whether {_named(before)} is still in the account",
                )
            continue
        yield from _seen(last, store, since, account)


def _gone(last: Entry, stores: Mapping[str, Guarded]) -> Iterator[Guarded]:
    """Stores of the last entry that the state has under no URN. Only what arrived since can be one that moved."""
    arrivals = [store for urn, store in stores.items() if urn not in last.durable]
    for urn, store in sorted(last.durable.items()):
        if urn not in stores and not any(store.is_same(arrival) for arrival in arrivals):
            yield store


def _seen(last: Entry, store: Guarded, since: Since, account: Account) -> Iterator[AuditFinding]:
    """What the account, and the engine's note of when it made a store, say of one that bears its old name."""
    now, first = account.sightings.get(store.urn), last.sightings.get(store.urn)
    before = last.durable.get(store.urn)
    if now is not None and not now.there:
        holder = "cluster" if is_kubernetes(store.type) else "account"
        yield AuditFinding(
            kind="store-missing",
            severity=Severity.HIGH,
            text=f"{store.name} is in the state and not in the {holder}: somebody deleted it there ({store.urn})",
            remedy=missing_remedy(store, account.restore(store)),
        )
        return
    if before is None:
        return
    if _made_anew(store, before, first, now) and since.approval(store, Action.REPLACE, Action.DELETE) is None:
        held = f" held {first.holds} items and" if first is not None and first.holds else ""
        yield _finding(
            "store-remade",
            store,
            f"{store.name}{held} was made anew since {last.at:%Y-%m-%d %H:%M} UTC without an approval ({store.urn})",
            f"bring its items back: {command}" if (command := account.restore(store)) else NO_COPY,
        )
    elif now is not None and first is not None and first.holds and now.holds == 0:
        yield AuditFinding(
            kind="store-emptied",
            severity=Severity.LOW,
            text=f"{store.name} holds no items; at {last.at:%Y-%m-%d %H:%M} UTC it did ({store.urn})",
            remedy=f"where that wasn't meant: {account.restore(store) or NO_COPY}",
        )


def missing_remedy(store: Guarded, restore: str | None) -> str:
    """What to do about a store that was deleted in the account. ``restore``: see ``Account``."""
    if restore is not None:
        return f"restore it before any update makes an empty one: {restore}"
    return f"{NO_COPY}. Where its items may be gone, `pulumi up --refresh -s {store.stack}` makes an empty one"


def _made_anew(store: Guarded, before: Guarded, first: Sighting | None, now: Sighting | None) -> bool:
    by_engine = bool(store.created and before.created) and store.created != before.created
    if is_kubernetes(store.type) and now is not None and now.instance and store.instance:
        # The state has the uid, which needs no earlier look at the cluster.
        return now.instance != store.instance or (first is not None and now.is_later(first))
    if now is None or first is None:
        return by_engine
    return is_remade(store, first, now, by_engine=by_engine)


def is_remade(store: Guarded, first: Sighting, now: Sighting, *, by_engine: bool = False) -> bool:
    """Whether two looks at a store are at two stores. ``by_engine``: the engine noted that it made it between them."""
    if store.type in BUCKETS:
        return now.is_later(first) and (by_engine or (bool(first.holds) and now.holds == 0))
    return now.is_later(first) or (by_engine and not now.is_proved_same(first))


def resolved(finding: AuditFinding, last: Entry, account: Account) -> bool:
    """Whether a finding of an earlier entry is settled: the very store that was gone is back under its URN."""
    now, first = account.sightings.get(finding.subject), last.sightings.get(finding.subject)
    return finding.kind == "store-gone" and now is not None and first is not None and now.is_proved_same(first)


def to_keep(last: Entry | None, account: Account, open_findings: Iterable[AuditFinding]) -> dict[str, Sighting]:
    """The sightings for the next entry: new ones, but the first one of a store about which a finding is open."""
    before = last.sightings if last is not None else {}
    subjects = {finding.subject for finding in open_findings if finding.subject}
    new = {urn: seen for urn, seen in account.sightings.items() if urn not in subjects or urn not in before}
    return {**before, **new}


def _finding(kind: str, store: Guarded, text: str, remedy: str) -> AuditFinding:
    return AuditFinding(kind=kind, severity=Severity.HIGH, text=text, remedy=remedy, subject=store.urn, name=store.name)


def _named(store: Guarded) -> str:
    return f"{store.name} ({store.instance or store.arn or store.id}{f', {store.place}' if store.place else ''})"
