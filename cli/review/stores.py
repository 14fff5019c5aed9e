"""Durable stores: which of them an update would take away, and how well each could be restored."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from cli.review.changes import OPS
from cli.review.model import Risk, Secured
from cli.review.preview import Failure, Preview
from cli.review.resources import Resources
from core.urn import name_of, type_of
from guard.approvals import Action, Approval, find
from guard.durable import Kind, durable, is_durable, physical_name
from guard.marks import PLAN
from guard.recovery.catalogue import Catalogue
from guard.recovery.judgement import SKEW
from guard.recovery.makers import MAKERS
from guard.recovery.place import in_reach
from guard.recovery.points import LocatedStore, RecoveryPoint, make_command, verify_command
from guard.recovery.stores import stores

READERS = 8
"""Stores that are looked up in the catalogue side by side: each is two requests."""
HOOK = re.compile(r'^Preview failed: before hook "[^"]*" failed: ')
"""What the engine puts before a hook's own words."""
PROTECTED = "marked for protection"
"""The engine's words for a resource that the guard protects; it goes on to advise that the protection be removed."""
LOSES = "changed with a loss"
"""What is said of a store that stays, and loses some of its data by a change in place."""
OUTCOMES = {"losses": LOSES, "removals": "deleted", "replacements": "replaced"}
"""The lists of the guard's plan; of a store that is in two of them the later one counts."""
BLOCKED = {"delete": "deleted", "replace": "replaced"}


def risks(preview: Preview, resources: Resources, approvals: Iterable[Approval], now: datetime) -> tuple[Risk, ...]:
    """Every durable store that the update would delete or replace, those that may go among them.

    ``resources``: the preview's over the state's, since a step that the engine refuses isn't in a preview.

    What the guard's plan says comes with evidence. The engine may know of more: a store that moved without an alias, or
    a change that only the provider takes for a replacement; those have what stopped the preview as their refusal.
    """
    going = {str(step["urn"]) for step in preview.steps if OPS.get(str(step["op"])) in BLOCKED}
    changing = {str(step["urn"]) for step in preview.steps if str(step["op"]) in OPS}
    concerned = going | {failure.urn for failure in preview.failures}
    planned = (
        risk
        for risk in _planned(preview, resources)
        if risk.refusal is not None or risk.urn in (changing if risk.outcome == LOSES else concerned)
    )
    found = {risk.urn: risk for risk in planned}
    given = tuple(approvals)
    for step in preview.steps:
        urn, outcome = str(step["urn"]), BLOCKED.get(OPS.get(str(step["op"]), ""))
        if outcome and urn not in found and _concerns(type_of(urn), outcome) and _custom(step):
            refusal = _refusal(preview, urn, outcome, given, now)
            found[urn] = _unplanned(urn, outcome, step.get("oldState") or {}, refusal, resources)
    for failure in preview.failures:
        urn = failure.urn or ""
        if urn not in found and is_durable(type_of(urn)) and _about_loss(failure.message):
            outcome = _outcome(failure.message.partition("\n")[0])
            old = resources.states.get(urn, {})
            found[urn] = _unplanned(urn, outcome, old, _said(failure), resources)
    return tuple(sorted(found.values(), key=lambda risk: (risk.refusal is None, risk.system, risk.name)))


def _planned(preview: Preview, resources: Resources) -> Iterator[Risk]:
    """What the component ``rollback:guard:Plan`` tells. Where nothing goes, it is the plan of the last time."""
    plans = [step.get("newState") or {} for step in preview.steps if type_of(str(step["urn"])) == PLAN]
    for inputs in (plan.get("inputs") or {} for plan in plans):
        for entries, outcome in OUTCOMES.items():
            for entry in inputs.get(entries) or ():
                evidence = entry.get("evidence") or {}
                point, approval = evidence.get("recoveryPoint") or {}, evidence.get("approval") or {}
                yield Risk(
                    name=entry["name"],
                    kind=entry["kind"],
                    system=entry["system"],
                    urn=entry["urn"],
                    outcome=outcome,
                    changed=tuple(entry.get("changed") or (str(loss["path"]) for loss in entry.get("losses") or ())),
                    refusal=entry.get("refusal"),  # the engine drops what is null
                    recovery_point=point.get("id"),
                    approved_by=approval.get("by"),
                    source=resources.source(entry["urn"]),
                )


