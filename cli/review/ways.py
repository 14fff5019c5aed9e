"""The way to each release: can the program, as it is in this checkout, take the stack there without losing a store?

What the engine says decides (a preview against the stack's state). The data formats are looked at once more for the
time after the pinned release is deployed: what it writes, an older release may not be able to read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from cli.review.model import Risk, SystemMove
from cli.review.preview import Preview
from core.identifiers import order
from core.model import ConfigurationError
from core.release_lock import read_lock
from stacks.releases import RELEASES, load, versions
from stacks.selection import in_turns, select
from stacks.settings import StackSettings

ANEW = re.compile(r" (is gone|holds something else than was published \(.*\)): ")


@dataclass(frozen=True)
class WayVerdict:
    """Whether a way is open, for one program."""

    reason: str | None
    """Why it is closed; None where it is open."""
    policies: frozenset[tuple[str, str]] = frozenset()
    """The mandatory policies that close it, with their resources."""
    above: tuple[str, ...] = ()
    """What stopped the preview as it stops that of the change: then nobody knows whether the way is open."""


@dataclass(frozen=True)
class Known:
    """What the change itself has at its pinned release. It is told once, and says nothing about another release."""

    policies: frozenset[tuple[str, str]] = frozenset()
    """The mandatory violations, by policy and URN."""
    stores: Mapping[str, str] = field(default_factory=dict)
    """Stores at risk: URN -> name."""
    failures: frozenset[str] = frozenset()
    """What else stops the preview, a line each."""

    @property
    def names(self) -> tuple[str, ...]:
        """What of it stops a preview."""
        return (*self.stores.values(), *sorted(self.failures))


def window(number: int, running: str | None) -> list[str]:
    """Published releases in the order in which they matter: older ones than runs, the nearest first; then newer ones.

    ``running``: the newest release that any system runs; None where nothing runs, and the newest releases count.
    """
    published = read_lock(RELEASES)
    newest_first = [version for version in reversed(versions()) if version in published]
    if running is None:
        return newest_first[:number]
    older = [version for version in newest_first if order(version) < order(running)]
    newer = [version for version in reversed(newest_first) if order(version) >= order(running)]
    return [*older, *newer][:number]


NOTHING = Known()


def judge(preview: Preview, risks: Collection[Risk], known: Known = NOTHING) -> WayVerdict:
    """Judge a way by its preview."""
    refused = [risk for risk in risks if risk.refusal is not None]
    if lost := [risk for risk in refused if risk.urn not in known.stores]:
        names = ", ".join(f"{risk.name} would be {risk.outcome}" for risk in lost[:3])
        more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
        return WayVerdict(f"{names}{more}: {str(lost[0].refusal).splitlines()[0]}")
    told = {risk.urn for risk in refused}
    if stopped := [each.line for each in preview.failures if each.urn not in told and each.line not in known.failures]:
        return WayVerdict(stopped[0])
    closing = [each for each in preview.violations if each.mandatory and each.key not in known.policies]
    if not closing and (above := _above(preview, refused, known)):
        return WayVerdict(None, above=above)
    if not closing:
        return WayVerdict(None)
    text = closing[0].message.splitlines()
    more = f" (and {len(closing) - 1} more)" if len(closing) > 1 else ""
    said = text[1] if len(text) > 1 else text[0]
    return WayVerdict(f"policy {closing[0].policy}: {said}{more}", frozenset(each.key for each in closing))


def _above(preview: Preview, refused: Collection[Risk], known: Known) -> tuple[str, ...]:
    """What of the change's own stops this preview too."""
    return (
        *(risk.name for risk in refused),
        *(each.line for each in preview.failures if each.line in known.failures),
    )


def published_anew(preview: Preview) -> tuple[str, ...]:
    """What the program says of remembered versions that aren't what they were (``components.common.versions``)."""
    told = (each for each in preview.document.get("diagnostics") or () if each.get("severity") == "warning")
    lines = (" ".join(str(each.get("message") or "").split()).removeprefix("warning: ") for each in told)
    return tuple(line for line in lines if line.startswith("version ") and ANEW.search(line))


def readable_after(settings: StackSettings, version: str, remembered: Mapping[str, Any]) -> str | None:
    """Why a release couldn't read the data once the pinned release is deployed; None where it could.

    ``remembered``: the stack's output of each system.
    """
    try:
        pinned, target = (select(each) for each in (settings, at(settings, version)))
    except ConfigurationError:
        return None  # the preview says it
    for system, chosen in pinned.items():
        own, other = settings.by_system[system], target[system]
        try:
            then = chosen.release.data_left(chosen.version, own, remembered.get(system) or {})
        except ConfigurationError:
            continue  # the same
        try:
            other.release.data_left(other.version, own, then)
        except ConfigurationError as error:
            return f"once {settings.project.version} is deployed: {error}"
    return None


def at(settings: StackSettings, version: str) -> StackSettings:
    """The same settings with the stack at another release, as `rollback deploy` would have them.

    Systems with a pin of their own keep it. Where every system has one the stack's version leads nowhere, so the pins
    go: that is `rollback deploy --unpin`.
    """
    moved = settings.model_copy(update={"project": settings.project.model_copy(update={"version": version})})
    if not all_pinned(settings):
        return moved
    return moved.with_pins(dict.fromkeys(settings.project.systems))


def own_pins(settings: StackSettings) -> dict[str, str]:
    """The systems that are pinned on their own."""
    return {system: pin for system in settings.project.systems if (pin := settings.own_pin(system)) is not None}


def all_pinned(settings: StackSettings) -> bool:
    """Whether no system follows the stack's version."""
    return len(own_pins(settings)) == len(settings.project.systems)


def moves(settings: StackSettings, version: str, deployed: Mapping[str, Mapping[str, Any]]) -> tuple[SystemMove, ...]:
    """The systems that move, in their turns. Raises ``ConfigurationError`` where the release can't be selected."""
    selected = select(at(settings, version))
    ordered = [system for turn in in_turns(selected, deployed) for system in turn]
    found = (
        SystemMove(system=system, old=(deployed.get(system) or {}).get("release"), new=selected[system].version)
        for system in ordered
    )
    return tuple(move for move in found if move.old != move.new)


def is_faulty(version: str) -> bool:
    """Whether a release has planted faults; one that can't be read says so in its preview."""
    try:
        return load(version).quality == "faulty"
    except ConfigurationError:
        return False
