"""Kubernetes: the properties by which claims, volumes and custom objects lose data without being deleted.

Source: Kubernetes documentation, "StatefulSets", "Persistent Volumes", "Versions in CustomResourceDefinitions". What an
API server sets by itself stands in the state and not in the program, so that only what a program says outright counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from guard.in_place import cuts
from guard.in_place.checks import in_members, keeps, members, switched_off
from guard.in_place.row import Part, Row
from guard.in_place.values import AS_IT_IS, UNKNOWN

_FACTORS: Mapping[str, float] = {
    "": 1,
    "m": 1e-3,
    **{unit: 1000.0**power for power, unit in enumerate(("k", "M", "G", "T", "P", "E"), 1)},
    **{unit: 1024.0**power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)},
}
_QUANTITY = re.compile(r"([0-9.]+(?:[eE][0-9]+)?)([A-Za-z]*)")


def smaller(before: Any, after: Any) -> Iterator[Part]:
    """A quantity (10Gi) that gets smaller. One that the program doesn't name stays."""
    old, new = _bytes(before), _bytes(after)
    if old and after is UNKNOWN:
        yield Part(before, after, unknown=True)
    elif old is not None and new is not None and new < old:
        yield Part(before, after)


def _bytes(value: Any) -> float | None:
    found = _QUANTITY.fullmatch(str(value))
    return float(found[1]) * _FACTORS[found[2]] if found and found[2] in _FACTORS else None


_SMALLER = "it becomes smaller: {before} -> {after}; what doesn't fit is lost"
_RETAINS = {"Retain": "data"}
_FINALIZER = "the finalizer {item} goes: a delete waits for nobody any more"

ROWS: Mapping[str, tuple[Row, ...]] = {
    "kubernetes:apps:StatefulSet": (
        Row(
            "spec.persistentVolumeClaimRetentionPolicy.whenDeleted",
            keeps(_RETAINS),
            "a delete takes its claims with it, and what they hold",
            irreversible=False,
            default="Retain",
        ),
        Row(
            "spec.persistentVolumeClaimRetentionPolicy.whenScaled",
            keeps(_RETAINS),
            "fewer replicas delete the claims of the others, and what they hold",
            irreversible=False,
            default="Retain",
        ),
        Row("spec", cuts.claims_on_scale, "the claims of the replicas that go are deleted: {before} -> {after}"),
        Row("spec.volumeClaimTemplates", members("metadata.name"), "its pods mount the claim {item} no more", False),
        Row(
            "spec.volumeClaimTemplates",
            in_members("metadata.name", "spec.resources.requests.storage", smaller),
            "the claim {item} becomes smaller: {before} -> {after}; what doesn't fit is lost",
        ),
    ),
    "kubernetes:core:PersistentVolumeClaim": (Row("spec.resources.requests.storage", smaller, _SMALLER),),
    "kubernetes:core:PersistentVolume": (
        Row(
            "spec.persistentVolumeReclaimPolicy",
            keeps(_RETAINS),
            "the volume is deleted with its claim: reclaim policy {before} -> {after}",
            irreversible=False,
            default="Retain",
        ),
        Row("spec.capacity.storage", smaller, _SMALLER),
    ),
    "kubernetes:storage.k8s.io:StorageClass": (
        Row(
            "reclaimPolicy",
            keeps(_RETAINS),
            "volumes made from now on are deleted with their claims",
            irreversible=False,
            default="Delete",
        ),
    ),
    "kubernetes:snapshot.storage.k8s.io:VolumeSnapshotClass": (
        Row("deletionPolicy", keeps(_RETAINS), "snapshots are deleted with their objects", irreversible=False),
    ),
    "kubernetes:snapshot.storage.k8s.io:VolumeSnapshotContent": (
        Row("spec.deletionPolicy", keeps(_RETAINS), "the snapshot is deleted with its object", irreversible=False),
    ),
    "kubernetes:core:Namespace": (Row("spec.finalizers", members(), _FINALIZER, irreversible=False, default=AS_IT_IS),),
    "kubernetes:apiextensions.k8s.io:CustomResourceDefinition": (
        Row("spec.versions", members("name"), "objects of the version {item} can't be read any more"),
        Row(
            "spec.versions",
            in_members("name", "served", switched_off),
            "the version {item} is served no more: its clients can't read or write their objects",
            irreversible=False,
        ),
        Row("spec.versions", cuts.schema_fields, "the field {item} is dropped when an object is written next"),
        Row(
            "spec.conversion.strategy",
            keeps({"Webhook": "fields"}),
            "objects aren't converted between versions any more: fields that differ are dropped",
            default="None",
        ),
    ),
}
"""Group and kind, without the version -> rows."""

COMMON = (Row("metadata.finalizers", members(), _FINALIZER, irreversible=False, default=AS_IT_IS),)


def named(token: str) -> bool:
    """Whether the table names a Kubernetes type, whichever version of its API it is of."""
    return _kind(token) in ROWS


def rows(token: str) -> tuple[Row, ...]:
    """The rows of a Kubernetes type: its own, and those of every object."""
    return (*ROWS.get(_kind(token), ()), *COMMON)


def _kind(token: str) -> str:
    _, group, kind = token.split(":", 2)
    return f"kubernetes:{group.partition('/')[0]}:{kind.removesuffix('Patch')}"
