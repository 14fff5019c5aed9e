"""What the account's stores hold: table items, object versions, queued messages."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from moto.core.base_backend import BaseBackend

from sandbox.account.export.walk import Path, canonical


def everything(roots: dict[Path, BaseBackend]) -> dict[str, Any]:
    """Return the data by service and store; objects as checksums, so that the document stays small."""
    found: dict[str, Any] = {}
    readers = {"dynamodb": _tables, "s3": _buckets, "sqs": _queues}
    for (service, region), backend in sorted(roots.items(), key=lambda item: item[0]):
        reader = readers.get(service.partition("@")[0])
        stores = reader(backend) if reader else {}
        if stores:
            found[f"{service}/{region}"] = stores
    return found


def _tables(backend: Any) -> dict[str, Any]:
    tables = _of(backend, "tables")
    return {name: sorted((_item(item) for item in table.all_items()), key=canonical) for name, table in tables}


def _item(item: Any) -> Any:
    return json.loads(json.dumps(item.to_json()["Attributes"], default=_plain))


def _plain(value: Any) -> str:
    return "sha256:" + hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else str(value)


def _buckets(backend: Any) -> dict[str, Any]:
    return {name: _objects(bucket) for name, bucket in _of(backend, "buckets") if hasattr(bucket, "keys")}


def _objects(bucket: Any) -> dict[str, list[str]]:
    """Return the versions of every key, oldest first, as checksums; "deleted" is a delete marker."""
    return {
        key: [_version(version) for version in versions]
        for key, versions in sorted((key, list(bucket.keys.getlist(key))) for key in list(bucket.keys))
    }


def _version(version: Any) -> str:
    if not hasattr(version, "value"):
        return "deleted"
    return "sha256:" + hashlib.sha256(version.value).hexdigest()


def _queues(backend: Any) -> dict[str, Any]:
    return {
        name: [{"body": message.body, **_attributes(message)} for message in list(queue._messages)]
        for name, queue in _of(backend, "queues")
    }


def _attributes(message: Any) -> dict[str, Any]:
    given = message.message_attributes
    return {"attributes": json.loads(json.dumps(given, default=_plain))} if given else {}


def _of(backend: Any, name: str) -> list[tuple[str, Any]]:
    return sorted(getattr(backend, name, {}).items())
