"""What the users of a system get, beside what the settings ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class DriftedResource:
    """A resource as it can be found in the stack's state."""

    type: str
    """Pulumi's type token."""
    property: str
    """The output that tells it from others of its type."""
    value: str


@dataclass(frozen=True)
class Drift:
    """Something that isn't as the settings ask for it: changed by hand, or under way."""

    what: str
    fix: str = ""
    """The command that fixes it; empty where ``rollback up`` does."""
    resources: tuple[DriftedResource, ...] = ()
    """What has to be read anew so that an update sees it."""

    def line(self, stack: str) -> str:
        """In one line, with the command that fixes it."""
        return f"{self.what}: {self.fix or f'`rollback up -s {stack}` fixes it'}"


@dataclass(frozen=True)
class Serving:
    """What one system's users get."""

    release: str | None
    """The single release that all of them get; None where there are several, or none can be named."""
    text: str
    """The same in words."""
    as_asked: bool
    """Whether the code, and its shares, are what the settings ask for."""
    drift: tuple[Drift, ...] = field(default=())
    moving: tuple[Drift, ...] = field(default=())
    """What is under way: nobody changed it by hand, and it ends."""
    notes: tuple[str, ...] = field(default=())
    """What the settings ask for that users notice: a canary, the legacy route, a system that is stopped."""
    failures: tuple[str, ...] = field(default=())
    """Why the last deployment of a part failed."""


def nearest(fitting: Sequence[str], *meant: str) -> str | None:
    """The release to name where several bring the same: the first that is ``meant``, else the newest; None of none."""
    return next((release for release in meant if release in fitting), fitting[-1] if fitting else None)
