"""A preview of the program, as data: its steps, what stopped it, and what the policies say.

`pulumi preview --json` has the steps and leaves policies out; the engine's event log has the policies and lacks source
lines and dependencies (pulumi 3.250.0, backend/display/json.go and events.go). So both are taken from one run. The log
is behind ``PULUMI_DEBUG_COMMANDS``, as Pulumi's own Automation API reads it.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cli.pulumi_command import pulumi_in
from cli.review.errors import ReviewError
from core.pulumi_command import first_error

GENERIC = ("preview failed", "update failed")
"""What the engine says at the end of every preview that failed, whatever it failed for."""
CONSEQUENCE = re.compile(
    r"context canceled$|^an unhandled error occurred: program exited with non-zero exit code: \d+$", re.I
)
"""What the engine's other calls end with once one thing has stopped the preview, and what the stock Python host says
once more of a program that has said why it ends."""
NOTHING_MORE = "the engine failed and said nothing more"
CONDITIONS = ("--show-sames", "--json")
"""Without the unchanged resources checkov and the owners of resources couldn't be told."""


@dataclass(frozen=True)
class Failure:
    """Something that stopped a preview."""

    urn: str | None
    message: str
    """As the engine says it, without ``error:``; it may have several lines."""

    @property
    def line(self) -> str:
        """The message as one line; of a traceback its last line, which tells what was raised."""
        if "Traceback (most recent call last)" in self.message:
            return self.message.strip().splitlines()[-1].strip()
        return " ".join(self.message.split())


@dataclass(frozen=True)
class Violation:
    """A policy that isn't kept."""

    policy: str
    enforcement: str
    severity: str
    urn: str
    message: str
    """Lines: the policy's description, what is wrong, the remediation."""

    @property
    def mandatory(self) -> bool:
        """Whether it stops an update."""
        return self.enforcement == "mandatory"

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others in another preview."""
        return self.policy, self.urn


@dataclass(frozen=True)
class Preview:
    """What one preview says."""

    document: Mapping[str, Any]
    """``pulumi preview --json --show-sames``."""
    failures: tuple[Failure, ...] = ()
    """Without what policies stopped."""
    violations: tuple[Violation, ...] = ()
    passed: frozenset[str] = frozenset()
    """Policies that some resource kept."""
    seconds: float = 0.0
    plan: Mapping[str, Any] | None = None
    """What ``--save-plan`` wrote: options that the JSON leaves out. None where none was asked for, or the preview was
    stopped: the engine writes none then."""

    @property
    def steps(self) -> Sequence[Mapping[str, Any]]:
        """The steps, those that change nothing among them."""
        found: Sequence[Mapping[str, Any]] = self.document.get("steps") or ()
        return found


def run(folder: Path, stack: str, settings: Path, pack: Path | None = None, *, planned: bool = False) -> Preview:
    """Preview the program in ``folder`` with the settings of a file, its own policies applied, or those in ``pack``.

    ``settings`` has to be a copy: the engine may write to it. ``planned``: whether the update plan is kept as well.
    Raises ``ReviewError`` where the engine couldn't begin.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="review-") as scratch:
        log, plan = Path(scratch, "events.json"), Path(scratch, "plan.json")
        pulumi = pulumi_in(folder, surroundings(folder, os.environ, pack), ReviewError)
        words = ["preview", *CONDITIONS, "--stack", stack, "--config-file", str(settings), "--event-log", str(log)]
        if planned:
            words += ["--save-plan", str(plan)]
        done = pulumi.run(*words, asks=False)
        events = log.read_text().splitlines() if log.exists() else []
        kept = json.loads(plan.read_text()) if plan.exists() else None
    try:
        document = json.loads(done.stdout)
    except ValueError:
        raise ReviewError(first_error(done.stderr, done.stdout)) from None
    told = [json.loads(line) for line in events]
    return replace(read(document, told, time.monotonic() - started, failed=done.returncode != 0), plan=kept)


def surroundings(folder: Path, environment: Mapping[str, str], pack: Path | None = None) -> dict[str, str]:
    """The engine's environment: the policies of the program that is looked at, and no option that would narrow it.

    ``pack``: others in their place.
    """
    kept = {key: value for key, value in environment.items() if not key.startswith("PULUMI_OPTION_")}
    kept.pop("PULUMI_ENABLE_STREAMING_JSON_PREVIEW", None)
    kept["PULUMI_DEBUG_COMMANDS"] = "true"
    chosen = pack or folder / "policies"
    if chosen.is_dir():
        kept["PULUMI_OPTION_POLICY_PACK"] = str(chosen)
    return kept


def read(
    document: Mapping[str, Any], events: Sequence[Mapping[str, Any]], seconds: float = 0.0, *, failed: bool = False
) -> Preview:
    """A preview from its JSON and its event log. ``failed``: whether the engine ended with an error."""
    violations = tuple(dict.fromkeys(_violations(events)))
    said = tuple(_failures(document))
    failures = tuple(each for each in said if not CONSEQUENCE.search(each.message)) or said
    if failed and not failures and not any(each.mandatory for each in violations):
        failures = (Failure(None, NOTHING_MORE),)
    return Preview(document, failures, violations, frozenset(_passed(events)), seconds)


def _failures(document: Mapping[str, Any]) -> Iterator[Failure]:
    for each in document.get("diagnostics") or ():
        if each.get("severity") == "error":
            message = str(each.get("message") or "").strip().removeprefix("error: ")
            if message not in GENERIC:
                yield Failure(each.get("urn") or None, message)


def _violations(events: Sequence[Mapping[str, Any]]) -> Iterator[Violation]:
    for event in events:
        if (found := event.get("policyEvent")) is not None:
            yield Violation(
                policy=str(found["policyName"]),
                enforcement=str(found["enforcementLevel"]),
                severity=str(found.get("severity") or ""),
                urn=str(found.get("resourceUrn") or ""),
                message=str(found["message"]).strip(),
            )


def _passed(events: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for event in events:
        for kind in ("policyAnalyzeSummaryEvent", "policyAnalyzeStackSummaryEvent"):
            yield from (event.get(kind) or {}).get("passed") or ()