def _unplanned(urn: str, outcome: str, old: Mapping[str, Any], refusal: str | None, resources: Resources) -> Risk:
    token = type_of(urn)
    holds = durable(token)
    name = physical_name(token, old.get("inputs"), old.get("id") or name_of(urn))
    if refusal is not None and PROTECTED in refusal:
        refusal = _protected(name, urn, outcome)
    return Risk(
        name=name,
        kind=holds.kind if holds else Kind.UNKNOWN,
        system=resources.system(urn),
        urn=urn,
        outcome=outcome,
        changed=(),
        refusal=refusal,
        recovery_point=None,
        approved_by=None,
        source=resources.source(urn),
    )


def _refusal(preview: Preview, urn: str, outcome: str, approvals: tuple[Approval, ...], now: datetime) -> str | None:
    """What stopped the step; an approval where nothing did, since the guard's hook let it pass only with one."""
    if stopped := next((_said(each) for each in preview.failures if each.urn == urn), None):
        return stopped
    action = Action.DELETE if outcome == "deleted" else Action.REPLACE
    if find(approvals, urn, action, now) is not None:
        return None
    return f"it would be {outcome}, the guard's plan doesn't mention it, and it isn't approved"


def _said(failure: Failure) -> str:
    """The refusal: the guard's hook has two lines, of which the second is a command; the engine's own are one."""
    own = HOOK.sub("", failure.message)
    return failure.line if own == failure.message else own


def _protected(name: str, urn: str, outcome: str) -> str:
    """A refusal in the guard's two lines: why, and the commands by which a store may go all the same."""
    action, stack, word = ("delete" if outcome == "deleted" else "replace"), urn.split(":")[2], shlex.quote(name)
    return (
        f"{name}: the program forces the engine to {action} it, and it is protected; take the change back, or make a "
        f"recovery point and approve\n"
        f"rollback recovery make {word} -s {stack} && "
        f"rollback guard approve {word} --action {action} --by NAME --reason TEXT -s {stack}"
    )


def _outcome(message: str) -> str:
    """What the engine was about to do, by the first line of what it or a hook says."""
    if "would lose data" in message:
        return LOSES
    return "deleted" if "delete" in message else "replaced"


def _about_loss(message: str) -> bool:
    """Whether the engine refused a delete or a replacement: protection and hooks do, in these words."""
    return any(word in message for word in (PROTECTED, "before hook", "cannot be deleted"))


def secured(
    state: Mapping[str, Any], catalogue: Catalogue, resources: Resources, now: datetime | None = None
) -> tuple[Secured, ...]:
    """How well each store of a state could be restored, by the newest record of its recovery points.

    Stores are neither read nor counted: the guard does that when one is about to go. Those without copies of their own
    (``guard.recovery.judgement.ELSEWHERE``) are left out. Raises ``ServiceError`` where the catalogue can't be read.
    """
    known = [in_reach(store) for store in stores(state, catalogue.region) if store.kind in MAKERS]
    at = now or datetime.now(UTC)
    with ThreadPoolExecutor(READERS) as pool:
        points = list(pool.map(catalogue.evidence, known))
    return tuple(_secured(store, point, at, resources) for store, point in zip(known, points, strict=True))


def _secured(store: LocatedStore, point: RecoveryPoint | None, now: datetime, resources: Resources) -> Secured:
    fault, remedy = _fault(store, point, now)
    return Secured(
        name=store.name, kind=Kind(store.kind), system=resources.system(store.urn), fault=fault, remedy=remedy
    )


def _fault(store: LocatedStore, point: RecoveryPoint | None, now: datetime) -> tuple[str | None, str | None]:
    if point is None:
        return "no recovery point", make_command(store)
    if point.fault is not None:
        return f"the newest recovery point is damaged ({point.fault})", make_command(store)
    age, bound = now - point.made_at, _bound(store.type)
    if age < -SKEW:
        return "the newest recovery point was made in the future: a clock is wrong", make_command(store)
    if age >= bound:
        hours, most = age.total_seconds() / 3600, bound.total_seconds() / 3600
        which = "verified recovery point" if point.verified_at else "recovery point"
        return f"the newest {which} is {hours:.0f} h old, the bound is {most:.0f} h", make_command(store)
    if point.verified_at is None:
        return "the newest recovery point was never read back", verify_command(point)
    return None, None


def _bound(token: str) -> timedelta:
    holds = durable(token)
    return holds.bound if holds else timedelta()


def _concerns(token: str, outcome: str) -> bool:
    """Whether a store would be lost: the program's own values may take the place of its older ones."""
    holds = durable(token)
    return holds is not None and not (holds.renewable and outcome == "replaced")


def _custom(step: Mapping[str, Any]) -> bool:
    """Whether a step is about a resource of a provider, and not about a component, which holds nothing itself."""
    return bool((step.get("oldState") or step.get("newState") or {}).get("custom", True))
