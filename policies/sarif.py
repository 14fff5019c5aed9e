"""SARIF as GitHub's code scanning takes it: rules and results of any tool, become one log.

Format: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0". What of it is read, what is required
and how much of it is taken: GitHub documentation, "SARIF support for code scanning".
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from core.urn import name_of
from policies.repository import Candidate, Repository, Spot

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MOST_RESULTS = 5_000
"""Of one run. GitHub takes 25,000 and shows 5,000."""
MOST_RELATED = 10
MOST_TAGS = 10
"""Of one rule. GitHub takes 20 and shows 10."""
LONGEST_NAME = 255
LONGEST_TEXT = 1_024
"""Characters of a description, and of a result's message."""
LARGEST = 10_000_000
"""Bytes of a log, compressed with gzip; GitHub refuses 10 MB."""
SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.0", "low": "2.0"}
"""``security-severity``: over 9.0 is shown as critical, from 7.0 as high, from 4.0 as medium, from 0.1 as low."""


class Level(StrEnum):
    """How bad a result is. GitHub knows no others."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


PROBLEMS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "recommendation"}
"""``problem.severity``, which has a word of its own for notes."""


class Precision(StrEnum):
    """How often what a rule reports is true."""

    VERY_HIGH = "very-high"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True)
class Tool:
    """What found the results."""

    name: str
    version: str
    """Semantic Versioning 2.0."""
    uri: str
    """Where it is described."""
    category: str
    """Tells its results on one commit from those of another run of the same tool: of another stack."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What a tool looks for."""

    id: str
    title: str
    """One sentence."""
    text: str
    """The same at length."""
    help: str
    """What to do."""
    uri: str
    """Where it is described."""
    level: Level
    severity: str
    """A key of ``SCORES``."""
    precision: Precision
    tags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Result:
    """One thing that is wrong."""

    rule: str
    level: Level
    text: str
    subject: str
    """What it is about: a resource's URN, a release."""
    places: tuple[Candidate, ...] = ()
    """The lines that may be shown, the nearest first; the stack's own file where none of them is in the repository."""
    through: tuple[Candidate, ...] = ()
    """The lines that led there."""
    caused_here: bool = False
    """Whether the change under review is what makes it true."""


def log(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A log of some runs, small enough to be taken: where it isn't, the least of the results are left out."""
    kept: list[dict[str, Any]] = [dict(run) for run in runs]
    made = {"$schema": SCHEMA, "version": "2.1.0", "runs": kept}
    while _size(made) >= LARGEST and any(run["results"] for run in kept):
        for run in kept:
            run["results"] = run["results"][: len(run["results"]) // 2]
    for whole, cut in zip(runs, kept, strict=True):
        cut["invocations"] = _invocations(len(whole["results"]) - len(cut["results"]), whole["invocations"][0])
    return made


def run(
    tool: Tool,
    rules: Iterable[Rule],
    results: Iterable[Result],
    repository: Repository,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """What one tool has to say.

    ``rules``: all that could have a result, so that logs of two commits differ in their results alone. ``notes``: what
    is neither wrong nor right, and so no result.
    """
    known = {rule.id: rule for rule in sorted(rules, key=lambda rule: rule.id)}
    order = {id_: number for number, id_ in enumerate(known)}
    ranked = sorted(results, key=lambda each: _rank(each, known[each.rule]))
    written = list(_written(ranked[:MOST_RESULTS], order, repository))
    driver = {
        "name": tool.name,
        "version": tool.version,
        "semanticVersion": tool.version,
        "informationUri": tool.uri,
        "rules": [_rule(rule) for rule in known.values()],
    }
    made: dict[str, Any] = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"{tool.category}/"},
        "columnKind": "unicodeCodePoints",
        "results": written,
    }
    said = [{"level": "note", "message": {"text": shortened(note)}} for note in notes]
    invocation = {"executionSuccessful": True, **({"toolExecutionNotifications": said} if said else {})}
    return {**made, "invocations": _invocations(len(ranked) - len(written), invocation)}


def shortened(text: str, longest: int = LONGEST_TEXT) -> str:
    """A text in one line that isn't longer than what is shown."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": shortened(rule.title, LONGEST_NAME),
        "shortDescription": {"text": shortened(rule.title)},
        "fullDescription": {"text": shortened(rule.text)},
        "help": {"text": rule.help, "markdown": f"{rule.help}\n\n[{rule.id}]({rule.uri})"},
        "helpUri": rule.uri,
        "defaultConfiguration": {"level": rule.level.value},
        "properties": {
            "tags": list(dict.fromkeys(rule.tags))[:MOST_TAGS],
            "precision": rule.precision.value,
            "problem.severity": PROBLEMS[rule.level],
            "security-severity": SCORES[rule.severity],
        },
    }


def _rank(result: Result, rule: Rule) -> tuple[int, float, str, str, str]:
    """The worst first: GitHub shows no more than so many."""
    return list(Level).index(result.level), -float(SCORES[rule.severity]), result.rule, result.subject, result.text


def _written(results: Iterable[Result], order: Mapping[str, int], repository: Repository) -> Iterator[dict[str, Any]]:
    seen: Counter[str] = Counter()
    for result in results:
        spot = repository.spot(result.places, result.subject, caused_here=result.caused_here)
        digest = _digest(result, spot)
        seen[digest] += 1
        logical = {"name": name_of(result.subject), "fullyQualifiedName": result.subject, "kind": "resource"}
        made = {
            "ruleId": result.rule,
            "ruleIndex": order[result.rule],
            "level": result.level.value,
            "message": {"text": shortened(result.text)},
            "locations": [{"physicalLocation": _physical(spot), "logicalLocations": [logical]}],
            "partialFingerprints": {"primaryLocationLineHash": f"{digest}:{seen[digest]}"},
        }
        related = [found for each in result.through if (found := repository.known(each))]
        if related:
            made["relatedLocations"] = [
                {"id": number, "physicalLocation": _physical(each), "message": {"text": "declared from here"}}
                for number, each in enumerate(related[:MOST_RELATED], start=1)
            ]
        yield made


def _digest(result: Result, spot: Spot) -> str:
    """What tells a result from others, wherever its line moves: the text of the line counts and not its number.

    Ten resources may be declared by one line, so the resource counts as well.
    """
    parts = (result.rule, result.subject, spot.text.strip())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _physical(spot: Spot) -> dict[str, Any]:
    region = {
        "startLine": spot.line,
        "startColumn": spot.column,
        "endLine": spot.line,
        "endColumn": max(len(spot.text), spot.column) + 1,
    }
    return {"artifactLocation": {"uri": quote(spot.file)}, "region": region}


def _invocations(left_out: int, invocation: dict[str, Any]) -> list[dict[str, Any]]:
    """The one invocation, with a word on what was left out."""
    if left_out:
        text = f"{left_out} more results, none of them worse than these, are left out: GitHub shows {MOST_RESULTS}"
        told = [*invocation.get("toolExecutionNotifications", ()), {"level": "note", "message": {"text": text}}]
        return [{**invocation, "toolExecutionNotifications": told}]
    return [invocation]


def _size(log: Mapping[str, Any]) -> int:
    """Bytes once compressed; what is smaller than the limit as it is isn't compressed to see."""
    text = json.dumps(log).encode()
    return len(text) if len(text) < LARGEST else len(gzip.compress(text))
