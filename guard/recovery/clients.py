"""Clients for AWS, led by whatever environment AWS tools honour."""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from typing import Any

ATTEMPTS = 5
CONNECTIONS = 64
"""At most, of one client: stores are copied side by side, and each by several threads."""
_LEADING = ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_ACCESS_KEY_ID")
_making = threading.Lock()


def client(service: str, region: str) -> Any:
    """A boto3 client that gives up after five attempts; the same one for as long as the environment leads there."""
    with _making:  # clients are safe across threads, the session that makes them isn't
        return _made(service, region, ATTEMPTS, tuple(os.environ.get(name) for name in _LEADING))


@lru_cache(maxsize=32)
def _made(service: str, region: str, attempts: int, _: tuple[str | None, ...]) -> Any:
    import boto3
    from botocore.config import Config

    settings = Config(
        connect_timeout=5,
        read_timeout=60,
        retries={"mode": "standard", "max_attempts": attempts},
        max_pool_connections=CONNECTIONS,
    )
    make: Any = boto3.client  # its stubs know each service by a literal name
    return make(service, region_name=region, config=settings)
