"""States of a stack, cut down to what the tests look at."""

from __future__ import annotations

from typing import Any


def resource(name: str, **more: Any) -> dict[str, Any]:
    return {"urn": f"urn:{name}", "custom": True, "type": "aws:sqs/queue:Queue", "inputs": {"name": name}, **more}


def state(known: list[dict[str, Any]], under_way: list[dict[str, Any]], kind: str = "creating") -> dict[str, Any]:
    operations = [{"type": kind, "resource": each} for each in under_way]
    return {"version": 3, "deployment": {"resources": known, "pending_operations": operations, "secrets_providers": 1}}
