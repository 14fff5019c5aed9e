"""What gives a container rights over its node.

Source: Kubernetes, "Pod Security Standards": all of Baseline, and of Restricted what takes a container out of its
bounds (privilege escalation, the user root).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies import tasks
from policies.pods import HARMLESS, WORKLOADS, Container, containers, containers_of, workloads
from policies.rule import NoConfig, PolicyContext, ResourceRule, Severity
from policies.subject import Resource, dig, items, known
from policies.values import number

SYSCTLS: Final = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    }
)
"""Kernel parameters that a pod has for itself."""
SELINUX: Final = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
APPARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
"""The annotation that named a container's profile before there was a field for it."""
HOOKS: Final = ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop")


class Privileged:
    """Every type whose containers might have rights over their node."""

    def __contains__(self, token: object) -> bool:
        return token in tasks.TYPES or token in WORKLOADS


def unprivileged(resource: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """No container gets rights over its node."""
    yield from tasks.faults(resource)
    for spec in tasks.pods(resource):
        yield from (f"{resource.name} {fault}" for fault in _of_pod(spec))
        for container in containers_of(spec, resource.name):
            yield from (f"{container.name} {fault}" for fault in _of_container(container, partial=True))
    for workload in workloads(resource):
        for template in workload.templates:
            yield from (f"{workload.name} {fault}" for fault in _of_pod(dig(template, "spec")))
            yield from (f"{workload.name} {fault}" for fault in _annotated(template))
        for container in containers(workload):
            yield from (f"{container.name} {fault}" for fault in _of_container(container, workload.of.partial))


def _of_pod(spec: Any) -> Iterator[str]:
    for shared in ("hostNetwork", "hostPID", "hostIPC"):
        if dig(spec, shared) is True:
            yield f"shares the node's {shared.removeprefix('host').lower()}"
    for volume in items(dig(spec, "volumes")):
        if (path := dig(volume, "hostPath")) is not None and known(path):
            yield f"mounts {_text(dig(path, 'path'))} of its node (hostPath volume {_text(dig(volume, 'name'))})"
    for sysctl in items(dig(spec, "securityContext.sysctls")):
        name = dig(sysctl, "name")
        if isinstance(name, str) and name.replace("/", ".") not in SYSCTLS:
            yield f"sets the kernel parameter {name} of its node"


def _annotated(template: Any) -> Iterator[str]:
    annotations = dig(template, "metadata.annotations")
    for name, profile in annotations.items() if isinstance(annotations, dict) else ():
        if str(name).startswith(APPARMOR) and profile == "unconfined":
            yield f"runs its container {str(name).removeprefix(APPARMOR)} without AppArmor (unconfined)"


def _of_container(container: Container, partial: bool) -> Iterator[str]:
    windows = dig(container.pod, "os.name") == "windows"
    own_users = dig(container.pod, "hostUsers") is False
    may_gain = container.get("securityContext.allowPrivilegeEscalation")
    if container.get("securityContext.privileged") is True:
        yield "is privileged"
    elif may_gain is True or (may_gain is None and not partial and not windows):
        yield "may gain privileges: allowPrivilegeEscalation has to be false"
    if container.security("windowsOptions.hostProcess") is True:
        yield "is a process of its node (hostProcess)"
    added = {_capability(each) for each in items(container.get("securityContext.capabilities.add")) if known(each)}
    if gained := sorted(added - HARMLESS):
        yield f"has the capability {', '.join(gained)}"
    if number(container.security("runAsUser")) == 0 and not own_users:
        yield "runs as root (runAsUser 0)"
    yield from _unconfined(container, own_users)
    for port in items(container.get("ports")):
        if number(dig(port, "hostPort")):
            yield f"takes port {_text(dig(port, 'hostPort'))} of its node"
    for hook in HOOKS:
        for action in ("httpGet", "tcpSocket"):
            host = container.get(f"{hook}.{action}.host")
            if known(host) and host != "":
                yield f"has the node send requests to {_text(host)} ({hook}.{action}.host)"


def _unconfined(container: Container, own_users: bool) -> Iterator[str]:
    """What takes away the kernel's own bounds: seccomp, AppArmor, SELinux, the masks of /proc."""
    for what, path in (("seccomp", "seccompProfile.type"), ("AppArmor", "appArmorProfile.type")):
        if container.security(path) == "Unconfined":
            yield f"runs without {what} ({path} Unconfined)"
    kind = container.security("seLinuxOptions.type")
    if isinstance(kind, str) and kind not in SELINUX:
        yield f"has the SELinux type {kind}"
    for part in ("user", "role"):
        if isinstance(found := container.security(f"seLinuxOptions.{part}"), str) and found:
            yield f"has the SELinux {part} {found}"
    if container.get("securityContext.procMount") == "Unmasked" and not own_users:
        yield "sees all of /proc (procMount Unmasked)"


def _capability(name: object) -> str:
    """A capability as the Pod Security Standards spell it."""
    return str(name).upper().removeprefix("CAP_")


def _text(value: object) -> str:
    figure = number(value)
    return f"{figure:g}" if figure is not None and not isinstance(value, str) else str(value)


RULES = (
    ResourceRule(
        name="workload-unprivileged",
        description="No container has rights over its node.",
        severity=Severity.HIGH,
        remedy=(
            "Set allowPrivilegeEscalation to false; drop privileged, root, hostPath volumes, hostPorts, the host's "
            "namespaces, and the capabilities and profiles that the Pod Security Standards' Baseline leaves out."
        ),
        types=Privileged(),
        check=unprivileged,
    ),
)
