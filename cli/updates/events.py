"""What the engine tells of an update: how many resources it changed, and which ones it failed at.

Source: the engine's event log (``--event-log``), one JSON object a line, as Pulumi's Automation API reads it
(``apitype.EngineEvent``). The engine writes it whatever it shows on the terminal.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.review.resources import Resources, of_state
from core.state import STACK
from core.urn import name_of, type_of

COLOUR = re.compile(r"<\{%.*?%\}>")
"""The engine's marks of colours in its messages."""
WORDS = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "import": "imported",
    "read": "read",
    "same": "unchanged",
}
MANDATORY = "mandatory"


@dataclass(frozen=True)
class UpdateOutcome:
    """How far an update came."""

    changes: Mapping[str, int] = field(default_factory=dict)
    """Operation -> how many resources; ``same`` for those that stayed as they were. Empty where nothing was told."""
    failed: tuple[str, ...] = ()
    """The URNs of the resources that failed, in the order in which they did."""
    policies: tuple[str, ...] = ()
    """The mandatory policies that refused it."""
    parents: Mapping[str, str] = field(default_factory=dict)
    """URN -> the URN of what it lies in, of the resources that the update came to."""
    counted: bool = True
    """Whether the engine came to its summary: one that was killed has told of single resources at most."""

    def line(self) -> str:
        """What changed, and how much stayed: ``2 created, 1 updated; 269 unchanged, 1 failed``."""
        told = counts(self.changes, failed=sum(type_of(urn) != STACK for urn in self.failed))
        if self.counted:
            return told
        if not set(self.changes) - {"same", "read"}:
            return "the engine ended before it told what had changed"
        return f"the engine ended before it counted: at least {told}"

    def places(self, state: Mapping[str, Any]) -> dict[str, list[str]]:
        """System -> the resources that failed in it (``Deployment rag-api``); ``shared`` for what is in none."""
        known = of_state(state)
        every = Resources({**known.parents, **self.parents}, known.sources)
        found: dict[str, list[str]] = {}
        for urn in self.failed:
            if type_of(urn) != STACK:
                found.setdefault(every.system(urn), []).append(f"{type_of(urn).rpartition(':')[2]} {name_of(urn)}")
        return found


def counts(changes: Mapping[str, int], failed: int = 0) -> str:
    """Numbers of resources in words: what changed; then what stayed, and what failed."""
    moved = [
        f"{count} {WORDS.get(op, op)}" for op, count in sorted(changes.items()) if count and op not in ("same", "read")
    ]
    still = [f"{changes['same']} unchanged"] if changes.get("same") else []
    still += [f"{failed} failed"] if failed else []
    return "; ".join([", ".join(moved) or "nothing changed", *([", ".join(still)] if still else [])])


def read(path: Path) -> UpdateOutcome:
    """The outcome in an event log. A log that isn't there, or ends in the middle of a line, tells what it can."""
    summary: Mapping[str, int] | None = None
    done: Counter[str] = Counter()
    failed: dict[str, None] = {}
    policies: dict[str, None] = {}
    parents: dict[str, str] = {}
    for event in _events(path):
        if told := event.get("summaryEvent"):
            summary = {str(op): int(count) for op, count in (told.get("resourceChanges") or {}).items()}
        if ended := event.get("resOutputsEvent"):
            done[str((ended.get("metadata") or {}).get("op"))] += 1
        for told in (event.get("resourcePreEvent"), event.get("resOpFailedEvent")):
            if told:
                parents |= _parent(told.get("metadata") or {})
        if broken := event.get("resOpFailedEvent"):
            failed[str((broken.get("metadata") or {}).get("urn"))] = None
        said = event.get("diagnosticEvent") or {}
        if said.get("severity") == "error" and said.get("urn") and not said.get("ephemeral"):
            failed[str(said["urn"])] = None
        refused = event.get("policyEvent") or {}
        if refused.get("enforcementLevel") == MANDATORY:
            policies[str(refused.get("policyName"))] = None
    begun = bool(done or failed or parents)
    return UpdateOutcome(
        dict(done) if summary is None else summary,
        tuple(failed),
        tuple(policies),
        parents,
        counted=summary is not None or not begun,
    )


def _events(path: Path) -> Iterator[dict[str, Any]]:
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event


def _parent(metadata: Mapping[str, Any]) -> dict[str, str]:
    states: Sequence[Mapping[str, Any]] = [metadata.get(side) or {} for side in ("new", "old")]
    above = next((str(state["parent"]) for state in states if state.get("parent")), None)
    return {str(metadata["urn"]): above} if above and metadata.get("urn") else {}
