"""PodDisruptionBudgets: a drain leaves some pods of each workload, and can go on.

Sources: Kubernetes, "Specifying a Disruption Budget for your Application"; API reference, PodDisruptionBudgetSpec.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.model import Model
from policies.label_selectors import selects
from policies.pods import CANARY, Workload, all_workloads, has, labels, manifest, namespace, objects
from policies.quantities import percent, share
from policies.rule import PolicyContext, PolicyViolation, Severity, StackRule
from policies.scaling import least_pods
from policies.subject import UNKNOWN, Resource, Stack, Unknown, dig

WHOLE = 100


class Budgets(Model):
    """Which workloads need no budget."""

    canary: dict[str, str] = CANARY
    """Labels of pods that are meant to be few."""


@dataclass(eq=False)
class Budget:
    """One budget, with the workloads whose pods it selects."""

    resource: Resource
    name: str
    namespace: str | Unknown
    spec: Any
    empty_is_all: bool
    """``policy/v1``: an empty selector selects every pod of the namespace; before, none."""
    partial: bool
    pods: list[float | None] = field(default_factory=list)
    """How many pods each workload has that it selects; None where that isn't known."""


def budgeted(stack: Stack, config: Budgets, _facts: PolicyContext) -> Iterator[PolicyViolation]:
    """Every workload's pods are under one PodDisruptionBudget that lets some of them go, and not all."""
    found = all_workloads(stack)
    least = least_pods(stack, found)
    budgets = list(_budgets(stack))
    nearby = _by_namespace(budgets)
    for workload in (each for each in found if each.scaled):
        where = namespace(workload.object)
        there = budgets if where is UNKNOWN else [*nearby.get(where, ()), *nearby.get(UNKNOWN, ())]
        selecting = _select(workload, there, least[workload])
        if workload.get("spec.replicas") == 0 or has(labels(workload), config.canary) or workload.of.partial:
            continue
        certain = [budget for budget, answer in selecting if answer]
        if not selecting:
            yield PolicyViolation(
                f"{workload.name} has no PodDisruptionBudget that selects its pods", workload.resource
            )
        elif len(certain) > 1:
            names = ", ".join(sorted(budget.name for budget in certain))
            yield PolicyViolation(
                f"{workload.name} is under several PodDisruptionBudgets ({names}), so that its pods can't be evicted",
                workload.resource,
            )
    for budget in budgets:
        yield from (PolicyViolation(f"{budget.name} {fault}", budget.resource) for fault in _faults(budget))


def _budgets(stack: Stack) -> Iterator[Budget]:
    for resource in stack.resources:
        of = manifest(resource.type)
        if of is not None and (of.group, of.kind) == ("policy", "PodDisruptionBudget"):
            for name, each in objects(resource):
                yield Budget(resource, name, namespace(each), dig(each, "spec"), of.version == "v1", of.partial)


def _by_namespace(budgets: Sequence[Budget]) -> Mapping[str | Unknown, list[Budget]]:
    found: dict[str | Unknown, list[Budget]] = {}
    for budget in budgets:
        found.setdefault(budget.namespace, []).append(budget)
    return found


def _select(workload: Workload, budgets: Sequence[Budget], least: float | None) -> list[tuple[Budget, bool | None]]:
    """Of the budgets in a workload's namespace those that select its pods, or may do so, each told of their number."""
    where, pods = namespace(workload.object), labels(workload)
    found: list[tuple[Budget, bool | None]] = []
    for budget in budgets:
        selector = dig(budget.spec, "selector")
        answer = (
            None if selector is None and budget.partial else selects(selector, pods, empty_is_all=budget.empty_is_all)
        )
        if answer is not False:
            answer = None if UNKNOWN in (where, budget.namespace) else answer
            budget.pods.append(least if answer else None)
            found.append((budget, answer))
    return found


def _faults(budget: Budget) -> Iterator[str]:
    """What keeps a budget from letting some pods go, and only some."""
    spec = budget.spec
    if spec is UNKNOWN:
        return
    kept, gone = dig(spec, "minAvailable"), dig(spec, "maxUnavailable")
    if kept is None and gone is None:
        if not budget.partial:
            yield "has neither minAvailable nor maxUnavailable, and so lets no pod go"
        return
    if kept is not None and gone is not None:
        yield "has both minAvailable and maxUnavailable, which are mutually exclusive"
        return
    total = None if None in budget.pods or not budget.pods else sum(each or 0 for each in budget.pods)
    if gone is not None:
        yield from _unavailable(gone, total)
    else:
        yield from _available(kept, total)


def _unavailable(gone: object, total: float | None) -> Iterator[str]:
    many = share(gone, WHOLE if total is None else total, up=True)
    if many is not None and many <= 0 and total != 0:
        yield "lets no pod go, so that no node can ever be drained"
    elif percent(gone) == WHOLE or (many is not None and total is not None and many >= total > 1):
        yield f"lets all pods go at once (maxUnavailable {_text(gone)}{_of(total)})"


def _available(kept: object, total: float | None) -> Iterator[str]:
    many = share(kept, WHOLE if total is None else total, up=True)
    if many is None:
        return
    if (percent(kept) or 0) >= WHOLE or (total and many >= total):
        yield f"lets no pod go, so that no node can ever be drained (minAvailable {_text(kept)}{_of(total)})"
    elif many <= 0 and (total is None or total > 1):
        yield f"lets all pods go at once (minAvailable {_text(kept)}{_of(total)})"


def _of(total: float | None) -> str:
    return "" if total is None else f" of {total:g}"


def _text(bound: object) -> str:
    return f"{bound:g}" if isinstance(bound, float) else str(bound)


RULES = (
    StackRule(
        name="workload-disruption-budget",
        description="Every workload has a PodDisruptionBudget, and it lets pods go.",
        severity=Severity.MEDIUM,
        remedy=(
            "Declare one PodDisruptionBudget with the labels of the pods and maxUnavailable of 1 or more, fewer than "
            "there are."
        ),
        check=budgeted,
        config=Budgets,
    ),
)
