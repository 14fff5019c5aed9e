"""The way to each release: can the program, as it is in this checkout, take the stack there without losing a store?

What the engine says decides (a preview against the stack's state). The data formats are looked at once more for the
time after the pinned release is deployed: what it writes, an older release may not be able to read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.review.model import Move, Risk
from scripts.review.preview import Preview
from stacks.compaction import CompactionRelease
from stacks.compatibility import newest_format
from stacks.lock import read_lock
from stacks.model import ConfigurationError
from stacks.releases import RELEASES, load, versions
from stacks.selection import in_turns, select
from stacks.settings import StackSettings

COMPACTION = "compaction"
ANEW = re.compile(r" (is gone|holds something else than was published \(.*\)): ")


@dataclass(frozen=True)
class Found:
    """Whether a way is open, for one program."""

    reason: str | None
    """Why it is closed; None where it is open."""
    policies: frozenset[tuple[str, str]] = frozenset()
    """The mandatory policies that close it, with their resources."""


def last(number: int) -> list[str]:
    """The newest published releases, newest first."""
    published = read_lock(RELEASES)
    return [version for version in reversed(versions()) if version in published][:number]


def judge(preview: Preview, risks: Collection[Risk], known: Collection[tuple[str, str]]) -> Found:
    """Judge a way by its preview.

    ``known``: violations that the change itself has at its pinned release. The review tells of them already, and they
    say nothing about this release.
    """
    if lost := [risk for risk in risks if risk.refusal is not None]:
        names = ", ".join(f"{risk.name} would be {risk.deed}" for risk in lost[:3])
        more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
        return Found(f"{names}{more}: {str(lost[0].refusal).splitlines()[0]}")
    if preview.failures:
        return Found(preview.failures[0].line)
    closing = [each for each in preview.violations if each.mandatory and each.key not in known]
    if not closing:
        return Found(None)
    text = closing[0].message.splitlines()
    more = f" (and {len(closing) - 1} more)" if len(closing) > 1 else ""
    told = text[1] if len(text) > 1 else text[0]
    return Found(f"policy {closing[0].policy}: {told}{more}", frozenset(each.key for each in closing))


def published_anew(preview: Preview) -> tuple[str, ...]:
    """What the program says of remembered versions that aren't what they were (``components.parts.versions``)."""
    told = (each for each in preview.document.get("diagnostics") or () if each.get("severity") == "warning")
    lines = (" ".join(str(each.get("message") or "").split()).removeprefix("warning: ") for each in told)
    return tuple(line for line in lines if line.startswith("version ") and ANEW.search(line))


def readable_after(settings: StackSettings, version: str, remembered: Mapping[str, Any]) -> str | None:
    """Why a release couldn't read the data once the pinned release is deployed; None where it could.

    ``remembered``: the stack's output of each system.
    """
    try:
        pinned, target = (select(each).get(COMPACTION) for each in (settings, at(settings, version)))
        if pinned is None or target is None:
            return None
        assert isinstance(pinned.release, CompactionRelease)
        assert isinstance(target.release, CompactionRelease)
        then = newest_format(pinned.version, pinned.release, settings.compaction, remembered.get(COMPACTION) or {})
    except ConfigurationError:
        return None  # the preview says it
    told = {"dataFormat": {"newest": then}, "release": pinned.version}
    try:
        newest_format(target.version, target.release, settings.compaction, told)
    except ConfigurationError as error:
        return f"once {settings.project.version} is deployed: {error}"
    return None


def at(settings: StackSettings, version: str) -> StackSettings:
    """The same settings with the stack at another release; systems with a pin of their own keep it."""
    return settings.model_copy(update={"project": settings.project.model_copy(update={"version": version})})


def moves(settings: StackSettings, version: str, deployed: Mapping[str, Mapping[str, Any]]) -> tuple[Move, ...]:
    """The systems that move, in their turns. Raises ``ConfigurationError`` where the release can't be selected."""
    selected = select(at(settings, version))
    ordered = [system for turn in in_turns(selected, deployed) for system in turn]
    found = (
        Move(system=system, old=(deployed.get(system) or {}).get("release"), new=selected[system].version)
        for system in ordered
    )
    return tuple(move for move in found if move.old != move.new)


def is_faulty(version: str) -> bool:
    """Whether a release has planted faults; one that can't be read says so in its preview."""
    try:
        return load(version).quality == "faulty"
    except ConfigurationError:
        return False
