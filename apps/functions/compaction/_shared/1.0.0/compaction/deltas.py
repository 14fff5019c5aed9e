"""Updates in the bucket, from their queue until a compaction has them in a snapshot."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from compaction import aws, settings
from compaction.changes import FIELDS
from compaction.log import say
from receipt_chroma.receipt import labels_json, labels_of

FOLDER = "deltas/"
_POSITION = re.compile(r"\d{10}\.\d{6}-\d{40}")


def write_metadata(update: dict[str, Any]) -> None:
    """Keep a change of a receipt's fields, or its removal."""
    if update["kind"] == "removed":
        _write(update, {})
    else:
        _write(update, {"fields": {name: str(update["fields"].get(name, "")) for name in FIELDS}})


def write_labels(update: dict[str, Any]) -> None:
    """Keep a change of a receipt's labels."""
    _write(update, {"labels": labels_json(labels_of(update["labels"]))})


def _write(update: dict[str, Any], content: dict[str, Any]) -> None:
    body = {"schema": 1, **{name: update[name] for name in ("kind", "receipt_id", "position")}, **content}
    # The same update gives the same key, however often its message is delivered.
    receipt = hashlib.sha256(str(update["receipt_id"]).encode()).hexdigest()[:16]
    key = f"{FOLDER}{update['position']}-{update['kind']}-{receipt}.json"
    aws.client("s3").put_object(
        Bucket=settings.bucket(), Key=key, Body=json.dumps(body).encode(), ContentType="application/json"
    )


def waiting(most: int) -> dict[str, dict[str, Any]]:
    """Return the deltas that wait, by key, oldest first, up to `most` of them."""
    found = ((key, _read(key)) for key in keys())
    return dict(islice(((key, delta) for key, delta in found if delta is not None), most))


def count() -> int:
    """Return how many wait, understood or not."""
    return sum(1 for _ in keys())


def keys() -> Iterator[str]:
    """Yield the keys of everything that waits, oldest first."""
    pages = aws.client("s3").get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=settings.bucket(), Prefix=FOLDER):
        yield from (str(entry["Key"]) for entry in page.get("Contents", []))


def _read(key: str) -> dict[str, Any] | None:
    """Return a delta; None where it is gone, or written by a later version in a way that this one doesn't know."""
    s3 = aws.client("s3")
    try:
        delta = json.loads(s3.get_object(Bucket=settings.bucket(), Key=key)["Body"].read())
    except s3.exceptions.NoSuchKey:
        return None
    except ValueError:
        delta = None
    if isinstance(delta, dict) and _understood(delta):
        return delta
    say("ERROR delta not understood, left where it is", key=key)
    return None


def _understood(delta: dict[str, Any]) -> bool:
    content = {"metadata": ("fields", dict), "labels": ("labels", list), "removed": ("receipt_id", str)}
    if delta.get("schema") != 1 or delta.get("kind") not in content:
        return False
    name, form = content[delta["kind"]]
    known = isinstance(delta.get("receipt_id"), str) and _POSITION.fullmatch(str(delta.get("position")))
    return bool(known) and isinstance(delta.get(name), form)


def delete(done: list[str]) -> None:
    """Forget deltas."""
    # S3, DeleteObjects: up to 1000 keys a call.
    for start in range(0, len(done), 1000):
        objects = [{"Key": key} for key in done[start : start + 1000]]
        aws.client("s3").delete_objects(Bucket=settings.bucket(), Delete={"Objects": objects, "Quiet": True})
