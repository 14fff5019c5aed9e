"""Updates in the bucket, from their queue until a compaction has them in a snapshot."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from receipt_chroma.receipt import labels_of
from receipt_chroma.stream import FIELDS, Update

FOLDER = "deltas/"
_POSITION = re.compile(r"\d{10}\.\d{6}-\d{40}")


class UnknownUpdateError(Exception):
    """Not an update, or one that a later version wrote in a way that this one doesn't know."""


def update_receipt_metadata(s3: Any, bucket: str, message: dict[str, Any]) -> None:
    """Keep a change of a receipt's fields, or its removal, as a delta.

    Raises:
        UnknownUpdateError: the message is something else.
    """
    _write(s3, bucket, parsed(message, "metadata", "removed"))


def update_word_labels(s3: Any, bucket: str, message: dict[str, Any]) -> None:
    """Keep a change of a receipt's labels as a delta.

    Raises:
        UnknownUpdateError: the message is something else.
    """
    _write(s3, bucket, parsed(message, "labels"))


def parsed(message: Any, *kinds: str) -> Update:
    """Return the update that a message or delta describes.

    Raises:
        UnknownUpdateError: it describes none of these kinds.
    """
    try:
        kind, position = message["kind"], str(message["position"])
        if message["schema"] != 1 or kind not in kinds or not _POSITION.fullmatch(position):
            raise UnknownUpdateError(f"schema {message['schema']}, kind {kind}, position {position}")
        fields = {name: str(message["fields"].get(name, "")) for name in FIELDS} if kind == "metadata" else {}
        labels = labels_of(message["labels"]) if kind == "labels" else ()
        return Update(kind, str(message["receipt_id"]), position, fields, labels)
    except (AttributeError, KeyError, TypeError) as error:
        raise UnknownUpdateError(f"{type(error).__name__}: {error}") from error


def _write(s3: Any, bucket: str, update: Update) -> None:
    # The same update gives the same key, however often its message is delivered.
    receipt = hashlib.sha256(update.receipt_id.encode()).hexdigest()[:16]
    key = f"{FOLDER}{update.position}-{update.kind}-{receipt}.json"
    body = json.dumps(update.message()).encode()
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")


def waiting(s3: Any, bucket: str, most: int) -> dict[str, Update]:
    """Return the deltas that wait, by key, oldest first, up to `most` of them."""
    found = ((key, _read(s3, bucket, key)) for key in _keys(s3, bucket))
    return dict(islice(((key, update) for key, update in found if update is not None), most))


def count_waiting(s3: Any, bucket: str) -> int:
    """Return how many deltas wait, understood or not."""
    return sum(1 for _ in _keys(s3, bucket))


def _keys(s3: Any, bucket: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=FOLDER):
        yield from (str(entry["Key"]) for entry in page.get("Contents", []))


def _read(s3: Any, bucket: str, key: str) -> Update | None:
    try:
        delta = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        return parsed(delta, "metadata", "labels", "removed")
    except s3.exceptions.NoSuchKey:
        return None
    except (UnknownUpdateError, ValueError) as error:
        print(f"ERROR delta not understood, left where it is key={key} error={error}", flush=True)
        return None


def delete(s3: Any, bucket: str, keys: list[str]) -> None:
    """Forget deltas."""
    # S3, DeleteObjects: up to 1000 keys a call.
    for start in range(0, len(keys), 1000):
        objects = [{"Key": key} for key in keys[start : start + 1000]]
        s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
