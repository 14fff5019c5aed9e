"""compaction: what a release pins of it, handlers and package apart; the feature flag, thresholds.

Source: runbook compaction (docs/runbooks/compaction.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from core.identifiers import Version
from core.model import ConfigurationError, Model, one_of
from stacks.artifacts import Artifact, Pinned, pinned_functions, pinned_layer
from stacks.function import FunctionSize, LogRetention, QueueSettings
from stacks.system import Names, OtherRelease, Override, SystemRelease, SystemSettings

FUNCTIONS = ("stream_processor", "metadata_handler", "label_handler", "enhanced_compaction_handler")
PACKAGE = "receipt_chroma"
HANDLERS_FROM = "handlersFrom"
"""The setting that names the release whose handlers run."""
Format = Annotated[int, Field(ge=1, le=99)]
"""How receipts are written into the Chroma store; see ``apps/layers/compaction``."""

NAMES = Names(
    functions=("chromadb-compaction-{stack}-*",),
    layers=("receipt-chroma-{stack}",),
    queues=("receipt-stream-{stack}-*", "receipt-label-updates-{stack}*", "receipt-metadata-updates-{stack}*"),
    tables=("receipts-{stack}",),
    buckets=("receipt-chroma-{stack}",),
    topics=("compaction-{stack}-rollback",),
    alarms=("compaction-{stack}-*",),
    dashboards=("compaction-{stack}",),
)


class DataFormat(Model):
    """What a release does to the data: going back must never lead to code that can't read what is there."""

    writes: Format
    reads: Annotated[tuple[Format, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _reads_its_own(self) -> DataFormat:
        if self.writes not in self.reads:
            raise ValueError(f"dataFormat.reads lacks {self.writes}, which is what the release itself writes")
        return self


class CompactionRelease(SystemRelease):
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

    def handlers(self, named: Mapping[str, SystemRelease]) -> Mapping[str, Artifact]:
        """The handlers that run: its own, or those of the release that ``handlersFrom`` names.

        ``named``: the releases that settings name.
        """
        chosen = named.get(HANDLERS_FROM, self)
        assert isinstance(chosen, CompactionRelease)
        return chosen.functions

    def pinned(self, system: str) -> Iterator[Pinned]:
        """The handlers, and the package."""
        yield from pinned_functions(system, self.functions)
        yield pinned_layer(system, PACKAGE, self.package)

    def deployed(
        self, system: str, named: Mapping[str, SystemRelease], window: Callable[[], Mapping[str, SystemRelease]]
    ) -> Iterator[Pinned]:
        """The handlers that run, and the package of every release: their layers all stay."""
        yield from pinned_functions(system, self.handlers(named))
        every = [*(each for each in window().values() if isinstance(each, CompactionRelease)), self]
        packages = {each.package.version: each.package for each in every}
        yield from (pinned_layer(system, PACKAGE, artifact) for _, artifact in sorted(packages.items()))

    def data_left(self, version: str, settings: SystemSettings, before: Mapping[str, Any]) -> Mapping[str, Any]:
        """The newest format in which receipts may lie in the store."""
        assert isinstance(settings, CompactionSettings)
        newest = newest_format(version, self, settings, before)
        return {"dataFormat": {"newest": newest}, "release": version}


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


class CompactionSettings(SystemSettings):
    """The settings under ``compaction:``."""

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

    def other_releases(self) -> Mapping[str, OtherRelease]:
        """The one that the handlers are of."""
        return {HANDLERS_FROM: OtherRelease(self.handlers_from)} if self.handlers_from else {}

    def overrides(self, pin: str) -> Iterator[Override]:
        """Handlers of another release."""
        if self.handlers_from and self.handlers_from != pin:
            text = f"compaction runs {pin} with the handlers of {self.handlers_from}"
            yield Override(HANDLERS_FROM, text, other_release=True)

    @model_validator(mode="after")
    def _consumers_fit(self) -> CompactionSettings:
        for name in ("metadata_handler", "label_handler"):
            if self.size(name).timeout > self.queues.visibility_timeout:
                raise ValueError(
                    f"functions.{name}.timeout is longer than queues.visibilityTimeout: "
                    "an update would be delivered again while it is being worked on"
                )
        return self


def newest_format(
    version: str, release: CompactionRelease, settings: CompactionSettings, remembered: Mapping[str, Any]
) -> int:
    """The newest format in which receipts may lie in the store after this update.

    ``remembered``: what the stack's output said of the system. Raises ``ConfigurationError`` where the release can't
    read what an earlier one has written.
    """
    before = settings.restored_format or int((remembered.get("dataFormat") or {}).get("newest", 0))
    if before and before not in release.data_format.reads:
        reads = ", ".join(map(str, release.data_format.reads))
        raise ConfigurationError(
            f"compaction at {version} reads data format {reads}, and the store holds format {before} since "
            f"{remembered.get('release', 'a restore')}: choose a release that reads it, or restore a copy in an older "
            "format and set compaction:restoredFormat"
        )
    return max(before, release.data_format.writes)
