"""Durable stores: nothing that holds data is deleted or replaced by accident.

The types are ``guard.durable``'s. Deletes themselves no policy ever hears of: the guard's hook stops them, and the
component ``rollback:guard:Plan`` tells the policies here what this update removes and replaces, before it does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from pydantic import Field

from core.model import Model
from guard.decision import concerning, is_let_go
from guard.durable import DurableTypes, durable, is_durable
from guard.marks import PLAN, SETTLED, guard_digest
from policies import backups
from policies import belts as account
from policies.belts import Belted
from policies.rule import NoConfig, PolicyContext, PolicyViolation, ResourceRule, Rule, Severity, StackRule
from policies.subject import UNKNOWN, Resource, Stack, dig, items, known
from policies.values import is_on, number

BUCKETS = account.BUCKETS
VERSIONING = ("aws:s3/bucketVersioning:BucketVersioning", "aws:s3/bucketVersioningV2:BucketVersioningV2")


class Belts(Model):
    """What a database has to keep."""

    backup_days: Annotated[int, Field(ge=1, le=35)] = 7
    """Days of automatic backups; 35 is RDS's own limit."""


def protected(resource: Resource, _config: NoConfig, facts: PolicyContext) -> Iterator[str]:
    """Protected and replaced delete-first, or approved to go."""
    if not _holds(resource) or _let_go(resource, facts):
        return
    if not resource.protect:
        yield f"{resource.name} holds data and isn't protected"
    if facts.live and resource.delete_before_replace is not True:
        said = "doesn't set deleteBeforeReplace: an empty replacement would take over first"
        yield f"{resource.name} holds data and {said}"


def belts(resource: Resource, config: Belts, facts: PolicyContext) -> Iterator[str]:
    """What the cloud itself offers against loss is on; its locks alone may be open once a delete is approved."""
    if resource.custom:
        for fault in account.faults(resource, config.backup_days, let_go=_let_go(resource, facts)):
            yield f"{resource.name}: {fault}"


def _holds(resource: Resource) -> bool:
    """Whether it has to be protected: components hold nothing, and what an approval alone lets go isn't protected."""
    holds = durable(resource.type)
    return resource.custom and holds is not None and not holds.approval_only


def _let_go(resource: Resource, facts: PolicyContext) -> bool:
    """Whether somebody has approved that this store goes, or the bucket above it whose versioning it is."""
    stores = concerning(resource.urn, resource.type, resource.parent)
    return is_let_go(facts.approvals, stores, facts.now)


def versioned(stack: Stack, _config: NoConfig, _facts: PolicyContext) -> Iterator[PolicyViolation]:
    """Every bucket has its versioning, and it is enabled."""
    kept: set[str] = set()
    for versioning in stack.of(*VERSIONING):
        status = versioning.get("versioningConfiguration.status")
        buckets = stack.sources(versioning, "bucket", *BUCKETS)
        if known(status) and status != "Enabled":
            yield PolicyViolation(f"{versioning.name}: the versioning of a bucket is {status}, not Enabled", versioning)
        kept |= {bucket.urn for bucket in buckets}
        if isinstance(name := versioning.get("bucket"), str):
            kept.add(name)
    for bucket in stack.of(*BUCKETS):
        own = bucket.get("versioning.enabled")
        if not kept.intersection((bucket.urn, str(bucket.get("bucket")))) and not is_on(own) and own is not UNKNOWN:
            yield PolicyViolation(f"{bucket.name}: the bucket has no BucketVersioning", bucket)


def is_current(plan: Resource, facts: PolicyContext) -> bool:
    """Whether a plan tells of this very update: one of an earlier update was judged then (``guard.plan``)."""
    return facts.live and SETTLED not in plan.ignore_changes


def refused(entries: str, outcome: str) -> Any:
    """A check of the Plan component: a violation for each store that it refuses to let go."""

    def check(plan: Resource, _config: NoConfig, facts: PolicyContext) -> Iterator[str]:
        for entry in items(plan.get(entries)) if is_current(plan, facts) else ():
            refusal = dig(entry, "refusal")
            if refusal is not None:
                said = refusal if known(refusal) else "whether it may go can't be known in a preview"
                yield f"{dig(entry, 'name')} would be {outcome}: {said}\n{dig(entry, 'urn')}"

    return check


