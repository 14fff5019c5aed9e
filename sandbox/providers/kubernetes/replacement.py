"""Changes that an object can't take in place: it is replaced.

Source: Pulumi's Kubernetes provider documentation and the rules that the provider follows for each kind; Kubernetes API
reference for the fields that are immutable.
"""

# ruff: noqa: SIM905 - long lists of field names read better as text

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.providers.kubernetes.difference import Difference, covers
from sandbox.providers.kubernetes.shape import Path

_SELECTOR = ("spec.selector",)

_VOLUME_SOURCES = (
    "awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk glusterfs "
    "hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume"
).split()

_POD_FIELDS = (
    "affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC hostNetwork "
    "hostPID hostname imagePullSecrets nodeName nodeSelector overhead preemptionPolicy priority priorityClassName "
    "readinessGates restartPolicy runtimeClassName schedulerName securityContext serviceAccount serviceAccountName "
    "shareProcessNamespace subdomain terminationGracePeriodSeconds volumes"
).split()

_CONTAINER_FIELDS = (
    "args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources securityContext "
    "stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir"
).split()

_STATEFUL_SET = tuple(
    f"spec.{field}"
    for field in ("podManagementPolicy", "revisionHistoryLimit", "selector", "serviceName", "volumeClaimTemplates")
)

_RULES: dict[tuple[str, str], Sequence[str]] = {
    ("apps", "Deployment"): _SELECTOR,
    ("apps", "DaemonSet"): _SELECTOR,
    ("apps", "StatefulSet"): _STATEFUL_SET,
    ("batch", "Job"): ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    ("", "PersistentVolume"): [f"spec.{source}" for source in _VOLUME_SOURCES],
    ("", "PersistentVolumeClaim"): (
        "spec.accessModes",
        "spec.selector",
        "spec.storageClassName",
        "spec.volumeName",
    ),
    ("", "Pod"): [f"spec.{field}" for field in _POD_FIELDS]
    + [f"spec.{group}.*.{field}" for group in ("containers", "initContainers") for field in _CONTAINER_FIELDS],
    ("", "ResourceQuota"): ("spec.scopes",),
    ("", "Secret"): ("type",),
    ("", "Service"): ("spec.clusterIP",),
    ("rbac.authorization.k8s.io", "RoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): ("roleRef",),
    ("storage.k8s.io", "StorageClass"): ("parameters", "provisioner"),
}

_IDENTITY = ("metadata.name", "metadata.namespace")


def forcing(
    inputs: Mapping[str, Any],
    differences: Sequence[Difference],
    config_map_mutable: bool = False,
    secret_mutable: bool = False,
) -> list[Difference]:
    """Those differences that only a replacement can bring about.

    The data of a ConfigMap or Secret counts unless the provider's settings enableConfigMapMutable and
    enableSecretMutable say that it may change in place; marked ``immutable`` it counts always.
    """
    group = str(inputs.get("apiVersion", "")).rpartition("/")[0].removeprefix("core")
    kind = str(inputs.get("kind", ""))
    rules = [*_IDENTITY, *_RULES.get((group, kind), ())]
    fixed = inputs.get("immutable") is True
    if group == "" and kind == "Secret" and (fixed or not secret_mutable):
        rules += ["data", "stringData"]
    if group == "" and kind == "ConfigMap" and (fixed or not config_map_mutable):
        rules += ["data", "binaryData"]
    patterns: list[Path] = [tuple(rule.split(".")) for rule in rules]
    return [
        difference
        for difference in differences
        if any(covers(pattern, difference.path) or _above(difference.path, pattern) for pattern in patterns)
    ]


def _above(path: Path, pattern: Path) -> bool:
    # The whole field above a fixed one appears or goes, as "metadata" or "spec"; list items come and go in place.
    return not isinstance(path[-1], int) and len(path) < len(pattern) and covers(pattern[: len(path)], path)
