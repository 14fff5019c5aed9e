"""compaction: what a release pins of it, handlers and package apart; the feature flag, thresholds.

Source: runbook compaction (docs/runbooks/compaction.md).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from core.identifiers import Version
from core.model import Model, one_of
from stacks.artifacts import Artifact
from stacks.function import FunctionSize, LogRetention, QueueSettings

FUNCTIONS = ("stream_processor", "metadata_handler", "label_handler", "enhanced_compaction_handler")
Format = Annotated[int, Field(ge=1, le=99)]
"""How receipts are written into the Chroma store; see ``apps/layers/compaction``."""


class DataFormat(Model):
    """What a release does to the data: going back must never lead to code that can't read what is there."""

    writes: Format
    reads: Annotated[tuple[Format, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _reads_its_own(self) -> DataFormat:
        if self.writes not in self.reads:
            raise ValueError(f"dataFormat.reads lacks {self.writes}, which is what the release itself writes")
        return self


class CompactionRelease(Model):
    """What a release pins of compaction."""

    data_format: DataFormat
    package: Artifact
    """The ``receipt_chroma`` package, a Lambda layer of its own version."""
    functions: dict[str, Artifact]

    @model_validator(mode="after")
    def _whole(self) -> CompactionRelease:
        if missing := sorted(set(FUNCTIONS) - set(self.functions)):
            raise ValueError(f"functions lacks {one_of(missing)}")
        if extra := sorted(set(self.functions) - set(FUNCTIONS)):
            raise ValueError(f"functions has {one_of(extra)}; valid: {one_of(sorted(FUNCTIONS))}")
        return self


class CompactionAlarms(Model):
    """What a rollback watches (runbook compaction, verification)."""

    errors_above: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Errors (``CompactionLambdaError``) within five minutes."""
    stream_age_above: Annotated[int, Field(ge=1, le=86_400)] = 300
    """Seconds that a change may wait in the table's stream."""
    queue_age_above: Annotated[int, Field(ge=1, le=345_600)] = 900
    """Seconds that the oldest update may wait."""
    watch_minutes: Annotated[int, Field(ge=1, le=1_440)] = 60
    """Minutes that the metrics are watched after a rollback. Only written down: nothing watches it yet."""
    stable_minutes: Annotated[int, Field(ge=1, le=1_440)] = 30
    """Minutes that they have to be normal until it counts as done. Only written down: nothing watches it yet."""


class CompactionSettings(Model):
    """The settings under ``compaction:``."""

    version: Version | None = None
    """A release of its own; absent, the system follows the stack's version."""
    handlers_from: Version | None = None
    """The release whose handlers run with the pinned package (runbook compaction, quick rollback)."""
    use_package_compaction: bool = True
    """The feature flag: the package's code, or what the handlers still carry (runbook compaction, prevention)."""
    restored_format: Format | None = None
    """Say so once when the store was restored from a copy in an older format: which one it has now."""
    functions: dict[str, FunctionSize] = {}
    """Sizes of single functions, by name. Their time limit is 300 seconds where it isn't set."""
    queues: QueueSettings = QueueSettings()
    stream_batch: Annotated[int, Field(ge=1, le=1_000)] = 100
    """Changes of the table that the stream processor gets at a time."""
    alarms: CompactionAlarms = CompactionAlarms()
    log_retention_days: LogRetention = 30
    """Days that functions' logs are kept; the choices are those of CloudWatch Logs."""
    republish: bool = False
    """Publish the code anew instead of reusing a version that was published before."""

    def size(self, function: str) -> FunctionSize:
        """The size of one function."""
        return self.functions.get(function, FunctionSize(timeout=300))

    @model_validator(mode="after")
    def _consumers_fit(self) -> CompactionSettings:
        for name in ("metadata_handler", "label_handler"):
            if self.size(name).timeout > self.queues.visibility_timeout:
                raise ValueError(
                    f"functions.{name}.timeout is longer than queues.visibilityTimeout: "
                    "an update would be delivered again while it is being worked on"
                )
        return self
