"""Previews by hand, as short as a test needs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

STORES = Path(__file__).parent / "stores.json"
"""A preview of stores, functions and a workload: some as they should be, some not."""
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
BUCKET, TABLE = "aws:s3/bucket:Bucket", "aws:dynamodb/table:Table"


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:prod::shop::{kind}::{name}"


def state(kind: str, name: str, inputs: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"urn": urn(kind, name), "custom": True, "type": kind, "inputs": inputs or {}, **more}


def step(kind: str, name: str, inputs: dict[str, Any] | None = None, op: str = "create", **more: Any) -> dict[str, Any]:
    return {"op": op, "urn": urn(kind, name), "newState": state(kind, name, inputs, **more)}


def preview(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"steps": list(steps), "changeSummary": {"create": len(steps)}}


def stores() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(STORES.read_text())
    return found
