"""A scan as SARIF: what failed, at its line, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.checkov import engine, scan
from policies.checkov.sarif import document
from policies.repository import Repository
from tests.policies.checkov.reports import FINDING, NOTHING, REPORT
from tests.policies.checkov.test_scanning import TWO, record


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "a b.py").write_text("a\nb\n    c = call(d)\n")
    (tmp_path / "x.py").write_text("x\n" * 20)
    (tmp_path / "Pulumi.yaml").write_text("name: shop\n")
    return Repository(tmp_path)


def test_a_failure_is_an_error_at_the_programs_line(repository: Repository) -> None:
    (result,) = document(REPORT, repository)["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("CKV_AWS_1", "error")
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "parts/a%20b.py"},
        "region": {"startLine": 3, "startColumn": 7, "endLine": 3, "endColumn": 16},
    }
    assert location["logicalLocations"][0]["fullyQualifiedName"] == FINDING.urn
    assert result["relatedLocations"][0]["physicalLocation"]["region"]["startLine"] == 9


def test_what_is_explained_or_cannot_be_told_is_no_result_and_not_forgotten(repository: Repository) -> None:
    (run,) = document(REPORT, repository)["runs"]
    assert {"CKV_AWS_1", "CKV_AWS_2", "CKV_AWS_3"} == {each["id"] for each in run["tool"]["driver"]["rules"]}
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["level"] == "note"
    assert note["message"]["text"].startswith("CKV_AWS_3 can't be told of one")
    assert note["message"]["text"].endswith("x isn't known")


def test_every_check_that_was_run_is_a_rule(repository: Repository) -> None:
    ran = REPORT.model_copy(update={"checks": {"CKV_AWS_1": "Ensure one", "CKV_K8S_8": "Liveness"}})
    rules = document(ran, repository)["runs"][0]["tool"]["driver"]["rules"]
    assert [each["id"] for each in rules] == ["CKV_AWS_1", "CKV_AWS_2", "CKV_AWS_3", "CKV_K8S_8"]
    assert rules[-1]["helpUri"].endswith("kubernetes.html")


def test_the_version_is_checkovs_and_the_category_the_stacks(repository: Repository) -> None:
    (run,) = document(REPORT, repository)["runs"]
    assert run["tool"]["driver"]["semanticVersion"] == "3.3.30"
    stack = FINDING.urn.split(":")[2]
    assert run["automationDetails"]["id"] == f"checkov/{stack}/"


def test_a_clean_report_is_a_log_without_results(repository: Repository) -> None:
    (run,) = document(NOTHING, repository)["runs"]
    assert run["results"] == []
    assert run["automationDetails"]["id"] == "checkov/"


def test_a_scan_tells_every_check_that_was_run(monkeypatch: pytest.MonkeyPatch) -> None:
    records = (record("CKV_AWS_1", "one"), record("CKV_AWS_2", "one", "PASSED"), record("CKV_AWS_2", "two", "PASSED"))
    monkeypatch.setattr(engine, "run", lambda *_: engine.NOTHING.model_copy(update={"records": records}))
    assert scan(TWO, ()).checks == {"CKV_AWS_1": "Ensure CKV_AWS_1", "CKV_AWS_2": "Ensure CKV_AWS_2"}
