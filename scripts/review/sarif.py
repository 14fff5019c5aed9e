"""A review as SARIF: checkov's run, and one of the review's own with policies, stores and ways.

Format: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0". A code host shows a result only
beside a line; what has none (a store that left the program) is shown at the top of the project's own file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from policies.checkov import sarif
from policies.checkov.resources import Source
from policies.pack import BY_NAME
from policies.waivers import WAY_BACK
from scripts.review.model import Review, Risk, Verdict, Way

AT_RISK = "durable-store-at-risk"
NOWHERE = Source(file="Pulumi.yaml", line=1)
LEVELS = {True: "error", False: "warning"}
SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.0", "low": "2.0"}
"""``security-severity``, by which GitHub sorts (GitHub documentation, "SARIF support for code scanning")."""
OWN = {
    AT_RISK: ("No update deletes or replaces a durable store without a recovery point and an approval.", "critical"),
    WAY_BACK: ("No change closes the way back to a release without saying so.", "high"),
}


def document(review: Review) -> dict[str, Any]:
    """The log."""
    results = [
        *(_verdict(each) for each in review.verdicts),
        *(_risk(risk) for risk in review.risks if risk.refusal is not None),
        *(_way(way) for way in review.ways if way.closed_here),
    ]
    names = sorted({result["ruleId"] for result in results})
    for result in results:
        result["ruleIndex"] = names.index(result["ruleId"])
    driver = {"name": "rollback review", "rules": [_rule(name) for name in names]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {sarif.PROJECT: {"description": {"text": "The folder of Pulumi.yaml"}}},
        "results": results,
    }
    runs = [run, *(_placed(run) for run in sarif.document(review.checkov)["runs"])] if review.checkov else [run]
    return {"$schema": sarif.SCHEMA, "version": "2.1.0", "runs": runs}


def _rule(name: str) -> dict[str, Any]:
    rule = BY_NAME.get(name)
    text, severity = (rule.description, str(rule.severity)) if rule else OWN.get(name, (name, "medium"))
    made: dict[str, Any] = {"id": name, "shortDescription": {"text": text}}
    if rule:
        made["help"] = {"text": rule.remediation}
    return {**made, "properties": {"security-severity": SCORES[severity], "tags": ["security"]}}


def _verdict(verdict: Verdict) -> dict[str, Any]:
    text = f"{verdict.text} {verdict.remediation}".strip()
    return _result(verdict.policy, LEVELS[verdict.mandatory], text, verdict.urn, verdict.source)


def _risk(risk: Risk) -> dict[str, Any]:
    text = f"{risk.name} would be {risk.deed}: {risk.refusal}"
    return _result(AT_RISK, "error", text, risk.urn, risk.source)


def _way(way: Way) -> dict[str, Any]:
    source = Source(file=f"stacks/releases/{way.version}.yaml", line=1)
    return _result(
        WAY_BACK, "error", f"{way.version} can't be gone back to any more: {way.reason}", way.version, source
    )


def _result(rule: str, level: str, text: str, subject: str, source: Source | None) -> dict[str, Any]:
    logical = {"name": subject.rpartition("::")[2], "fullyQualifiedName": subject, "kind": "resource"}
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": _physical(source or NOWHERE), "logicalLocations": [logical]}],
        "partialFingerprints": {"ruleAndSubject/v1": hashlib.sha256(f"{rule} {subject}".encode()).hexdigest()[:32]},
    }


def _physical(source: Source) -> dict[str, Any]:
    place = {"uri": source.file, "uriBaseId": sarif.PROJECT}
    return {"artifactLocation": place, "region": {"startLine": source.line}}


def _placed(run: dict[str, Any]) -> dict[str, Any]:
    """A run whose every result has a place."""
    return {**run, "results": list(_with_places(run["results"]))}


def _with_places(results: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for result in results:
        first, *rest = result["locations"]
        yield {**result, "locations": [{"physicalLocation": _physical(NOWHERE), **first}, *rest]}
