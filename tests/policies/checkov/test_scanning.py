"""How checkov's records become a report, without checkov."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from policies.checkov import CheckovError, Report, engine, scan
from policies.checkov.baseline import Entry
from tests.policies.checkov.previews import BUCKET, UNKNOWN, preview, step

TODAY = date(2026, 11, 26)
TWO = preview(
    step(BUCKET, "one", {"bucket": "one"}, sourcePosition="project:///shop.py#3"),
    step(BUCKET, "two", {"rules": [{"kmsKeyId": UNKNOWN}], "bucket": "two"}),
)


def record(check: str, name: str, result: str = "FAILED", *evaluated: str, **more: Any) -> engine.Record:
    return engine.Record(
        check=check,
        title=f"Ensure {check}",
        result=result,
        resource=f"aws_s3_bucket.{name}",
        file="plan.json",
        evaluated=evaluated,
        **{"comment": None, **more},
    )


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[engine.Record]:
    """The records that checkov is made to find."""
    records: list[engine.Record] = []
    answer = engine.NOTHING
    monkeypatch.setattr(engine, "run", lambda *_: answer.model_copy(update={"records": tuple(records)}))
    return records


def entry(check: str, **more: Any) -> Entry:
    return Entry.model_validate({"check": check, "reason": "long enough to be a reason", "owner": "me", **more})


def checks(report: Report) -> dict[str, list[str]]:
    parts = {"findings": report.findings, "skipped": report.skipped, "undecided": report.undecided}
    return {part: [f"{each.check} {each.name}" for each in found] for part, found in parts.items()}


def test_a_failure_is_a_finding_at_its_line(found: list[engine.Record]) -> None:
    found += [record("CKV_AWS_2", "one"), record("CKV_AWS_1", "one"), record("CKV_AWS_1", "two", "PASSED")]
    report = scan(TWO, (), TODAY)
    assert [each.check for each in report.findings] == ["CKV_AWS_1", "CKV_AWS_2"]
    first = report.findings[0]
    assert (str(first.source), first.name, first.title) == ("shop.py:3", "one", "Ensure CKV_AWS_1")
    assert (report.checks_run, report.resources, report.partly_known, report.passed) == (3, 2, 1, False)
    assert report.not_bridged == ()


def test_the_same_finding_twice_is_one(found: list[engine.Record]) -> None:
    found += [record("CKV2_AWS_1", "one"), record("CKV2_AWS_1", "one")]
    assert len(scan(TWO, (), TODAY).findings) == 1


def test_what_the_baseline_explains_is_skipped_with_its_reason(found: list[engine.Record]) -> None:
    found += [record("CKV_AWS_1", "one"), record("CKV_AWS_1", "two"), record("CKV_AWS_2", "two")]
    explained = entry("CKV_AWS_1", resources="one")
    stale = entry("CKV_AWS_3")
    report = scan(TWO, (explained, stale), TODAY)
    assert checks(report)["findings"] == ["CKV_AWS_1 two", "CKV_AWS_2 two"]
    assert [(each.name, each.reason, each.owner) for each in report.skipped] == [("one", explained.reason, "me")]
    assert report.stale == (stale,)


def test_an_expired_entry_fails_the_scan_even_where_nothing_else_does(found: list[engine.Record]) -> None:
    old = entry("CKV_AWS_1", expires="2026-11-25")
    assert scan(TWO, (old,), date(2026, 11, 25)).passed
    report = scan(TWO, (old,), TODAY)
    assert (report.passed, report.expired, report.stale) == (False, (old,), ())
    found.append(record("CKV_AWS_1", "one"))
    assert checks(scan(TWO, (old,), TODAY))["findings"] == ["CKV_AWS_1 one"]


def test_what_hangs_on_the_unknown_is_told_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"title": "Ensure", "file": "plan.json", "resource": "aws_s3_bucket.two"}
    open_ = (
        engine.Open(check="CKV_AWS_1", causes=("rule.kms_key_id",), **told),
        engine.Open(check="CKV_AWS_2", causes=("policy is secret", "bucket"), **told),
        engine.Open(check="CKV_AWS_3", causes=("bucket",), **told),
    )
    answer = engine.NOTHING.model_copy(update={"undecided": open_})
    monkeypatch.setattr(engine, "run", lambda *_: answer)
    report = scan(TWO, (entry("CKV_AWS_3"),), TODAY)
    assert {each.check: each.reason for each in report.undecided} == {
        "CKV_AWS_1": "rule.kms_key_id isn't known before the update",
        "CKV_AWS_2": "policy is secret; bucket isn't known before the update",
    }
    assert [each.check for each in report.skipped] == ["CKV_AWS_3"], "the baseline speaks of these too"
    assert report.findings == ()


def test_a_manifest_may_ask_to_be_skipped_and_is_told(found: list[engine.Record]) -> None:
    found += [record("CKV_AWS_1", "one", "SKIPPED", comment="because"), record("CKV_AWS_2", "one", "SKIPPED")]
    report = scan(TWO, (), TODAY)
    assert [each.reason for each in report.skipped] == ["because", "no reason given"]
    assert {each.owner for each in report.skipped} == {"annotation of the manifest"}


def test_a_check_that_fails_itself_leaves_its_resource_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = engine.Broken(check="CKV_AWS_9", resource="aws_s3_bucket.one", file="plan.json", said="KeyError: 'x'")
    answer = engine.NOTHING.model_copy(update={"broken": (broken,)})
    monkeypatch.setattr(engine, "run", lambda *_: answer)
    (undecided,) = scan(TWO, (), TODAY).undecided
    assert undecided.reason == "the check itself fails on it: KeyError: 'x'"


def test_nothing_is_dropped_in_silence(found: list[engine.Record]) -> None:
    document = preview(
        *TWO["steps"],
        step("random:index/randomId:RandomId", "three"),
        step("random:index/randomId:RandomId", "four"),
        step("kubernetes:core/v1:Namespace", "five", op="read", external=True),
        step("kubernetes:core/v1:Namespace", "six"),
    )
    told = {(each.type, each.count, each.reason) for each in scan(document, (), TODAY).not_bridged}
    assert told == {
        (BUCKET, 1, "no check judges aws_s3_bucket by itself"),
        (BUCKET, 1, "no check has enough to go by: not known before the update: rule"),
        ("random:index/randomId:RandomId", 2, "no bridge for this type"),
        ("kubernetes:core/v1:Namespace", 1, "only read, not managed by this program"),
        ("kubernetes:core/v1:Namespace", 1, "no check judges this kind by itself"),
    }


def test_without_a_bridged_resource_checkov_isnt_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "run", lambda *_: pytest.fail("started"))
    report = scan(preview(step("random:index/randomId:RandomId", "one")), (), TODAY)
    assert report.passed
    assert report.as_dict()["notBridged"] == [
        {"type": "random:index/randomId:RandomId", "count": 1, "reason": "no bridge for this type"}
    ]


def test_a_resource_that_nobody_declared_is_an_error(found: list[engine.Record]) -> None:
    found.append(record("CKV_AWS_1", "three"))
    with pytest.raises(CheckovError, match=r"aws_s3_bucket.three, which isn't among the resources"):
        scan(TWO, (), TODAY)
