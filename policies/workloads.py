"""Kubernetes workloads: watched, bounded, more than one, and not drained all at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from policies.pods import APPS, CANARY, LONG_RUNNING, WORKLOADS, containers, has, labels, namespace, template
from policies.rule import Facts, Finding, NoConfig, ResourceRule, Severity, StackRule
from policies.subject import Resource, Stack, dig, items, known
from policies.weights import SPLITS, weighed
from stacks.model import Model

DEPLOYMENT = f"{APPS}Deployment"
AUTOSCALERS = ("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "kubernetes:autoscaling/v1:HorizontalPodAutoscaler")
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"


class Replicas(Model):
    """How many pods a Deployment has at the least."""

    min_replicas: Annotated[int, Field(ge=1, le=1_000)] = 3
    """3 is the figure of seed 001, "Verification Checklist"."""
    canary: dict[str, str] = CANARY
    """Labels of pods that are meant to be few."""


class Budgets(Model):
    """Which Deployments need no budget."""

    canary: dict[str, str] = CANARY
    """Labels of pods that are meant to be few."""


def probed(workload: Resource, _config: NoConfig, _facts: Facts) -> Iterator[str]:
    """Every container says whether it is ready, and whether it lives."""
    for name, container in containers(workload, initial=False):
        for probe in ("readinessProbe", "livenessProbe"):
            if container.get(probe) is None:
                yield f"{name} has no {probe}"


def bounded(workload: Resource, _config: NoConfig, _facts: Facts) -> Iterator[str]:
    """Every container says what it needs, and what it may take at the most."""
    for name, container in containers(workload):
        for bound in ("requests", "limits"):
            for what in ("cpu", "memory"):
                if dig(container, f"resources.{bound}.{what}") is None:
                    yield f"{name} has no {bound} for {what}"


def unprivileged(workload: Resource, _config: NoConfig, _facts: Facts) -> Iterator[str]:
    """No container gets rights over its node."""
    spec = dig(template(workload), "spec")
    for shared in ("hostNetwork", "hostPID", "hostIPC"):
        if dig(spec, shared) is True:
            yield f"{workload.name} shares the node's {shared.removeprefix('host').lower()}"
    for name, container in containers(workload):
        context = container.get("securityContext")
        if dig(context, "privileged") is True:
            yield f"{name} is privileged"
        elif dig(context, "allowPrivilegeEscalation") in (True, None):
            yield f"{name} may gain privileges: allowPrivilegeEscalation has to be false"
        gained = {str(each) for each in items(dig(context, "capabilities.add"))} & {"ALL", "SYS_ADMIN"}
        if gained:
            yield f"{name} has the capability {', '.join(sorted(gained))}"


def enough(stack: Stack, config: Replicas, _facts: Facts) -> Iterator[Finding]:
    """Every Deployment has enough pods, by itself or by its autoscaler. One scaled to nothing takes no traffic."""
    scaled = {workload: least for scaler in stack.of(*AUTOSCALERS) for workload, least in _scales(stack, scaler)}
    for workload in stack.of(DEPLOYMENT):
        own = workload.get("spec.replicas")
        keys = (workload.urn, (namespace(workload), str(workload.get("metadata.name"))))
        found = next((scaled[key] for key in keys if key in scaled), 1 if own is None else own)
        if not isinstance(found, int | float) or own == 0 or has(labels(workload), config.canary):
            continue
        if found < config.min_replicas:
            yield Finding(
                f"{workload.name} may run on {found:g} pods; at least {config.min_replicas} are wanted", workload
            )


def _scales(stack: Stack, scaler: Resource) -> Iterator[tuple[object, Any]]:
    """What an autoscaler is for, by its name and where its name comes from, and the least it leaves."""
    least = scaler.get("spec.minReplicas")
    least = 1 if least is None else least
    target = scaler.get("spec.scaleTargetRef.name")
    if isinstance(target, str):
        yield (namespace(scaler), target), least
    else:
        yield from ((workload.urn, least) for workload in stack.sources(scaler, "spec", DEPLOYMENT))


def budgeted(stack: Stack, config: Budgets, _facts: Facts) -> Iterator[Finding]:
    """Every Deployment's pods are under a PodDisruptionBudget that leaves some of them in a drain."""
    budgets: defaultdict[object, list[Mapping[str, Any]]] = defaultdict(list)
    for budget in stack.of(BUDGET):
        selected = budget.get("spec.selector.matchLabels")
        if isinstance(selected, Mapping) and selected:
            budgets[namespace(budget)].append(selected)
        if str(budget.get("spec.maxUnavailable")) in ("0", "0%") or str(budget.get("spec.minAvailable")) == "100%":
            yield Finding(f"{budget.name} lets no pod go, so that no node can ever be drained", budget)
    for workload in stack.of(DEPLOYMENT):
        pods, where = labels(workload), namespace(workload)
        if workload.get("spec.replicas") == 0 or has(pods, config.canary) or not known(where):
            continue
        if not any(has(pods, selected) for selected in budgets[where]):
            yield Finding(f"{workload.name} has no PodDisruptionBudget that selects its pods", workload)


RULES = (
    ResourceRule(
        "workload-probes",
        "Every container has a readiness and a liveness probe.",
        Severity.MEDIUM,
        "Add both probes: without readiness a rollout can't fail, and without liveness a pod that hangs stays.",
        frozenset(LONG_RUNNING),
        probed,
    ),
    ResourceRule(
        "workload-resources",
        "Every container has requests and limits for CPU and memory.",
        Severity.MEDIUM,
        "Set resources.requests and resources.limits: the way back needs room, and a leak must not take a node along.",
        frozenset(WORKLOADS),
        bounded,
    ),
    ResourceRule(
        "workload-unprivileged",
        "No container has rights over its node.",
        Severity.HIGH,
        "Set allowPrivilegeEscalation to false; drop privileged, the host's namespaces and SYS_ADMIN.",
        frozenset(WORKLOADS),
        unprivileged,
    ),
    StackRule(
        "workload-replicas",
        "Every Deployment runs on enough pods.",
        Severity.MEDIUM,
        "Raise spec.replicas, or minReplicas of its HorizontalPodAutoscaler; lower minReplicas in the stack's settings "
        "where one pod is enough.",
        enough,
        config=Replicas,
    ),
    StackRule(
        "workload-disruption-budget",
        "Every Deployment has a PodDisruptionBudget, and it lets pods go.",
        Severity.MEDIUM,
        "Declare a PodDisruptionBudget with the Deployment's labels and maxUnavailable of 1 or more.",
        budgeted,
        config=Budgets,
    ),
    ResourceRule(
        "traffic-weights",
        "The weights of a split add up to 100.",
        Severity.HIGH,
        "Give the destinations of each route weights that add up to 100; of a Lambda alias, fractions up to 1.",
        SPLITS,
        weighed,
    ),
)
