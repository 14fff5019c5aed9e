"""What several rows go by: who calls, the stack's state, clients. Each is asked once, when a row first needs it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from cli.engine import Engine, Snapshot
from cli.preflight import artifacts
from cli.preflight.rows import UntoldError
from cli.rights.model import Place
from stacks.artifact_objects import ArtifactObject
from stacks.selection import Selected, select
from stacks.settings import StackSettings

T = TypeVar("T")
CONNECT, READ = 2, 5
"""Seconds for a connection and for an answer."""


@dataclass(frozen=True)
class Caller:
    """Whose credentials are in use (STS, GetCallerIdentity)."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        """``aws``, ``aws-cn`` or ``aws-us-gov``."""
        return self.arn.split(":")[1] if self.arn.startswith("arn:") else "aws"


@dataclass
class PreflightContext:
    """The surroundings of one stack, looked at when a row first asks."""

    settings: StackSettings
    _locks: dict[str, threading.Lock] = field(default_factory=dict)
    _known: dict[str, Any] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def once(self, name: str, ask: Callable[[], T]) -> T:
        """What ``ask`` answers or raises, asked by one thread; the others wait for it."""
        with self._guard:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if name not in self._known:
                try:
                    self._known[name] = (ask(), None)
                except Exception as error:
                    self._known[name] = (None, error)
        answer, failure = self._known[name]
        if failure is not None:
            raise failure
        found: T = answer
        return found

    @property
    def stack(self) -> str:
        """The stack's name."""
        return self.settings.stack

    @property
    def selected(self) -> Mapping[str, Selected]:
        """The systems of the stack with the releases that they are pinned to. Raises ``ConfigurationError``."""
        return self.once("selected", lambda: select(self.settings))

    @property
    def caller(self) -> Caller:
        """Raises what boto3 raises."""
        return self.once("caller", self._ask_caller)

    def known_caller(self) -> Caller:
        """The caller, for rows that are about something else. Raises ``UntoldError``."""
        try:
            return self.caller
        except Exception:
            raise UntoldError("can't be told without valid credentials: see the row of the credentials") from None

    def _ask_caller(self) -> Caller:
        answer = self.client("sts").get_caller_identity()
        return Caller(str(answer["Account"]), str(answer["Arn"]))

    @property
    def state(self) -> Mapping[str, Any]:
        """The whole state; empty where the stack was never made. Raises ``EngineError``."""
        return self.once("state", Engine(self.stack).found)

    def known_state(self) -> Mapping[str, Any]:
        """The state, for rows that are about something else. Raises ``UntoldError``."""
        try:
            return self.state
        except Exception:
            raise UntoldError("can't be told without the stack's state: see the row of the backend") from None

    @property
    def target(self) -> Mapping[str, Any]:
        """The account and cluster that the stack remembers; empty before its first update. Raises ``UntoldError``."""
        remembered = Snapshot(self.known_state(), []).outputs.get("target")
        return remembered if isinstance(remembered, Mapping) else {}

    @property
    def needed(self) -> list[ArtifactObject]:
        """The zips that an update would take from the artifact bucket. Raises ``UntoldError``."""
        return artifacts.needed(self.settings, self.selected, self.known_state())

    def client(self, service: str, region: str = "") -> Any:
        """A boto3 client that answers soon or not at all; S3's says which account has to own a bucket."""
        where = region or self.settings.region
        return self.once(f"client {service} {where}", lambda: self._client(service, where))

    def _client(self, service: str, region: str) -> Any:
        from botocore.config import Config

        config = Config(
            connect_timeout=CONNECT,
            read_timeout=READ,
            max_pool_connections=16,
            retries={"mode": "standard", "total_max_attempts": 2},
        )
        session = self.once("session", _session)
        with self._guard:  # clients are safe across threads, the session that makes them isn't
            return session.client(service, region_name=region, config=config)

    @property
    def place(self) -> Place:
        """What the patterns of rights stand for here. Raises ``UntoldError`` without a caller."""
        caller = self.known_caller()
        return place(self.settings, caller.account, caller.partition)


def place(settings: StackSettings, account: str = "*", partition: str = "aws") -> Place:
    """The stack's place, for the patterns of the tables of rights."""
    project = settings.project
    return Place(settings.stack, settings.region, account, partition, project.artifact_bucket, project.recovery_bucket)


def _session() -> Any:
    import boto3

    return boto3.Session()
