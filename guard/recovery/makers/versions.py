"""Every version of every object in a bucket, and its delete markers (S3 API reference, ListObjectVersions)."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import groupby
from typing import Any


def history(s3: Any, bucket: str) -> Iterator[dict[str, Any]]:
    """Versions and delete markers, key by key, each key's newest first.

    Each has ``Key``, ``VersionId``, ``IsLatest``, ``LastModified``; a version has ``ETag`` and ``Size`` too. S3 lists
    versions in order, and delete markers, but keeps the two apart: of a version and a marker of the same second the one
    of the other kind than the newer neighbour is taken to be later, as where deleting and writing take turns.
    """
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    for _, entries in groupby(_entries(pages), key=lambda entry: entry["Key"]):
        yield from _merged(list(entries))


def _merged(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    versions = [entry for entry in entries if not _is_marker(entry)]
    markers = [entry for entry in entries if _is_marker(entry)]
    after_marker = False
    while versions and markers:
        version, marker = versions[0], markers[0]
        if version["IsLatest"] is not marker["IsLatest"]:
            take = marker["IsLatest"]
        elif version["LastModified"] != marker["LastModified"]:
            take = marker["LastModified"] > version["LastModified"]
        else:
            take = not after_marker
        yield (markers if take else versions).pop(0)
        after_marker = take
    yield from versions or markers


def _is_marker(entry: dict[str, Any]) -> bool:
    return "ETag" not in entry


def count(s3: Any, bucket: str) -> int:
    """How many versions and delete markers there are."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    return sum(len(page.get("Versions", ())) + len(page.get("DeleteMarkers", ())) for page in pages)


def _entries(pages: Any) -> Iterator[dict[str, Any]]:
    for page in pages:
        yield from heapq.merge(
            page.get("Versions", ()), page.get("DeleteMarkers", ()), key=lambda entry: entry["Key"].encode()
        )
