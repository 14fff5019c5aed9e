"""AWS clients, one of each for the life of a worker."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

_CONNECT_SECONDS = 2
_READ_SECONDS = 5
# API Gateway gives up after 29 seconds: three attempts of seven seconds still end before that.
_ATTEMPTS = 3


@cache
def client(service: str) -> Any:
    """Return the worker's client of an AWS service."""
    return connect(service, _READ_SECONDS, _ATTEMPTS)


def connect(service: str, read_seconds: float, attempts: int) -> Any:
    """Return a new client that waits so long for an answer, and asks so often."""
    return boto3.client(  # type: ignore[call-overload]
        service,
        config=Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=read_seconds,
            retries={"mode": "standard", "total_max_attempts": attempts},
        ),
    )
