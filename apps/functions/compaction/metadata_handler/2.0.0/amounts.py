"""Amounts of money as whole numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def in_cents(update: dict[str, Any]) -> dict[str, Any]:
    """Return a metadata update with its total in cents."""
    fields = update["fields"]
    return {**update, "fields": {**fields, "total": str(int(Decimal(fields["total"]) * 100))}}
