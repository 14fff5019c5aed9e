"""The way-back matrix: a row for every release."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cli.review import estimate, ways
from cli.review.changes import count, notable
from cli.review.model import Risk, Secured, SystemMove, Waived, Way
from cli.review.preview import Preview
from cli.review.resources import Resources, of_preview
from cli.review.stores import risks
from cli.review.ways import Known, WayVerdict
from core.identifiers import order
from core.model import ConfigurationError
from guard.approvals import Approval
from policies.waivers import WAY_BACK, Waiver
from stacks.direction import direction
from stacks.settings import StackSettings


@dataclass(frozen=True)
class Matrix:
    """What every row is made from."""

    settings: StackSettings
    outputs: Mapping[str, Any]
    """Of the last update."""
    known: Known
    """What the change has at its pinned release."""
    past: Sequence[estimate.Past]
    secured: Sequence[Secured]
    approvals: Sequence[Approval]
    waivers: Sequence[Waiver]
    now: datetime
    before: Resources = field(default_factory=lambda: Resources({}, {}))
    """The state."""

    @property
    def systems(self) -> Mapping[str, Mapping[str, Any]]:
        """What the last update told of each system."""
        found: Mapping[str, Mapping[str, Any]] = self.outputs.get("systems") or {}
        return found

    @property
    def deployed(self) -> str | None:
        """The newest release that a system runs."""
        told = [str(each["release"]) for each in self.systems.values() if each.get("release")]
        version = self.outputs.get("version")
        return max(told, key=order) if told else (str(version) if version else None)

    def row(self, version: str, preview: Preview | None) -> tuple[Way, WayVerdict]:
        """The way to one release, and what closes it. Whether this change closed it is for the base to say.

        ``preview``: None where it wasn't asked, because what stops the change would stop it as well.
        """
        lost: tuple[Risk, ...] = ()
        if preview is None:
            found, preview = WayVerdict(None, above=self.known.names), Preview({})
        else:
            lost = risks(preview, of_preview(preview.steps).over(self.before), self.approvals, self.now)
            found = ways.judge(preview, lost, self.known)
        if found.reason is None and (unreadable := ways.readable_after(self.settings, version, self.systems)):
            found = WayVerdict(unreadable)
        # A preview that was stopped hasn't seen all that would change.
        counts = {} if preview.failures or found.above else count(notable(preview.steps))
        going = self._moves(version)
        guess = estimate.estimate(
            self.past,
            direction(self.deployed, version),
            estimate.changes(counts),
            estimate.canary_minutes(self.settings),
        )
        way = Way(
            version=version,
            faulty=ways.is_faulty(version),
            here=version == self.deployed and not going,
            open=found.reason is None and not found.above,
            reason=found.reason,
            above=found.above,
            closed_here=False,
            waived=None if found.reason is None else self.waived(version),
            anew=ways.published_anew(preview),
            moves=going,
            counts=counts,
            stores=tuple(risk for risk in lost if risk.urn not in self.known.stores),
            unsecured=sum(1 for each in self.secured if each.fault and each.system in {move.system for move in going}),
            seconds=None if found.reason or found.above else guess.seconds,
            basis=guess.basis,
        )
        return way, found

    def _moves(self, version: str) -> tuple[SystemMove, ...]:
        try:
            return ways.moves(self.settings, version, self.systems)
        except ConfigurationError:
            return ()  # the preview says why

    def waived(self, version: str) -> Waived | None:
        """Who lets the way to a release be closed."""
        return next(_waivers(self.waivers, version, self.now), None)


def _waivers(waivers: Iterable[Waiver], version: str, now: datetime) -> Iterator[Waived]:
    for each in waivers:
        if each.policy == WAY_BACK and each.covers(version) and each.holds(now.date()):
            yield Waived(owner=each.owner, reason=each.reason, expires=each.expires.isoformat())
