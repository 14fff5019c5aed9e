"""What a review finds: the typed document behind every output."""

from __future__ import annotations

import shlex
from typing import Annotated

from pydantic import Field

from core.model import Model
from core.urn import stack_of
from guard.durable import Kind
from policies.checkov import Report
from policies.checkov.resources import Source

APPROVE = "rollback guard approve"
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]


class Step(Model):
    """One resource that changes."""

    op: str
    """``create``, ``update``, ``replace`` or ``delete``."""
    type: str
    name: str
    urn: str
    why: str
    """The properties that differ, or that force the replacement."""
    source: Source | None


class SystemChanges(Model):
    """What changes in one system."""

    system: str
    counts: dict[str, Count]
    steps: tuple[Step, ...]
    """The worst first."""


class Verdict(Model):
    """A policy that isn't kept."""

    policy: str
    enforcement: str
    severity: str
    urn: str
    resource: str
    text: str
    remediation_steps: str
    source: Source | None

    @property
    def mandatory(self) -> bool:
        """Whether it stops an update."""
        return self.enforcement == "mandatory"


class Risk(Model):
    """A durable store that an update would delete or replace, or that it would make lose data."""

    name: str
    kind: str
    """A ``guard.durable.Kind``; the plan may tell of a type that isn't durable any more."""
    system: str
    urn: str
    outcome: str
    """``deleted``, ``replaced`` or ``changed with a loss``."""
    changed: tuple[str, ...]
    """The inputs that force a replacement or make it lose data, where the program knows them."""
    refusal: str | None
    """Why it must not go; None where a recovery point and an approval are in order."""
    recovery_point: str | None
    """The id of the one that is in order."""
    approved_by: str | None
    source: Source | None

    @property
    def reason(self) -> str:
        """Why it must not go, in a line that doesn't begin with its name once more."""
        line = (self.refusal or "").partition("\n")[0]
        return line.removeprefix(f"{self.kind} ").removeprefix(f"{self.name}: ")

    @property
    def remedy(self) -> str:
        """The commands by which it may go: what the refusal says, and the approval that a delete needs besides."""
        command = " ".join((self.refusal or "").partition("\n")[2].split())
        action = {"deleted": "delete", "replaced": "replace"}.get(self.outcome)
        if self.refusal is None or self.approved_by or action is None or APPROVE in command:
            return command
        stack = stack_of(self.urn)
        approval = f"{APPROVE} {shlex.quote(self.name)} --action {action} --by NAME --reason TEXT -s {stack}"
        if command.startswith("rollback "):
            return f"{command} && {approval}"
        return f"{command}; then {approval}" if command else approval


class Secured(Model):
    """How well one store could be restored."""

    name: str
    kind: Kind
    system: str
    fault: str | None
    """What is missing; None where its newest recovery point was read back and is young enough."""
    remedy: str | None


class SystemMove(Model):
    """A system on its way to another release."""

    system: str
    old: str | None
    new: str


class Waived(Model):
    """Who lets a way be closed, and why."""

    owner: str
    reason: str
    expires: str


class Way(Model):
    """The way to one release."""

    version: str
    faulty: bool
    """Whether the release has planted faults, for drills."""
    here: bool
    """Whether the stack runs it now."""
    open: bool
    reason: str | None
    """Why not, in a line."""
    closed_here: bool
    """Whether it is this change that closes it."""
    waived: Waived | None
    above: tuple[str, ...] = ()
    """What stops this way as it stops the change itself, at whatever release: names of stores, or lines. It is told
    with the change; whether the way is open can't be told before."""
    anew: tuple[str, ...] = ()
    """Published versions that are gone or hold something else, and what is done about it."""
    moves: tuple[SystemMove, ...]
    """In their turns."""
    counts: dict[str, Count]
    """Resources that are created, updated, replaced and deleted; empty where the preview was stopped."""
    stores: tuple[Risk, ...]
    """Durable stores that would go, each of which needs a recovery point."""
    unsecured: Count
    """Stores of the systems that move whose newest recovery point is missing, unverified or too old."""
    seconds: Seconds | None
    """An estimate."""
    basis: str
    """What the estimate rests on."""


class Base(Model):
    """What the change is compared with."""

    revision: str
    commit: str


class Timing(Model):
    """How long a part of the review took."""

    part: str
    seconds: Seconds


class Review(Model):
    """One review."""

    stack: str
    pinned: str
    """The release that the settings pin."""
    deployed: str | None
    """The release that the last update deployed."""
    running: dict[str, str] = {}
    """By system: the release that the last update deployed."""
    failures: tuple[str, ...]
    """What fails the review, a line each; none where it passes."""
    systems: tuple[SystemChanges, ...]
    stopped: tuple[str, ...]
    """What stopped the preview other than a policy, a line each."""
    verdicts: tuple[Verdict, ...]
    policies_kept: Count
    policies_not_asked: Count
    """Disabled, or the preview ended before they ran: those that look at the whole stack come last."""
    checkov: Report | None
    whole: bool
    """Whether the preview came to every resource; where it didn't, checkov isn't asked."""
    risks: tuple[Risk, ...]
    secured: tuple[Secured, ...]
    secured_unknown: str | None
    """Why recovery points couldn't be looked at."""
    ways: tuple[Way, ...]
    pins: dict[str, str]
    """Systems that are pinned on their own. They stay where they are whatever the stack moves to; where all are, the
    ways are those of ``rollback deploy --unpin``."""
    judges: tuple[str, ...] = ()
    """Files that judge changes (guard, policies, approvals, …) and that this change touches."""
    base: Base | None
    """None where every way is open: nothing had to be compared."""
    timings: tuple[Timing, ...]

    @property
    def all_pinned(self) -> bool:
        """Whether each system is pinned on its own, and so none follows the stack's release."""
        return bool(self.running) and self.pins.keys() >= self.running.keys()

    @property
    def passed(self) -> bool:
        """Whether nothing fails it."""
        return not self.failures
