"""The audit: the state held against the ledger, the account and the engine's own history.

`pulumi state delete`, `state unprotect` and `stack import` run no policy and no hook, and an update can be started
without the policy pack. All leave traces: the state is another than the last update left it, or the history says how
the engine was called. A finding that has a subject stays in the ledger until a person closes it with a reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core import project
from core.state import resources_of, stack_outputs_of
from core.urn import stack_of
from guard import history as updates
from guard import pack
from guard.approval_findings import standing
from guard.approvals import Approval
from guard.decision import concerning, is_let_go
from guard.findings import AuditFinding, Severity
from guard.history import newest
from guard.inventory import Guarded, digest, durable
from guard.ledger import Chain, Entry
from guard.location import is_kubernetes
from guard.losses import Account, Since, losses, resolved

__all__ = ["AuditFinding", "Severity", "Surroundings", "audit", "newest"]

NAMED = 5
"""How many resources a finding names."""


@dataclass(frozen=True)
class Surroundings:
    """What lies outside of state and history."""

    chain: Chain = field(default_factory=Chain)
    """The whole ledger, as far as it was read."""
    bucket: str = ""
    """The recovery bucket that the settings name; empty: not asked about."""
    default_bucket: str = ""
    """That of settings that name none."""
    systems: Collection[str] = ()
    """The systems whose blast radius can be approved; empty: not asked about."""
    account: Account = field(default_factory=Account)
    own: int = 0
    """How many of the newest updates in the history are the command's own: no ledger can know them yet."""


def audit(
    state: Mapping[str, Any],
    history: Sequence[Mapping[str, Any]],
    last: Entry | None,
    approvals: Sequence[Approval],
    now: datetime,
    *,
    unfinished: bool = False,
    around: Surroundings | None = None,
) -> list[AuditFinding]:
    """Every finding, the worst first. ``history``: ``pulumi stack history --json``, newest first.

    ``unfinished``: an update is under way or was killed, so the history doesn't tell of it, and a state that is another
    is no sign of an edit. Stores that lack their guard or are gone are still reported.
    """
    around, stores = around or Surroundings(), durable(state)
    found = [
        *_unguarded(stores, approvals, now),
        *(_unfinished(state) if unfinished else _edited(state, history, last)),
        *(losses(last, stores, Since.entry(last, history, approvals, now), around.account) if last else ()),
        *_not_asked(around.account, stores),
        *_pack(state, history, last),
        *_ledger(state, history, last, around),
        *standing(state, approvals, _known(stores, last, around), around.systems, now),
    ]
    still = [each for each in last.unresolved if not resolved(each, last, around.account)] if last else []
    keys = {finding.key for finding in still}
    fresh = [finding for finding in found if not finding.subject or finding.key not in keys]
    return sorted(
        [*still, *fresh], key=lambda finding: (list(Severity).index(finding.severity), finding.kind, finding.text)
    )


def _known(stores: Mapping[str, Guarded], last: Entry | None, around: Surroundings) -> set[str]:
    """The URNs of every store that state or ledger know."""
    entries = (*((last,) if last else ()), *around.chain.entries)
    return {*stores, *(urn for entry in entries for urn in (*entry.durable, *entry.removed))}


def _unguarded(stores: Mapping[str, Guarded], approvals: Sequence[Approval], now: datetime) -> Iterator[AuditFinding]:
    """Stores that lack a part of the guard; an approved one is open on purpose, but for its hook."""
    for urn, store in sorted(stores.items()):
        free = is_let_go(approvals, concerning(urn, store.type, store.parent), now)
        if lacks := [part for part in store.lacks if not free or part == "delete hook"]:
            yield AuditFinding(
                kind="unguarded",
                severity=Severity.HIGH,
                text=f"{store.name} has no {' and no '.join(lacks)} in the state ({urn})",
                remedy=f"`{project.commands().update} -s {store.stack}` brings the guard back",
            )


def _unfinished(state: Mapping[str, Any]) -> Iterator[AuditFinding]:
    stack = next((stack_of(str(each["urn"])) for each in resources_of(state)), "STACK")
    yield AuditFinding(
        kind="unfinished",
        severity=Severity.LOW,
        text="an update is under way or was killed: it isn't in the engine's history, so edits of the state "
        "can't be detected",
        remedy=f"wait for it; where it was killed, `{project.commands().update} -s {stack}` goes on from where it "
        "stopped",
    )


def _edited(
    state: Mapping[str, Any], history: Sequence[Mapping[str, Any]], last: Entry | None
) -> Iterator[AuditFinding]:
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
    left = sorted(last.others.keys() - {str(each["urn"]) for each in resources_of(state)})
    text = f": {'; '.join(parts)}" if parts else "; no durable store is concerned"
    if left:
        named = ", ".join(urn.rpartition("::")[2] for urn in left[:NAMED])
        text += f"; {len(left)} {'other resource' if len(left) == 1 else 'other resources'} left: {named}" + (
            f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
        )
    stack = next((urn.split("::", 1)[0].rpartition(":")[2] for urn in (*left, *before)), "STACK")
    back = (
        f"; what left and is still there comes back with: {project.commands().take_back or 'pulumi import'} -s {stack} "
        "(the rest is made by the next update)"
        if gone or left
        else ""
    )
    yield AuditFinding(
        kind="state-edited",
        severity=Severity.HIGH,
        text=f"the state was edited outside of any update since {last.at:%Y-%m-%d %H:%M} UTC{text}",
        remedy=f"find who ran `pulumi state …` or `pulumi stack import`{back}",
    )


