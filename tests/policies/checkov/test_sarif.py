"""SARIF 2.1.0 (OASIS): what code hosts need to show a finding at its line."""

from __future__ import annotations

import json

from policies.checkov.sarif import document
from tests.policies.checkov.reports import FINDING, NOTHING, REASON, REPORT


def test_a_log_has_what_the_standard_requires() -> None:
    log = document(REPORT)
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert run["tool"]["driver"]["version"] == "3.3.30"
    rules = [each["id"] for each in run["tool"]["driver"]["rules"]]
    assert rules == ["CKV_AWS_1", "CKV_AWS_2", "CKV_AWS_3"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["message"]["text"]
    json.dumps(log)


def test_a_failure_is_an_error_at_the_program_s_line() -> None:
    (result, *_) = document(REPORT)["runs"][0]["results"]
    assert result["level"] == "error"
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "parts/a%20b.py", "uriBaseId": "PROJECTROOT"},
        "region": {"startLine": 3, "startColumn": 7},
    }
    assert location["logicalLocations"][0]["fullyQualifiedName"] == FINDING.urn
    assert result["relatedLocations"][0]["physicalLocation"]["region"] == {"startLine": 9}
    assert "suppressions" not in result
    assert result["partialFingerprints"] == {"checkAndResource/v1": FINDING.fingerprint}


def test_an_explained_one_is_suppressed_with_its_reason() -> None:
    result = document(REPORT)["runs"][0]["results"][1]
    assert result["suppressions"] == [{"kind": "external", "status": "accepted", "justification": REASON}]
    assert "physicalLocation" not in result["locations"][0], "no line, no place in a file"


def test_one_that_cant_be_told_is_open() -> None:
    result = document(REPORT)["runs"][0]["results"][2]
    assert (result["kind"], result["level"]) == ("open", "none")
    assert result["message"]["text"].endswith("x isn't known")


def test_a_line_outside_of_the_project_is_absolute() -> None:
    elsewhere = FINDING.source.model_copy(update={"file": "/srv/x.py"}) if FINDING.source else None
    moved = REPORT.model_copy(update={"findings": (FINDING.model_copy(update={"source": elsewhere}),)})
    place = document(moved)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "file:///srv/x.py"}


def test_fingerprints_outlive_a_moved_line_but_not_another_resource() -> None:
    assert FINDING.model_copy(update={"source": None}).fingerprint == FINDING.fingerprint
    assert FINDING.model_copy(update={"urn": "urn:x"}).fingerprint != FINDING.fingerprint


def test_a_clean_report_is_a_log_without_results() -> None:
    assert document(NOTHING)["runs"][0]["results"] == []
