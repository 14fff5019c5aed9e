"""async-rag: what a release pins of it; sizes, thresholds, the route that documents take.

Source: runbook async-rag (docs/runbooks/async-rag.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.model import Model, one_of
from stacks.artifacts import Artifact, Pinned, pinned_functions
from stacks.function import FunctionSize, LogRetention, QueueSettings
from stacks.system import Names, Override, SystemRelease, SystemSettings

ASYNC_PATH_FUNCTIONS = (
    "async_document_processor",
    "vdr_processor",
    "text_rag_processor",
    "websocket_connect",
    "websocket_disconnect",
    "websocket_subscribe",
    "websocket_default",
)
"""The functions that runbook async-rag, level 2, removes."""

LASTING_FUNCTIONS = ("process_document_for_rag", "query_handler")
"""The functions that every release of async-rag has: the synchronous path and the query handler."""

NAMES = Names(
    functions=("amplify-rag-{stack}-*",),
    queues=("amplify-rag-{stack}-*",),
    tables=("document-processing-status-{stack}", "websocket-connections-{stack}"),
    buckets=("amplify-files-{stack}",),
    databases=("rag-postgres-{stack}",),
    topics=("amplify-rag-{stack}-rollback",),
    alarms=("amplify-rag-{stack}-*",),
    dashboards=("amplify-rag-{stack}",),
)


class DatabaseSettings(Model):
    """The PostgreSQL instance. The defaults are the safe ones; there is no setting that unties a guard."""

    instance_class: Annotated[str, Field(pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$")] = "db.t4g.medium"
    """The RDS instance class."""
    storage: Annotated[int, Field(ge=20, le=65_536)] = 50
    """GiB of storage."""
    engine_version: Annotated[str, Field(pattern=r"^\d+(\.\d+)?$")] = "16.4"
    """The version of PostgreSQL."""
    backup_days: Annotated[int, Field(ge=1, le=35)] = 14
    """Days that RDS keeps its automatic backups."""
    multi_az: bool = False
    """Whether a standby in another availability zone takes over."""
    subnet_group: str | None = None
    """The DB subnet group; without one, RDS's own default."""
    security_groups: tuple[str, ...] = ()
    """Ids of the database's security groups."""


class RollbackTriggers(Model):
    """When to go back (runbook async-rag, when to go back)."""

    success_rate_below: Annotated[float, Field(ge=0, le=100)] = 80.0
    """Percent of documents that succeed, over the watched time."""
    watched_minutes: Annotated[int, Field(ge=1, le=1_440)] = 15
    """Minutes over which the success rate is watched."""
    lambda_error_rate_above: Annotated[float, Field(ge=0, le=100)] = 10.0
    """Percent of a function's invocations that fail."""
    cost_factor_above: Annotated[float, Field(ge=1, le=100)] = 3.0
    """Times the expected cost."""
    expected_daily_cost: Annotated[float, Field(gt=0, le=1_000_000)] = 50.0
    """US dollars a day that are expected."""
    normal_error_rate_below: Annotated[float, Field(ge=0, le=100)] = 1.0
    """Percent of errors below which it counts as recovered. Only written down: nothing watches it yet."""
    queue_age_above: Annotated[int, Field(ge=1, le=345_600)] = 900
    """Seconds that the oldest message may wait before the backlog counts as a build-up."""


class AsyncRagSettings(SystemSettings):
    """The settings under ``async-rag:``."""

    route: Literal["async", "legacy"] = "async"
    """Where uploads go. ``legacy`` leads the bucket's notification to the synchronous function, pauses the queues'
    consumers and keeps everything else (runbook async-rag, level 1)."""
    drain: bool = False
    """While the route is ``legacy``: the consumers run on, to empty the queues (runbook async-rag, level 1, step 4)."""
    websocket_in_frontend: bool = True
    """What the frontend is told to use (runbook async-rag, level 1, step 5); false is the old polling."""
    republish: bool = False
    """Publish every function's code anew instead of reusing a version that was published before. For the one case
    where a function was deleted by hand and its old versions with it."""
    functions: dict[str, FunctionSize] = {}
    """Sizes of single functions, by name."""
    queues: QueueSettings = QueueSettings()
    database: DatabaseSettings = DatabaseSettings()
    triggers: RollbackTriggers = RollbackTriggers()
    log_retention_days: LogRetention = 30
    """Days that functions' logs are kept; the choices are those of CloudWatch Logs."""
    subnets: tuple[str, ...] = ()
    """Ids of the functions' subnets, where the database lies in a VPC."""
    security_groups: tuple[str, ...] = ()
    """Ids of the functions' security groups, where the database lies in a VPC."""

    def size(self, function: str) -> FunctionSize:
        """The size of one function."""
        return self.functions.get(function, FunctionSize())

    def overrides(self, pin: str) -> Iterator[Override]:  # noqa: ARG002 - of the base
        """The legacy route."""
        if self.route == "legacy":
            yield Override("route", "async-rag takes the legacy route", other_release=False)

    @model_validator(mode="after")
    def _consumers_fit(self) -> AsyncRagSettings:
        for name in ("vdr_processor", "text_rag_processor"):
            if self.size(name).timeout > self.queues.visibility_timeout:
                raise ValueError(
                    f"functions.{name}.timeout is longer than queues.visibilityTimeout: "
                    "a message would be delivered again while it is being processed"
                )
        return self


class AsyncRagRelease(SystemRelease):
    """What a release pins of async-rag."""

    async_path: bool
    """Whether this release has the queues' consumers and the WebSocket API at all."""
    schema_version: Annotated[int, Field(ge=1, le=99)]
    """The newest database schema that this release's code knows; older code works on a newer schema."""
    functions: dict[str, Artifact]

    @model_validator(mode="after")
    def _whole(self) -> AsyncRagRelease:
        wanted = set(LASTING_FUNCTIONS) | (set(ASYNC_PATH_FUNCTIONS) if self.async_path else set())
        if missing := sorted(wanted - set(self.functions)):
            raise ValueError(f"functions lacks {one_of(missing)}")
        if extra := sorted(set(self.functions) - wanted):
            raise ValueError(f"functions has {one_of(extra)}, which asyncPath {str(self.async_path).lower()} rules out")
        return self

    def pinned(self, system: str) -> Iterator[Pinned]:
        """The functions."""
        return pinned_functions(system, self.functions)
