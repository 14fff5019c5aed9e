"""static-site: what a release pins of it; the size of its function, the bound of its alarm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, model_validator

from stacks.artifacts import Artifact, Pinned, pinned_functions
from stacks.function import FunctionSize, LogRetention
from stacks.system import Names, SystemRelease, SystemSettings

NAMES = Names(
    functions=("static-site-{stack}-*",),
    buckets=("static-site-{stack}-pages",),
    topics=("static-site-{stack}-alarms",),
    alarms=("static-site-{stack}-*",),
)


class StaticSiteRelease(SystemRelease):
    """What a release pins of static-site."""

    functions: dict[str, Artifact]

    @model_validator(mode="after")
    def _whole(self) -> StaticSiteRelease:
        if set(self.functions) != {"page"}:
            raise ValueError("functions has to hold page and nothing else")
        return self

    def pinned(self, system: str) -> Iterator[Pinned]:
        """The function."""
        return pinned_functions(system, self.functions)


class StaticSiteSettings(SystemSettings):
    """The settings under ``static-site:``."""

    function: FunctionSize = FunctionSize()
    log_retention_days: LogRetention = 30
    error_rate_above: Annotated[float, Field(ge=0, le=100)] = 5.0
    """Percent of the function's runs; above it the alarm rings."""
