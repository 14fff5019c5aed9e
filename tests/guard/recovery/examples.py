"""Recovery points to judge and to file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from guard.recovery.points import LocatedStore, RecoveryPoint, restore_command
from tests.guard.recovery.conftest import store

NOW = datetime(2026, 1, 20, 3, 0, tzinfo=UTC)
ID = "20260120t023000000z-0123abcd"
HOW = "restored to a temporary table and read: 7 items"


def example(of: LocatedStore | None = None, **more: Any) -> RecoveryPoint:
    """A recovery point half an hour old, of seven items, read back."""
    of = of or store("table", "jobs-prod")
    made = datetime(2026, 1, 20, 2, 30, tzinfo=UTC)
    given = {
        "id": ID,
        "store": of,
        "made_at": made,
        "made_by": "a tester",
        "where": "arn:aws:dynamodb:us-east-1:444455556666:table/jobs-prod/backup/01",
        "items": 7,
        "checksum": "0" * 64,
        "bytes": 700,
        "verified_at": made,
        "verified_how": HOW,
        "restore": restore_command(more.get("id", ID), of),
        **more,
    }
    return RecoveryPoint.model_validate(given)
