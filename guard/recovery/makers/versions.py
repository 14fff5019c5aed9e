"""Every version of every object in a bucket, and its delete markers (S3 API reference, ListObjectVersions)."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import groupby
from typing import Any


def history(s3: Any, bucket: str) -> Iterator[dict[str, Any]]:
    """Versions and delete markers, key by key, each key's newest first.

    Each has ``Key``, ``VersionId``, ``IsLatest``, ``LastModified``; a version has ``ETag`` and ``Size`` too. The answer
    keeps versions and markers apart: of what was written within the same second, a marker is taken to be the later one.
    """
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    for _, entries in groupby(_entries(pages), key=lambda entry: entry["Key"]):
        yield from sorted(entries, key=_recency, reverse=True)


def count(s3: Any, bucket: str) -> int:
    """How many versions and delete markers there are."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    return sum(len(page.get("Versions", ())) + len(page.get("DeleteMarkers", ())) for page in pages)


def _recency(entry: dict[str, Any]) -> tuple[bool, Any, bool]:
    return entry["IsLatest"], entry["LastModified"], "ETag" not in entry


def _entries(pages: Any) -> Iterator[dict[str, Any]]:
    for page in pages:
        yield from heapq.merge(
            page.get("Versions", ()), page.get("DeleteMarkers", ()), key=lambda entry: entry["Key"].encode()
        )
