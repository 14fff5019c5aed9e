"""What gives a container of ECS or Batch rights over its host.

Sources: ECS API, ContainerDefinition, LinuxParameters, KernelCapabilities, TaskDefinition; Batch API,
ContainerProperties, TaskContainerProperties, EksPodProperties; Security Hub, "Controls for Amazon ECS" (3, 4, 17, 20).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.images import placed
from policies.pods import HARMLESS
from policies.subject import Resource, dig, items, known
from policies.values import decoded, is_on

TASK, JOB = "aws:ecs/taskDefinition:TaskDefinition", "aws:batch/jobDefinition:JobDefinition"
TYPES: Final = frozenset({TASK, JOB})
CONTAINERS: Final[Mapping[str, tuple[str, ...]]] = {
    TASK: ("containerDefinitions[]",),
    JOB: (
        "containerProperties",
        "nodeProperties.nodeRangeProperties[].container",
        "nodeProperties.nodeRangeProperties[].ecsProperties.taskProperties[].containers[]",
        "ecsProperties.taskProperties[].containers[]",
    ),
}
"""Type -> where it lists containers."""
TASKS: Final = (
    "ecsProperties.taskProperties[]",
    "nodeProperties.nodeRangeProperties[].ecsProperties.taskProperties[]",
)
"""Where a job definition has what a task definition has for all its containers."""
VOLUMES: Final[Mapping[str, tuple[str, ...]]] = {
    TASK: ("volumes[].hostPath",),
    JOB: tuple(
        f"{where}.volumes[].host.sourcePath"
        for where in ("containerProperties", "nodeProperties.nodeRangeProperties[].container", *TASKS)
    ),
}
"""Type -> where it names directories of the host."""
PODS: Final = ("eksProperties.podProperties", "nodeProperties.nodeRangeProperties[].eksProperties.podProperties")
"""Where a job definition has what Kubernetes calls the ``spec`` of a pod."""
OF_DOCKER: Final = HARMLESS | {"NET_RAW"}
"""Capabilities that Docker gives where nothing is said: to add them adds nothing."""
OF_FARGATE: Final = "SYS_PTRACE"
"""The one capability that Fargate lets a task add; its hosts are the task's own."""
ROOT: Final = ("0", "root")


def faults(resource: Resource) -> Iterator[str]:
    """What a task or job definition takes of its host, each with what has it."""
    if resource.type not in TYPES:
        return
    for task in (resource.props, *(each for path in TASKS for _, each in placed(resource.props, path))):
        for shared in ("networkMode", "pidMode", "ipcMode"):
            if dig(task, shared) == "host":
                yield f"{resource.name} shares the host's {shared.removesuffix('Mode')} ({shared} host)"
    for path in VOLUMES[resource.type]:
        for _, source in placed(resource.props, path):
            if isinstance(source, str) and source:
                yield f"{resource.name} mounts {source} of its host"
    harmless = OF_DOCKER | ({OF_FARGATE} if _on_fargate(resource) else set())
    for path in CONTAINERS[resource.type]:
        for name, container in placed(resource.props, path):
            label = f"{resource.name}/{name}" if name else resource.name
            yield from (f"{label} {fault}" for fault in _of_container(decoded(container), harmless))


def pods(resource: Resource) -> Iterator[Any]:
    """The specifications of the pods that a job definition runs on EKS."""
    if resource.type == JOB:
        yield from (pod for path in PODS for _, pod in placed(resource.props, path))


def _on_fargate(resource: Resource) -> bool:
    return "FARGATE" in items(
        resource.get("requiresCompatibilities" if resource.type == TASK else "platformCapabilities")
    )


def _of_container(container: Any, harmless: frozenset[str]) -> Iterator[str]:
    if is_on(dig(container, "privileged")):
        yield "is privileged"
    added = {str(each).upper() for each in items(dig(container, "linuxParameters.capabilities.add")) if known(each)}
    if gained := sorted(added - harmless):
        yield f"has the capability {', '.join(gained)}"
    for device in items(dig(container, "linuxParameters.devices")):
        if isinstance(path := dig(device, "hostPath"), str):
            yield f"uses the device {path} of its host"
    user = dig(container, "user")
    if str(user).partition(":")[0] in ROOT:
        yield f"runs as root (user {user})"
    for option in items(dig(container, "dockerSecurityOptions")):
        if isinstance(option, str) and option.replace("=", ":").endswith((":unconfined", "label:disable")):
            yield f"runs without what confines it ({option})"
