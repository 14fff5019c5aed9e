"""Kubernetes workloads: watched, bounded, more than one, and not drained all at once.

Sources: Kubernetes, "Configure Liveness, Readiness and Startup Probes", "Resource Management for Pods and Containers",
"Sidecar Containers", "Ephemeral Containers".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import Field

from core.model import Model
from policies import budgets, privileges, rollouts, weights
from policies.pods import CANARY, WORKLOADS, Container, all_workloads, containers, has, labels, workloads
from policies.quantities import quantity
from policies.rule import NoConfig, PolicyContext, PolicyViolation, ResourceRule, Rule, Severity, StackRule
from policies.scaling import least_pods
from policies.subject import UNKNOWN, Resource, Stack, dig, known

MEBIBYTE = 1024 * 1024
ACTIONS: Final = ("exec", "grpc", "httpGet", "tcpSocket")
"""How a probe may ask."""


class Replicas(Model):
    """How many pods a workload has at the least."""

    min_replicas: Annotated[int, Field(ge=1, le=1_000)] = 3
    """Pods, at the least (runbook rag-api, verification checklist)."""
    canary: dict[str, str] = CANARY
    """Labels of pods that are meant to be few."""


def probed(resource: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """Every container says whether it is ready, and whether it lives. An empty probe says nothing."""
    for workload in workloads(resource):
        for container in containers(workload) if workload.long_running and not workload.of.partial else ():
            if container.kind == "containers" or container.sidecar:
                for probe in ("readinessProbe", "livenessProbe"):
                    if not _asks(container.get(probe)):
                        yield f"{container.name} has no {probe}"


def _asks(probe: object) -> bool:
    """Whether a probe says how the container is asked; times alone ask nothing."""
    return probe is UNKNOWN or any(dig(probe, action) is not None for action in ACTIONS)


def bounded(resource: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """Every container says what it needs, and what it may take at the most, by itself or with its pod.

    A limit alone is a request as well. Ephemeral containers can have neither.
    """
    for workload in workloads(resource):
        for container in containers(workload):
            if container.kind != "ephemeralContainers":
                for what in ("cpu", "memory"):
                    faults = _bounds(container, what, workload.of.partial)
                    yield from (f"{container.name} {fault}" for fault in faults)


def _bounds(container: Container, what: str, partial: bool) -> Iterator[str]:
    own = {bound: container.get(f"resources.{bound}.{what}") for bound in ("requests", "limits")}
    found = {
        bound: dig(container.pod, f"resources.{bound}.{what}") if each is None else each for bound, each in own.items()
    }
    if found["requests"] is None:
        found["requests"] = found["limits"]
    for bound, each in found.items():
        if each is None:
            if not partial:
                yield f"has no {bound} for {what}"
            continue
        figure = quantity(each)
        if not known(each):
            continue
        if figure is None:
            yield f"has {each!r} as {bound} for {what}, which is no quantity"
        elif figure <= 0:
            yield f"has no {bound} for {what}: 0 is none"
        elif what == "memory" and figure < MEBIBYTE:
            yield f"has {bound} of {figure:g} bytes for memory ({each}): Mi or Gi is missing"
    least, most = (quantity(own[bound]) for bound in ("requests", "limits"))
    if least is not None and most is not None and least > most > 0:
        yield f"requests more {what} than its limit"


def enough(stack: Stack, config: Replicas, _facts: PolicyContext) -> Iterator[PolicyViolation]:
    """Every workload has enough pods, by itself or by its autoscaler. One scaled to nothing takes no traffic."""
    for workload, found in least_pods(stack, all_workloads(stack)).items():
        if found is None or workload.get("spec.replicas") == 0 or has(labels(workload), config.canary):
            continue
        if found < config.min_replicas:
            yield PolicyViolation(
                f"{workload.name} may run on {found:g} pods; at least {config.min_replicas} are wanted",
                workload.resource,
            )


RULES: tuple[Rule, ...] = (
    ResourceRule(
        name="workload-probes",
        description="Every container has a readiness and a liveness probe.",
        severity=Severity.MEDIUM,
        remedy=(
            "Add both probes: without readiness a rollout can't fail, and without liveness a pod that hangs stays."
        ),
        types=WORKLOADS,
        check=probed,
    ),
    ResourceRule(
        name="workload-resources",
        description="Every container has requests and limits for CPU and memory.",
        severity=Severity.MEDIUM,
        remedy=(
            "Set resources.requests and resources.limits: the way back needs room, and a leak must not take a node "
            "along."
        ),
        types=WORKLOADS,
        check=bounded,
    ),
    *privileges.RULES,
    StackRule(
        name="workload-replicas",
        description="Every workload runs on enough pods.",
        severity=Severity.MEDIUM,
        remedy=(
            "Raise spec.replicas, or minReplicas of its HorizontalPodAutoscaler; lower minReplicas in the stack's "
            "settings where one pod is enough."
        ),
        check=enough,
        config=Replicas,
    ),
    *budgets.RULES,
    *rollouts.RULES,
    *weights.RULES,
)
