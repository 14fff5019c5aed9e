"""Rollouts of workloads: the last revisions are kept, and the move to another one goes on by itself, pod by pod.

A rollback of a Deployment is a rollout to an older revision, by the same strategy as any other.
Sources: Kubernetes, "Deployments" (Clean up Policy, Strategy, Pausing and Resuming), "StatefulSets" (Update
strategies), "Perform a Rolling Update on a DaemonSet"; API references of apps/v1beta1 and extensions/v1beta1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from pydantic import Field

from core.model import Model
from policies.pods import DAEMON_SET, DEPLOYMENT, STATEFUL_SET, WORKLOADS, Workload, workloads
from policies.quantities import percent, share
from policies.rule import NoConfig, PolicyContext, ResourceRule, Severity
from policies.subject import Resource, known
from policies.values import is_on, number

KEPT: Final[Mapping[tuple[str, str, str], int]] = {("apps", "v1beta1", DEPLOYMENT): 2}
"""Revisions that are kept where nothing is said, if not 10."""
BY_HAND: Final = frozenset({("apps", "v1beta1", STATEFUL_SET), ("extensions", "v1beta1", DAEMON_SET)})
"""Where nothing is said, their pods are replaced only after somebody has deleted them."""
DEADLINE: Final = 600
"""Seconds: the progress deadline where nothing is said."""
NO_DEADLINE: Final = 2**31 - 1
"""The progress deadline that means none."""
WHOLE: Final = 100


class Revisions(Model):
    """How many older revisions are kept."""

    min_revisions: Annotated[int, Field(ge=1, le=100)] = 1
    """Earlier revisions that are kept: one is enough to undo the last rollout."""


def revisions_kept(resource: Resource, config: Revisions, _facts: PolicyContext) -> Iterator[str]:
    """Every workload keeps the revisions that it can be rolled back to."""
    for workload in workloads(resource):
        if not _has_revisions(workload):
            continue
        given = workload.get("spec.revisionHistoryLimit")
        if given is None and workload.of.partial:
            continue
        of = workload.of
        usual = KEPT.get((of.group, of.version, of.kind), 10)
        limit = number(usual if given is None else given)
        if limit is not None and limit < config.min_revisions:
            yield (
                f"{workload.name} keeps {limit:g} older revisions, at least {config.min_revisions} "
                "wanted: it can't be rolled back (revisionHistoryLimit)"
            )


def rolling(resource: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """Every workload moves to another revision by itself, and some of its pods serve meanwhile."""
    for workload in workloads(resource):
        if workload.is_deployment:
            faults = _of_deployment(workload)
        elif _has_revisions(workload):
            faults = _of_set(workload)
        else:
            continue
        yield from (f"{workload.name} {fault}" for fault in faults)


def _has_revisions(workload: Workload) -> bool:
    return workload.is_deployment or workload.of.kind in (STATEFUL_SET, DAEMON_SET)


def _of_deployment(workload: Workload) -> Iterator[str]:
    if is_on(workload.get("spec.paused")):
        yield "is paused: it doesn't roll out another revision, and can't be rolled back"
    if workload.get("spec.strategy.type") == "Recreate":
        yield "stops all its pods before it starts others (strategy Recreate)"
    for strategy in ("rollingUpdate", "canary"):
        yield from _all_at_once(workload, f"spec.strategy.{strategy}.maxUnavailable", up=False)
    given, ready = workload.get("spec.progressDeadlineSeconds"), number(workload.get("spec.minReadySeconds"))
    deadline = number(DEADLINE if given is None and ready and not workload.of.partial else given)
    if deadline is not None and deadline >= NO_DEADLINE:
        yield "never reports a rollout that hangs (progressDeadlineSeconds is the value that means none)"
    elif deadline is not None and deadline <= (ready or 0):
        yield f"gives a rollout up after {deadline:g} seconds, before a pod counts as available (minReadySeconds)"


def _of_set(workload: Workload) -> Iterator[str]:
    of, kind = workload.of, workload.get("spec.updateStrategy.type")
    usual = kind is None and not of.partial and (of.group, of.version, of.kind) in BY_HAND
    if kind == "OnDelete" or (usual and known(workload.get("spec"))):
        yield "replaces no pod until somebody deletes it (updateStrategy OnDelete)"
        return
    rolling = "spec.updateStrategy.rollingUpdate"
    yield from _all_at_once(workload, f"{rolling}.maxUnavailable", up=True)
    partition, replicas = number(workload.get(f"{rolling}.partition")), workload.get("spec.replicas")
    if partition and (pods := number(1 if replicas is None and not of.partial else replicas)) and partition >= pods:
        yield f"updates none of its {pods:g} pods (partition {partition:g})"


def _all_at_once(workload: Workload, path: str, *, up: bool) -> Iterator[str]:
    bound, pods = workload.get(path), number(workload.get("spec.replicas"))
    gone = share(bound, pods, up=up) if pods is not None else None
    # The only pod of a StatefulSet has to go before the other comes, whatever is said; a Deployment can have both.
    alone = 1 if up else 0
    if (percent(bound) or 0) >= WHOLE or (gone is not None and pods is not None and gone >= pods > alone):
        yield f"may stop all its pods at once (maxUnavailable {bound if isinstance(bound, str) else f'{gone:g}'})"


RULES = (
    ResourceRule(
        name="workload-revision-history",
        description="Every workload keeps older revisions to go back to.",
        severity=Severity.HIGH,
        remedy="Leave revisionHistoryLimit out (10 are kept), or set it to 1 or more.",
        types=WORKLOADS,
        check=revisions_kept,
        config=Revisions,
    ),
    ResourceRule(
        name="workload-rollout",
        description="Every workload moves to another revision by itself, and keeps some of its pods meanwhile.",
        severity=Severity.HIGH,
        remedy=(
            "Use RollingUpdate with a maxUnavailable below the replicas and without a partition; don't pause, and "
            "leave a progress deadline."
        ),
        types=WORKLOADS,
        check=rolling,
    ),
)
