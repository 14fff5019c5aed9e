"""Where a command is about to act: the local sandbox, or a real account, which it says before it touches it."""

from __future__ import annotations

import os
import sys
from urllib.parse import urlparse

import typer

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class TargetError(RuntimeError):
    """The target can't be reached or wasn't agreed to. The message is one line."""


def is_local() -> bool:
    """Whether AWS tools are led to an endpoint on this machine."""
    return urlparse(os.environ.get("AWS_ENDPOINT_URL", "")).hostname in LOOPBACK


def announce(stack: str, region: str, *, ask: bool) -> None:
    """Say which account is about to be touched; a real one is asked about, unless ``ask`` is off.

    Raises ``TargetError`` when there are no credentials, nothing answers, or a pipeline that can't be asked left out
    ``--yes``.
    """
    account = _account(region)
    if is_local():
        print(f"{stack}: the local sandbox (emulated account {account}, {region})", file=sys.stderr)
        return
    print(f"{stack}: the REAL AWS account {account}, {region}", file=sys.stderr)
    if ask:
        if not sys.stdin.isatty():
            raise TargetError(f"{stack} lies in a real account: give --yes where nobody can be asked")
        typer.confirm(f"Update {stack} in account {account}?", abort=True)


def _account(region: str) -> str:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

    settings = Config(connect_timeout=3, read_timeout=10, retries={"max_attempts": 1})
    try:
        account: str = boto3.client("sts", region_name=region, config=settings).get_caller_identity()["Account"]
    except EndpointConnectionError:
        where = os.environ.get("AWS_ENDPOINT_URL", "AWS")
        hint = ": start the sandbox with `make up`" if is_local() else ""
        raise TargetError(f"no account answers at {where}{hint}") from None
    except (BotoCoreError, ClientError) as error:
        raise TargetError(f"no AWS credentials that work: {error}") from None
    return account
