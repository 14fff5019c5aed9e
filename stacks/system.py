"""What every system has to say of itself: the bases of its release model and of its settings, and its names.

A system's own file (``stacks/<system>.py``) derives from these; what it doesn't override means "nothing of the kind".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.identifiers import Version
from core.model import Model
from stacks.artifacts import Pinned


@dataclass(frozen=True)
class OtherRelease:
    """A release that a setting names beside the system's own."""

    version: str
    purpose: str = ""
    """What for, as the end of a sentence that begins with "has no <system>"."""


@dataclass(frozen=True)
class Override:
    """A setting that gives users something else than the pinned release."""

    key: str
    """The setting without its namespace; taking it out ends the override."""
    text: str
    """What users get, as the beginning of a line."""
    other_release: bool
    """Whether that is another release's code."""


@dataclass(frozen=True)
class Names:
    """What the resources of a system are called, as IAM patterns in which ``{stack}`` stands for the stack's name.

    The policies that `rollback preflight --policy` prints allow these names and no others.
    """

    functions: tuple[str, ...] = ()
    """Their roles and log groups are called the same."""
    layers: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    buckets: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    dashboards: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    """Without the leading slash."""
    applications: tuple[str, ...] = ()
    """Of CodeDeploy."""
    codedeploy_roles: tuple[str, ...] = ()


class SystemSettings(Model):
    """The settings of one system, under its own namespace."""

    version: Version | None = None
    """A release of its own; absent, the system follows the stack's version."""

    def other_releases(self) -> Mapping[str, OtherRelease]:
        """The releases that settings name beside the system's own, by the setting's key."""
        return {}

    def overrides(self, pin: str) -> Iterator[Override]:  # noqa: ARG002 - for those that override it
        """Settings that give users something else than the pinned release. ``pin``: the release that it is at."""
        yield from ()

    def shift_minutes(self) -> int:
        """Minutes that an update waits, on the way forward, for traffic to move in steps."""
        return 0


class SystemRelease(Model):
    """What a release pins of one system."""

    def pinned(self, system: str) -> Iterator[Pinned]:
        """Its artifacts. ``system``: the system's name."""
        raise NotImplementedError(f"{type(self).__name__} doesn't say what it pins")

    def deployed(
        self,
        system: str,
        named: Mapping[str, SystemRelease],  # noqa: ARG002 - for those that override it
        window: Callable[[], Mapping[str, SystemRelease]],  # noqa: ARG002 - the same
    ) -> Iterator[Pinned]:
        """The artifacts that an update to this release deploys, those of other releases included.

        ``named``: the releases that settings name (``SystemSettings.other_releases``); ``window``: every release of the
        system that can be gone back to, by version.
        """
        return self.pinned(system)

    def data_left(
        self,
        version: str,  # noqa: ARG002 - for those that override it
        settings: SystemSettings,  # noqa: ARG002 - the same
        before: Mapping[str, Any],  # noqa: ARG002 - the same
    ) -> Mapping[str, Any]:
        """What the stack's output will say of the data's format after an update to this release.

        ``before``: what the output says now. Raises ``ConfigurationError`` where the release can't read what is there.
        """
        return {}