def guard_present(stack: Stack, _config: NoConfig, _facts: PolicyContext) -> Iterable[PolicyViolation]:
    """The guard's plan is declared, and knows every durable store.

    What the program only reads (``Resource.get``) is in the stack as well, unprotected, and isn't counted by the plan.
    """
    stores = [resource for resource in stack.resources if is_durable(resource.type) and resource.custom]
    plans = list(stack.of(PLAN))
    if not stores:
        return
    if len(plans) != 1:
        yield PolicyViolation(
            f"{len(stores)} durable stores are declared and {len(plans)} components {PLAN}; one is wanted"
        )
        return
    if plans[0].get("guard") != guard_digest():
        yield PolicyViolation(
            "the plan comes from a guard that isn't this pack's: the program registers another one, or none", plans[0]
        )
    told, least = plans[0].get("durable"), sum(resource.protect for resource in stores)
    count = number(told)
    if count is None or not least <= count <= len(stores):
        yield PolicyViolation(
            f"the plan counts {told} durable stores, but {least} protected ones are declared", plans[0]
        )


_APPROVE = (
    "Keep the store in the program for now: approve that it goes "
    "(`{guard} approve NAME --action delete --by NAME --reason TEXT -s STACK`), unlock it with "
    "`{update} -s STACK`, make a recovery point (`{recovery} make NAME -s STACK`), and take it out of the "
    "program then (docs/guard.md)."
)

RULES: tuple[Rule, ...] = (
    ResourceRule(
        name="durable-store-protected",
        description="Whatever holds data is protected, and replaced delete-first.",
        severity=Severity.CRITICAL,
        remedy=(
            "Register the guard's transform before anything is declared, and set no option against it; a store that "
            "is meant to go needs an approval (docs/guard.md)."
        ),
        types=DurableTypes(),
        check=protected,
        locked=True,
    ),
    ResourceRule(
        name="durable-store-belts",
        description=(
            "Stores have what the cloud offers against loss: deletion protection, backups, encryption, final snapshots."
        ),
        severity=Severity.CRITICAL,
        remedy=(
            "Set deletionProtectionEnabled and pointInTimeRecovery on a table; deletionProtection, storageEncrypted, "
            "skipFinalSnapshot=false and backupRetentionPeriod on a database; no forceDestroy, no recovery window of "
            "0."
        ),
        types=Belted(),
        check=belts,
        config=Belts,
        locked=True,
    ),
    StackRule(
        name="durable-bucket-versioned",
        description="Every bucket is versioned.",
        severity=Severity.CRITICAL,
        remedy="Declare a BucketVersioning with the status Enabled for the bucket.",
        check=versioned,
        locked=True,
    ),
    ResourceRule(
        name="durable-store-removal",
        description="No durable store leaves the program without a recovery point and an approval.",
        severity=Severity.CRITICAL,
        remedy=_APPROVE,
        types=frozenset({PLAN}),
        check=refused("removals", "deleted"),
        locked=True,
    ),
    ResourceRule(
        name="durable-store-replacement",
        description="No durable store is replaced without a recovery point and an approval.",
        severity=Severity.CRITICAL,
        remedy=(
            "Undo the change of what makes the store another one (an alias keeps a store that only changed its name "
            "in the program), or make a recovery point and approve the operation (docs/guard.md)."
        ),
        types=frozenset({PLAN}),
        check=refused("replacements", "replaced"),
        locked=True,
    ),
    StackRule(
        name="guard-present",
        description="Where anything holds data, the guard's plan is declared and counts every store.",
        severity=Severity.CRITICAL,
        remedy="Declare the guard's Plan once, at the end of the program, whichever release runs.",
        check=guard_present,
        locked=True,
    ),
    *backups.RULES,
)
