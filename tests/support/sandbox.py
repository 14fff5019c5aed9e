"""A sandbox for a test run, apart from the checkout's own."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from sandbox import setup
from sandbox.environment import environment
from sandbox.paths import State
from sandbox.processes import Server
from toolchain.progress import Progress


@dataclass(frozen=True)
class RunningSandbox:
    """A sandbox that runs."""

    state: State
    environment: dict[str, str]

    def account(self, *, data: bool = False) -> dict[str, Any]:
        """Everything in the account; with its data too, when asked."""
        url = f"{self.environment['AWS_ENDPOINT_URL']}/_sandbox/account{'?data=1' if data else ''}"
        with urllib.request.urlopen(url, timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def client(self, service: str) -> Any:
        """A client of the account."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            region_name="us-east-1",
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
        )

    def server(self, name: str) -> Server:
        """One of its servers by name."""
        return next(server for server in setup.running(self.state) if server.name == name)


def start(folder: Path, minute_seconds: float, only: Collection[str] | None = None) -> RunningSandbox:
    """Start a sandbox whose state lies in ``folder``; ``only`` these servers of it, where not all are needed."""
    state = State(folder)
    setup.up(state, Progress(), minute_seconds, only)
    return RunningSandbox(state, environment(state))


def stop(running: RunningSandbox) -> None:
    """Stop it; its folder is the caller's to remove."""
    setup.down(running.state)
