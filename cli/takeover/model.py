"""What a takeover is made of: what exists, what was found of it, and what becomes of each resource of the program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from cli.resources.found import Existing, Match, Owner

__all__ = [
    "AdoptionDecision",
    "AdoptionVerdict",
    "Existing",
    "Match",
    "Owner",
    "PlannedChange",
    "TakeoverError",
    "TakeoverPlan",
    "choose",
]


class TakeoverError(RuntimeError):
    """A takeover that isn't possible, or not without harm. The message is one line that says what to do."""


class AdoptionVerdict(StrEnum):
    """What becomes of a resource that the program declares."""

    TAKEN = "taken"
    """It is the template's, and comes into the stack's state."""
    NEW = "new"
    """There is nothing of the kind: the next update makes it."""
    OWN = "own"
    """There may be one, but it can't be taken over: the next update makes another."""
    OUTSIDE = "outside"
    """It exists, and the template doesn't have it: left alone."""
    AMBIGUOUS = "ambiguous"
    """More than one fits: left alone."""


@dataclass(frozen=True)
class AdoptionDecision:
    """What becomes of one resource of the program."""

    kind: str
    """Pulumi's type, as ``aws:sqs/queue:Queue``."""
    name: str
    """Pulumi's name."""
    verdict: AdoptionVerdict
    identifier: str = ""
    logical_id: str = ""
    """The template's resource that it is or belongs to."""
    note: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Type and name."""
        return self.kind, self.name


@dataclass(frozen=True)
class PlannedChange:
    """What the next update does to a resource."""

    kind: str
    name: str
    operation: str
    properties: tuple[str, ...] = ()
    """The properties that differ; of a replacement, those that force it, with both values."""


@dataclass(frozen=True)
class TakeoverPlan:
    """The whole takeover."""

    stack_name: str
    """CloudFormation's stack."""
    stack: str
    """Pulumi's stack."""
    status: str | None
    """The status of CloudFormation's stack; None where there is none of that name."""
    existing: Sequence[Existing]
    decisions: Sequence[AdoptionDecision]
    changes: Sequence[PlannedChange]
    retained: Mapping[str, Any]
    """The template with everything kept on deletion."""
    done: bool = False
    """Whether the state has what was taken."""
    folder: Path | None = None
    """Where files were written."""

    def of(self, *verdicts: AdoptionVerdict) -> list[AdoptionDecision]:
        """The decisions with one of these verdicts."""
        return [each for each in self.decisions if each.verdict in verdicts]

    def as_dict(self) -> dict[str, Any]:
        """Both sides and the changes, for JSON."""
        return {
            "cloudformation": {"stack": self.stack_name, "status": self.status},
            "stack": self.stack,
            "done": self.done,
            "program": [asdict(each) for each in self.decisions],
            "left": [asdict(each) for each in self.left],
            "changes": [asdict(each) for each in self.changes],
        }

    @property
    def left(self) -> list[Existing]:
        """What the template has and the program doesn't take."""
        taken = {each.logical_id for each in self.of(AdoptionVerdict.TAKEN)}
        return [each for each in self.existing if each.logical_id not in taken]


def choose(
    found: Sequence[Match], existing: Iterable[Existing]
) -> tuple[AdoptionVerdict, Match | None, Existing | None]:
    """Which of the things found is the template's own, and which of its resources it is."""
    known = list(existing)
    owned = [(each, owner) for each in found if (owner := _owner(each, known)) is not None]
    if len(owned) == 1:
        return AdoptionVerdict.TAKEN, *owned[0]
    if owned:
        return AdoptionVerdict.AMBIGUOUS, None, None
    return (AdoptionVerdict.OUTSIDE, found[0], None) if found else (AdoptionVerdict.NEW, None, None)


def _owner(found: Match, existing: Sequence[Existing]) -> Existing | None:
    return next((each for owner in found.owners for each in existing if owner.is_(each)), None)
