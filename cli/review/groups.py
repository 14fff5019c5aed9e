"""What has one cause told once: one line of the program may declare thirty resources."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from cli.review.changes import WORST
from cli.review.model import Risk, Step, SystemChanges, Verdict
from core.urn import name_of
from policies.checkov.findings import CheckovFinding
from policies.checkov.resources import Source

NAMED = 3
"""Resources of a group that are named."""
PLANNED = ("durable-store-removal", "durable-store-replacement", "durable-store-loss")
"""Policies that repeat the guard's plan."""
T = TypeVar("T")


@dataclass(frozen=True)
class Group(Generic[T]):
    """Things that are alike."""

    members: tuple[T, ...]
    names: tuple[str, ...]

    @property
    def first(self) -> T:
        """The one that stands for all."""
        return self.members[0]

    @property
    def named(self) -> str:
        """Their names, as far as a line has room."""
        shown = ", ".join(f"`{name}`" for name in self.names[:NAMED])
        more = len(self.names) - NAMED
        return f"{shown} and {more} more" if more > 0 else shown


def verdicts(found: Iterable[Verdict]) -> list[Group[Verdict]]:
    """By policy and line, in the order given."""

    def alike(each: Verdict) -> Hashable:
        # Without a line nothing tells that two have one cause, unless they say the same.
        said = None if each.source else _said(each)
        return each.policy, each.enforcement, _line(each.source), said

    return _groups(found, alike, lambda each: each.resource)


def texts(group: Group[Verdict]) -> list[str]:
    """What is said of a group's members, each sentence once whatever resource it names."""
    said: dict[str, str] = {}
    for each in group.members:
        said.setdefault(_said(each), each.text)
    return list(said.values())


def risks(found: Iterable[Risk]) -> list[Group[Risk]]:
    """Stores that one line of the program endangers in the same way."""

    def alike(each: Risk) -> Hashable:
        said = (each.refusal or "").replace(each.urn, "").replace(name_of(each.urn), "")
        return each.outcome, each.kind, _line(each.source), re.sub(r"\d", "", said.replace(each.name, ""))

    return _groups(found, alike, lambda each: each.name)


def findings(found: Iterable[CheckovFinding]) -> list[Group[CheckovFinding]]:
    """checkov's, by check and line."""
    return _groups(found, lambda each: (each.check, each.where if each.source else ""), lambda each: each.name)


def steps(systems: Sequence[SystemChanges]) -> list[Group[Step]]:
    """Changes by what is done, to what, for what and at which line; the worst and the most numerous first."""
    every = [step for system in systems for step in system.steps]
    found = _groups(every, lambda each: (each.op, each.type, each.why, _line(each.source)), lambda each: each.name)
    return sorted(found, key=lambda group: (WORST.index(group.first.op), -len(group.names), group.first.type))


def without_risks(found: Iterable[Verdict], risks: Iterable[Risk]) -> list[Verdict]:
    """Verdicts but for those that repeat the plan's refusal of a store: that is told with the store."""
    lost = [risk.urn for risk in risks if risk.refusal is not None]
    return [each for each in found if each.policy not in PLANNED or not any(urn in each.text.split() for urn in lost)]


def _said(verdict: Verdict) -> str:
    """A verdict's text without what differs from one resource to the next: its name, and figures."""
    name = rf"(?<![\w-]){re.escape(verdict.resource)}(?![\w-])"
    return re.sub(rf"{name}|\d+", "", verdict.text)


def _line(source: Source | None) -> str:
    return f"{source.file}:{source.line}" if source else ""


def _groups(found: Iterable[T], alike: Callable[[T], Hashable], name: Callable[[T], str]) -> list[Group[T]]:
    collected: dict[Hashable, list[T]] = {}
    for each in found:
        collected.setdefault(alike(each), []).append(each)
    return [Group(tuple(same), tuple(dict.fromkeys(map(name, same)))) for same in collected.values()]
