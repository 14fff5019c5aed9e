"""States as `pulumi stack export` prints them, small."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from guard.inventory import digest, durable
from guard.ledger import Entry

TABLE = "aws:dynamodb/table:Table"


def urn(name: str, token: str = TABLE) -> str:
    return f"urn:pulumi:prod::rollback-stack::{token}::{name}"


def resource(name: str, token: str = TABLE, **changes: Any) -> dict[str, Any]:
    """A guarded resource of a state."""
    return {
        "urn": urn(name, token),
        "custom": True,
        "id": name,
        "type": token,
        "inputs": {"name": name},
        "protect": True,
        "retainOnDelete": True,
        "resourceHooks": {"BeforeDelete": ["durable-store"]},
        "outputs": {"arn": f"arn:aws:dynamodb:us-east-1:1:table/{name}", "region": "us-east-1"},
        **changes,
    }


def state(*resources: dict[str, Any]) -> dict[str, Any]:
    """A state with these resources."""
    return {"version": 3, "deployment": {"resources": list(resources)}}


def noted(left: dict[str, Any], engine_start: str | None, **changes: Any) -> Entry:
    """The ledger's first entry: of an update that left this state. engine_start: of that update in the history."""
    given: dict[str, Any] = {
        "number": 1,
        "at": datetime(2026, 11, 26, 2, 0, tzinfo=UTC),
        "by": "a@b",
        "command": "rollback up",
        "result": "succeeded",
        "version": "v1.2.3",
        "engine_start": engine_start,
        "digest": digest(left),
        "durable": durable(left),
    }
    return Entry(**{**given, **changes})