def _not_asked(account: Account, stores: Mapping[str, Guarded]) -> Iterator[AuditFinding]:
    """Stores that neither account nor cluster could be asked about."""
    clusters = {urn: why for urn, why in account.unasked.items() if urn in stores and is_kubernetes(stores[urn].type)}
    if others := [why for urn, why in account.unasked.items() if urn not in clusters]:
        yield AuditFinding(
            kind="not-asked",
            severity=Severity.LOW,
            text=f"whether it is in the account isn't known: {others[0]}{_more(others)}",
            remedy="run the audit again with credentials that may describe it",
        )
    if silent := list(clusters.values()):
        yield AuditFinding(
            kind="cluster-not-asked",
            severity=Severity.UNKNOWN,
            text=f"whether it is in the cluster isn't known: {silent[0]}{_more(silent)}",
            remedy="run the audit again where the provider's kubeconfig and context lead to the cluster",
        )


def _more(found: Sequence[str]) -> str:
    return f" (and {len(found) - 1} more)" if len(found) > 1 else ""


def _pack(state: Mapping[str, Any], history: Sequence[Mapping[str, Any]], last: Entry | None) -> Iterator[AuditFinding]:
    """Updates since the ledger's last entry that our policy pack didn't judge, or not certainly."""
    unseen = 0
    for update in updates.since(history, last.engine_start if last else None):
        called = f"the {update['kind']} of {update['startTime']}"
        if updates.lowered(update):
            yield AuditFinding(
                kind="pack-lowered",
                severity=Severity.HIGH,
                text=f"{called} gave the policy pack a configuration of its own",
                remedy="what a stack asks of the pack belongs into its settings: update again without it",
            )
            unseen += updates.ENVIRONMENT not in (update.get("environment") or {})
            continue
        # A destroy loads no pack in any case; there the hooks judge.
        if update["kind"] != "update" or not updates.changed(update) or updates.judged(update):
            continue
        unseen += updates.ENVIRONMENT not in (update.get("environment") or {})
        named = updates.named(update)
        yield _skipped(
            f"{called} named a policy pack on the command line: which one isn't recorded"
            if named
            else f"{called} ran without the policy pack"
        )
    others = pack.count(stack_outputs_of(state)) - (last.without_pack if last else 0) - unseen
    if others > 0:
        yield _skipped(
            f"{others} {'update' if others == 1 else 'updates'} ran with another policy pack or with an empty "
            f"{pack.VARIABLE}"
        )


def _skipped(text: str) -> AuditFinding:
    return AuditFinding(
        kind="pack-skipped",
        severity=Severity.LOW,
        text=text,
        remedy=f"apply the pack to every update: `{project.current().lead_to_pack()}`; a preview shows its verdict",
    )


def _ledger(
    state: Mapping[str, Any], history: Sequence[Mapping[str, Any]], last: Entry | None, around: Surroundings
) -> Iterator[AuditFinding]:
    """A ledger that was changed, is missing, or lies elsewhere."""
    closed = {(each.kind, each.subject) for entry in around.chain.entries for each in entry.closed}
    for subject, text in around.chain.faults.items():
        if ("ledger-changed", subject) not in closed:
            yield AuditFinding(
                kind="ledger-changed",
                severity=Severity.HIGH,
                text=text,
                remedy=f"find out who did it; `aws s3api list-object-versions --bucket {around.bucket}` shows what was",
                subject=subject,
            )
    start = newest(history)
    settled = {
        (each.kind, each.subject)
        for entry in around.chain.entries
        if entry.engine_start == start
        for each in entry.closed
    }
    others = [bucket for bucket in _buckets(state, history, last, around) if bucket != around.bucket]
    for bucket in others if around.bucket else ():
        if ("recovery-bucket", bucket) not in settled:
            yield AuditFinding(
                kind="recovery-bucket",
                severity=Severity.HIGH,
                text=f"the stack's ledger and recovery points lie in {bucket}, and its settings name {around.bucket}",
                remedy=f"name the one from before again: {project.current().name_bucket(bucket)}",
                subject=bucket,
            )
    deployed = sum(map(updates.changed, history)) - around.own
    if around.bucket and last is None and not others and deployed > 0 and not around.chain.faults:
        yield AuditFinding(
            kind="ledger-missing",
            severity=Severity.HIGH,
            text=f"there is no ledger in {around.bucket}, though the stack was updated {deployed} times before",
            remedy="find out who deleted it; where only `pulumi up` ever updated the stack, there never was one",
            subject=around.bucket,
        )


def _buckets(
    state: Mapping[str, Any], history: Sequence[Mapping[str, Any]], last: Entry | None, around: Surroundings
) -> list[str]:
    """Every recovery bucket that the stack remembers since the last entry."""
    exported = (stack_outputs_of(state).get("guard") or {}).get("recoveryBucket")
    told = [str(exported)] if exported else []
    told += [last.bucket] if last is not None and last.bucket else []
    told += updates.buckets(list(updates.since(history, last.engine_start if last else None)), around.default_bucket)
    return [bucket for bucket in dict.fromkeys(told) if bucket]
