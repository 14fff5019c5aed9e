"""What a scan comes to: the typed results that every output is made from."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from pydantic import Field

from core.model import Model
from policies.checkov.baseline import Entry
from policies.checkov.resources import Source

Count = Annotated[int, Field(ge=0)]


class CheckovFinding(Model):
    """A check that a resource doesn't pass."""

    check: str
    title: str
    urn: str
    type: str
    name: str
    source: Source | None
    """The innermost line of the project that declares the resource; none where no program is behind it."""
    through: tuple[Source, ...] = ()
    """The project's lines that called it, innermost first."""

    @property
    def where(self) -> str:
        """The line, or the stack's name for the resource where there is none."""
        return str(self.source) if self.source else self.type

    @property
    def fingerprint(self) -> str:
        """The same for the same check on the same resource, wherever its line moves."""
        return hashlib.sha256(f"{self.check} {self.urn}".encode()).hexdigest()[:32]


class Skipped(CheckovFinding):
    """A finding that somebody explained."""

    reason: str
    owner: str


class Undecided(CheckovFinding):
    """A finding that can't be judged."""

    reason: str


class NotBridged(Model):
    """Resources that no check looked at."""

    type: str
    count: Count
    reason: str


class Report(Model):
    """One scan."""

    findings: tuple[CheckovFinding, ...]
    """Failed and not explained."""
    skipped: tuple[Skipped, ...]
    undecided: tuple[Undecided, ...]
    not_bridged: tuple[NotBridged, ...]
    stale: tuple[Entry, ...]
    """Entries of the baseline that explain nothing any more."""
    expired: tuple[Entry, ...]
    """Entries whose day has passed: what they explained is among the findings."""
    resources: Count
    partly_known: Count
    """Resources of which some values aren't known before the update: fewer checks apply to them."""
    checks_run: Count
    seconds: Annotated[float, Field(ge=0)]
    checkov: str
    """Its version."""
    checks: dict[str, str] = {}
    """Every check that was run: its title."""

    @property
    def passed(self) -> bool:
        """Whether nothing is left to explain."""
        return not self.findings and not self.expired

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return {"passed": self.passed, **self.model_dump(mode="json", by_alias=True)}
