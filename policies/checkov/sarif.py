"""A report as SARIF, which code hosts show beside the lines of a pull request.

Format: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from policies.checkov.findings import Finding, Report, Skipped, Undecided
from policies.checkov.resources import Source

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
PROJECT = "PROJECTROOT"


def document(report: Report) -> dict[str, Any]:
    """The log: failed checks as errors, explained ones suppressed, those that can't be told open."""
    results = [*report.findings, *report.skipped, *report.undecided]
    titles = {each.check: each.title for each in results}
    rules = sorted(titles)
    driver = {
        "name": "checkov",
        "version": report.checkov,
        "informationUri": "https://www.checkov.io",
        "rules": [{"id": check, "shortDescription": {"text": titles[check]}} for check in rules],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {PROJECT: {"description": {"text": "The folder of Pulumi.yaml"}}},
        "results": [_result(each, rules.index(each.check)) for each in results],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    resource = {"name": finding.name, "fullyQualifiedName": finding.urn, "kind": "resource"}
    location: dict[str, Any] = {"logicalLocations": [resource]}
    if finding.source is not None:
        location["physicalLocation"] = _physical(finding.source)
    made: dict[str, Any] = {
        "ruleId": finding.check,
        "ruleIndex": rule,
        "level": "error",
        "message": {"text": f"{finding.title}: {finding.name} ({finding.type})"},
        "locations": [location],
        "relatedLocations": [
            {"id": number, "physicalLocation": _physical(each), "message": {"text": "declared from here"}}
            for number, each in enumerate(finding.through, start=1)
        ],
        "partialFingerprints": {"checkAndResource/v1": finding.fingerprint},
    }
    if isinstance(finding, Undecided):
        made |= {"kind": "open", "level": "none"}
        made["message"]["text"] += f": {finding.reason}"
    if isinstance(finding, Skipped):
        made["suppressions"] = [{"kind": "external", "status": "accepted", "justification": finding.reason}]
    return made


def _physical(source: Source) -> dict[str, Any]:
    """A path is relative to the project, unless it lies elsewhere."""
    absolute = source.file.startswith("/")
    path = quote(source.file)
    place = {"uri": f"file://{path}"} if absolute else {"uri": path, "uriBaseId": PROJECT}
    region = {"startLine": source.line, **({"startColumn": source.column} if source.column else {})}
    return {"artifactLocation": place, "region": region}
