"""AWS clients, one of each for the life of a worker."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3


@cache
def client(service: str, endpoint: str | None = None) -> Any:
    """Return the worker's client of an AWS service; endpoint overrides where it calls."""
    return boto3.client(service, endpoint_url=endpoint)  # type: ignore[call-overload]
