"""States as `pulumi stack export` prints them, small."""

from __future__ import annotations

from typing import Any

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
        **changes,
    }


def state(*resources: dict[str, Any]) -> dict[str, Any]:
    """A state with these resources."""
    return {"version": 3, "deployment": {"resources": list(resources)}}
