"""Clients for AWS, led by whatever environment AWS tools honour.

Every S3 request says which account has to own the bucket (S3 user guide, "Verifying bucket ownership with bucket owner
condition"): names of buckets are global, and one that was deleted may be somebody else's a moment later.
"""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from typing import Any

from core import deadline

ATTEMPTS = 5
CONNECTIONS = 64
"""At most, of one client: stores are copied side by side, and each by several threads."""
READ_SECONDS = (2, 5, 15, 60)
"""How long an answer is waited for: the last one, or the longest that a deadline leaves time for."""
_LEADING = ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_ACCESS_KEY_ID")
_making = threading.RLock()


def client(service: str, region: str) -> Any:
    """A boto3 client that gives up after five attempts; the same one for as long as the environment leads there."""
    left = deadline.left()
    seconds = READ_SECONDS[-1]
    if left is not None:
        seconds = max((each for each in READ_SECONDS if each <= left), default=READ_SECONDS[0])
    with _making:  # clients are safe across threads, the session that makes them isn't
        return _made(service, region, ATTEMPTS, seconds, _led())


def account(region: str) -> str:
    """The account that the credentials in use belong to (STS, GetCallerIdentity), asked once a process.

    Raises what boto3 raises.
    """
    with _making:
        return _account(region, _led())


def owned(params: dict[str, Any], members: Any, region: str) -> None:
    """Add the bucket owner condition to the parameters of a request that takes it."""
    for name in ("ExpectedBucketOwner", "ExpectedSourceBucketOwner"):
        if name in members and name not in params:
            params[name] = account(region)


def _led() -> tuple[str | None, ...]:
    return tuple(os.environ.get(name) for name in _LEADING)


@lru_cache(maxsize=32)
def _account(region: str, _: tuple[str | None, ...]) -> str:
    return str(client("sts", region).get_caller_identity()["Account"])


@lru_cache(maxsize=64)
def _made(service: str, region: str, attempts: int, seconds: int, _: tuple[str | None, ...]) -> Any:
    import boto3
    from botocore.config import Config

    settings = Config(
        connect_timeout=min(5, seconds),
        read_timeout=seconds,
        retries={"mode": "standard", "max_attempts": attempts},
        max_pool_connections=CONNECTIONS,
    )
    make: Any = boto3.client  # its stubs know each service by a literal name
    made = make(service, region_name=region, config=settings)
    made.meta.events.register("before-send.*", lambda **_: deadline.check())
    if service == "s3":

        def say_owner(params: dict[str, Any], model: Any, **_: Any) -> None:
            if model.input_shape is not None:
                owned(params, model.input_shape.members, region)

        made.meta.events.register("before-parameter-build.s3", say_owner)
    return made
