"""How many pods a workload has at the least: by itself, or by the autoscaler that is set on it.

Sources: Kubernetes, "Horizontal Pod Autoscaling"; KEDA, "ScaledObject specification".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from policies.pods import Manifest, Workload, manifest, namespace, objects
from policies.subject import UNKNOWN, Resource, Stack, dig
from policies.values import number

FIELDS: Final[Mapping[tuple[str, str], tuple[str, int]]] = {
    ("autoscaling", "HorizontalPodAutoscaler"): ("spec.minReplicas", 1),
    ("keda.sh", "ScaledObject"): ("spec.minReplicaCount", 0),
}
"""Group and kind -> where it says the least number of pods, and what holds where it says nothing."""


def least_pods(stack: Stack, workloads: Iterable[Workload]) -> Mapping[Workload, float | None]:
    """The least number of pods of each workload that has ``spec.replicas``; None where that can't be told."""
    scaled = [each for each in workloads if each.scaled]
    by_name: dict[tuple[object, str], list[Workload]] = {}
    by_urn: dict[str, list[Workload]] = {}
    for workload in scaled:
        by_name.setdefault((namespace(workload.object), str(workload.get("metadata.name"))), []).append(workload)
        by_urn.setdefault(workload.resource.urn, []).append(workload)
    found = {each: _own(each) for each in scaled}
    for scaler, kind, least, wanted in _autoscalers(stack):
        target = dig(wanted, "name")
        if isinstance(target, str):
            behind = by_name.get((namespace(scaler[1]), target), [])
        else:
            urns = scaler[0].sources.get("spec", ())
            behind = [each for urn in urns for each in by_urn.get(urn, ())]
        for each in behind:
            if kind in (None, UNKNOWN, each.of.kind) and found[each] != 0:
                found[each] = least
    return found


def _own(workload: Workload) -> float | None:
    replicas = workload.get("spec.replicas")
    return number((None if workload.of.partial else 1) if replicas is None else replicas)


def _autoscalers(
    stack: Stack,
) -> Iterator[tuple[tuple[Resource, Mapping[str, Any]], object, float | None, object]]:
    """Each autoscaler with the kind that it scales, the least it leaves, and its target."""
    for resource in stack.resources:
        of: Manifest | None = manifest(resource.type)
        if of is None or (of.group, of.kind) not in FIELDS:
            continue
        path, usual = FIELDS[of.group, of.kind]
        for _, each in objects(resource):
            target = dig(each, "spec.scaleTargetRef")
            least = dig(each, path)
            if least is None and of.partial:
                continue
            yield (resource, each), dig(target, "kind"), number(usual if least is None else least), target
