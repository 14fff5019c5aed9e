"""The audit: the state held against the ledger and the engine's own history, for what no guard can hear of.

`pulumi state delete`, `state unprotect` and `stack import` run no policy and no hook, and an update can be started
without the policy pack. All leave traces: the state is another than the last update left it, or the history says how
the engine was called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from guard.approvals import GONE, Approval, any_of
from guard.inventory import Guarded, digest, durable
from guard.ledger import Entry
from stacks.model import Model

PACK = ("pulumi.env.PULUMI_OPTION_POLICY_PACK", "pulumi.flag.policy-pack")
"""What the history says of an update to which a pack was applied."""


LOWERED = ("pulumi.env.PULUMI_OPTION_POLICY_PACK_CONFIG", "pulumi.flag.policy-pack-config")
"""The same of a configuration by which even a fixed policy can be made advisory: the engine decides about that."""


class Severity(StrEnum):
    """How bad a finding is."""

    HIGH = "high"
    LOW = "low"


class Finding(Model):
    """Something that isn't as it should be."""

    kind: str
    severity: Severity
    text: str
    """One line."""
    remedy: str
    """What to do about it, one line."""


def audit(
    state: Mapping[str, Any],
    history: Sequence[Mapping[str, Any]],
    last: Entry | None,
    approvals: Sequence[Approval],
    now: datetime,
    *,
    unfinished: bool = False,
) -> list[Finding]:
    """Every finding, the worst first. ``history``: ``pulumi stack history --json``, newest first.

    ``unfinished``: an update is under way or was killed, so the history doesn't tell of it, and a state that is another
    is no sign of an edit. Stores that lack their guard or are gone are named as ever.
    """
    found = [
        *_unguarded(durable(state), approvals, now),
        *(_unfinished() if unfinished else _edited(state, history, last)),
        *_gone(durable(state), last, approvals),
        *_without_pack(history, last),
    ]
    return sorted(found, key=lambda finding: (finding.severity is not Severity.HIGH, finding.kind, finding.text))


def newest(history: Sequence[Mapping[str, Any]]) -> str | None:
    """When the newest update started that may have changed anything: one that was refused didn't."""
    changing = (
        each for each in history if each["result"] != "failed" or set(each.get("resourceChanges") or ()) - {"same"}
    )
    return next((str(each["startTime"]) for each in changing), None)


def _unguarded(stores: Mapping[str, Guarded], approvals: Sequence[Approval], now: datetime) -> Iterator[Finding]:
    """Stores that lack a part of the guard; an approved one is open on purpose, but for its hook."""
    for urn, store in sorted(stores.items()):
        free = any_of(approvals, [urn, store.parent], GONE, now) is not None
        if lacks := [part for part in store.lacks if not free or part == "delete hook"]:
            yield Finding(
                kind="unguarded",
                severity=Severity.HIGH,
                text=f"{store.name} has no {' and no '.join(lacks)} in the state ({urn})",
                remedy="`rollback up` brings the guard back",
            )


def _unfinished() -> Iterator[Finding]:
    yield Finding(
        kind="unfinished",
        severity=Severity.LOW,
        text="an update is under way or was killed: the engine's history doesn't tell of it, so an edit can't be told",
        remedy="wait for it; where it was killed, `rollback up` goes on from where it stopped",
    )


def _edited(state: Mapping[str, Any], history: Sequence[Mapping[str, Any]], last: Entry | None) -> Iterator[Finding]:
    """The state is another, and no update has run since the ledger's last entry."""
    if last is None or last.engine_start != newest(history) or last.digest == digest(state):
        return
    here, before = durable(state), last.durable
    gone = [before[urn].name for urn in before.keys() - here.keys()]
    new = [here[urn].name for urn in here.keys() - before.keys()]
    opened = [store.name for urn, store in here.items() if urn in before and set(store.lacks) - set(before[urn].lacks)]
    parts = [
        f"{what} {', '.join(sorted(names))}"
        for what, names in (("without", gone), ("with", new), ("unprotected", opened))
        if names
    ]
    yield Finding(
        kind="state-edited",
        severity=Severity.HIGH,
        text=f"the state was edited outside of any update since {last.at:%Y-%m-%d %H:%M} UTC"
        + (f": {'; '.join(parts)}" if parts else "; no durable store is concerned"),
        remedy="find out who ran `pulumi state …` or `pulumi stack import`; `pulumi import` takes a store back in",
    )


def _gone(stores: Mapping[str, Guarded], last: Entry | None, approvals: Sequence[Approval]) -> Iterator[Finding]:
    """Stores that the ledger knows and the state doesn't, though nobody has ever approved that they go."""
    if last is None:
        return
    moved = {(store.type, store.name) for store in stores.values()}
    approved = {each.store for each in approvals}
    for urn, store in sorted(last.durable.items()):
        if urn not in stores and urn not in approved and (store.type, store.name) not in moved:
            yield Finding(
                kind="store-gone",
                severity=Severity.HIGH,
                text=f"{store.name} left the state without an approval ({urn})",
                remedy=f"take it back in: pulumi import {store.type} NAME {store.id}",
            )


def _without_pack(history: Sequence[Mapping[str, Any]], last: Entry | None) -> Iterator[Finding]:
    """Updates since the ledger's last entry to which no policy pack was applied."""
    for each in history:
        if last is not None and str(each["startTime"]) <= str(last.engine_start):
            return
        environment = each.get("environment") or {}
        if set(environment) & set(LOWERED):
            yield Finding(
                kind="pack-lowered",
                severity=Severity.HIGH,
                text=f"the {each['kind']} of {each['startTime']} gave the policy pack a configuration of its own",
                remedy="what a stack asks of the pack belongs into its settings: update again without it",
            )
        # A destroy loads no pack in any case; there the hooks judge.
        if each["kind"] == "update" and each["result"] == "succeeded" and not any(name in environment for name in PACK):
            yield Finding(
                kind="pack-skipped",
                severity=Severity.LOW,
                text=f"the {each['kind']} of {each['startTime']} ran without the policy pack",
                remedy="use `make shell` or `rollback`, which apply it; a preview there shows its verdict",
            )
