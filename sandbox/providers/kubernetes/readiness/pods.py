"""Why Pods are not ready, in the words of their containers and of the last events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sandbox.providers.kubernetes.api import Api
from sandbox.providers.kubernetes.errors import KubernetesError
from sandbox.providers.kubernetes.objects import name_of, namespace_of
from sandbox.providers.kubernetes.readiness.verdict import condition

_HARMLESS = frozenset({"ContainerCreating", "PodInitializing"})
_EVENTS = 3


def explain(api: Api, owner: Mapping[str, Any]) -> list[str]:
    """The reasons that keep a workload's newest Pods from being ready, and the last warnings; at most a dozen lines.

    Never raises: an explanation that can't be had must not hide the failure that it explains.
    """
    try:
        pods = _pods(api, owner)
        names = {name_of(pod) for pod in pods if problems(pod)} | {name_of(owner)}
        events = api.matching(api.kind("v1", "Event"), namespace_of(owner))
    except KubernetesError:
        return []
    lines = [line for pod in pods for line in problems(pod)]
    told = _alike(lines)[:8]
    return [*told, *(line for line in _warnings(events, names) if not _repeats(line, told))]


def _repeats(event: str, told: Sequence[str]) -> bool:
    # "Error: ErrImagePull" says nothing that the container's state doesn't.
    message = event.partition(": ")[2].removeprefix("Error: ").removeprefix("Failed to pull image ")
    return any(message[-60:] in line for line in told)


def _pods(api: Api, owner: Mapping[str, Any]) -> list[dict[str, Any]]:
    kind, namespace = owner.get("kind"), namespace_of(owner)
    if kind == "Pod":
        return [dict(owner)]
    labels = ((owner.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    if not labels:
        return []
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    pods = api.matching(api.kind("v1", "Pod"), namespace, labelSelector=selector)
    if kind == "Deployment":
        newest = _newest_hash(api, owner, selector)
        pods = [pod for pod in pods if (pod["metadata"].get("labels") or {}).get("pod-template-hash") == newest]
    return pods


def _newest_hash(api: Api, owner: Mapping[str, Any], selector: str) -> str | None:
    mark = "deployment.kubernetes.io/revision"
    revision = (owner["metadata"].get("annotations") or {}).get(mark)
    for item in api.matching(api.kind("apps/v1", "ReplicaSet"), namespace_of(owner), labelSelector=selector):
        metadata = item["metadata"]
        owned = any(ref.get("uid") == owner["metadata"].get("uid") for ref in metadata.get("ownerReferences") or [])
        if owned and (metadata.get("annotations") or {}).get(mark) == revision:
            return (metadata.get("labels") or {}).get("pod-template-hash")
    return None


def problems(pod: Mapping[str, Any]) -> list[str]:
    """What a Pod's containers wait for or ended with, one line each."""
    status, name = pod.get("status") or {}, name_of(pod)
    lines = []
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        lines.append(f"Pod {name}: {scheduled.get('reason', 'Unschedulable')}: {scheduled.get('message', '')}")
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        state = container.get("state") or {}
        waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
        where = f"Pod {name}: container {container.get('name')}"
        if not waiting and not container.get("ready") and (crashes := _crashes(container)):
            lines.append(f"{where}: CrashLoopBackOff: {crashes}")
        elif waiting.get("reason") and waiting["reason"] not in _HARMLESS:
            lines.append(f"{where}: {waiting['reason']}{_told(waiting.get('message'))}")
        elif ended.get("exitCode"):
            reason = ended.get("reason", "Error")
            lines.append(f"{where}: {reason} (exit code {ended['exitCode']}){_told(ended.get('message'))}")
        elif state.get("running") is not None and not container.get("ready"):
            lines.append(f"{where}: running, but not ready (its readiness probe does not succeed)")
    return [" ".join(line.split()) for line in lines]


def _crashes(container: Mapping[str, Any]) -> str:
    """What a container does that was restarted after a crash; empty where it wasn't.

    Between two of its back-offs it runs for a moment: whoever looks just then must not take its probe for the fault.
    """
    ended = (container.get("lastState") or {}).get("terminated") or {}
    if not container.get("restartCount") or not ended.get("exitCode"):
        return ""
    return (
        f"restarted {container['restartCount']} times so far, "
        f"last after {ended.get('reason', 'Error')} (exit code {ended['exitCode']})"
    )


def _told(message: Any) -> str:
    return f": {message}" if message else ""


def _alike(lines: Sequence[str]) -> list[str]:
    # Three Pods that fail in the same way are one line.
    groups: dict[str, list[str]] = {}
    for line in lines:
        pod, _, rest = line.partition(": ")
        groups.setdefault(rest, []).append(pod)
    return [
        f"{pods[0]}{f' and {len(pods) - 1} more' if len(pods) > 1 else ''}: {rest}" for rest, pods in groups.items()
    ]


def _warnings(events: Iterable[Mapping[str, Any]], names: set[str]) -> list[str]:
    def when(event: Mapping[str, Any]) -> str:
        return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp"))

    fitting = [
        event
        for event in events
        if event.get("type") == "Warning" and (event.get("involvedObject") or {}).get("name") in names
    ]
    latest = {str(event.get("message")): event for event in sorted(fitting, key=when)}
    chosen = sorted(latest.values(), key=when)[-_EVENTS:]
    return [
        " ".join(f"event {event.get('reason')} on {event['involvedObject']['name']}: {event.get('message')}".split())
        for event in chosen
    ]
