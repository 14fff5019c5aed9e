"""cryptique: what a release pins of it; how hosts are chosen, deployed to and watched.

Source: runbook cryptique (docs/runbooks/cryptique.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from core.model import Model
from stacks.artifacts import Artifact, Pinned, revision_key
from stacks.system import Names, SystemRelease, SystemSettings

Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+(:\d+)?$")]


NAMES = Names(
    topics=("cryptique-{stack}-deployments",),
    parameters=("cryptique/{stack}/*",),
    applications=("cryptique-{stack}",),
    codedeploy_roles=("cryptique-codedeploy-{stack}",),
)


class CryptiqueRelease(SystemRelease):
    """What a release pins of cryptique: one revision with code, env file, nginx configuration and hooks."""

    revision: Artifact

    def pinned(self, system: str) -> Iterator[Pinned]:
        """The revision."""
        key = revision_key(system, self.revision)
        yield Pinned("revisions", system, "revision", self.revision.version, self.revision.sha256, key)


class IncidentSeverity(Model):
    """A row of the decision matrix: how soon a rollback has to be under way."""

    condition: str
    """What counts as that severe."""
    minutes: Annotated[int, Field(ge=0, le=10_080)] | None
    """Minutes within which it has to go back: 0 is at once; not set, a fix may go forward instead."""


class CryptiqueDecisions(Model):
    """How soon to go back (runbook cryptique, decision matrix)."""

    critical: IncidentSeverity = IncidentSeverity(condition="data is corrupt, or security was breached", minutes=0)
    high: IncidentSeverity = IncidentSeverity(condition="the application is down, or a main function of it", minutes=15)
    medium: IncidentSeverity = IncidentSeverity(condition="it is slow, or a lesser function fails", minutes=60)
    low: IncidentSeverity = IncidentSeverity(condition="lesser faults, looks", minutes=None)
    update_minutes: Annotated[int, Field(ge=1, le=240)] = 15
    """Minutes between two messages to those concerned while it goes back."""
    watch_minutes: Annotated[int, Field(ge=1, le=1_440)] = 10
    """Minutes that the application is watched afterwards (runbook cryptique, application, step 5)."""


class CryptiqueSettings(SystemSettings):
    """The settings under ``cryptique:``."""

    hosts: Literal["on-premises", "ec2"] = "on-premises"
    """What kind of machines bear the tags ``system=cryptique`` and ``stack=<stack>``."""
    deployment: Literal["OneAtATime", "HalfAtATime", "AllAtOnce"] = "OneAtATime"
    """How many hosts are taken out at a time: CodeDeploy's predefined configuration ``CodeDeployDefault.…``."""
    address: Url | None = None
    """Where the application answers; absent, hosts tell it in the parameter ``/cryptique/<stack>/address``."""
    decisions: CryptiqueDecisions = CryptiqueDecisions()
    """Only written down: nothing watches it yet."""
