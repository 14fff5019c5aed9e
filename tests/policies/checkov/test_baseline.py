"""What is skipped on purpose, and why."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from core.model import ConfigurationError
from policies.checkov.baseline import Entry, explanation, load
from policies.checkov.resources import read
from tests.policies.checkov.previews import BUCKET, preview, step

REASON = "long enough to be a reason"
TODAY = date(2026, 11, 26)


def entry(**more: object) -> Entry:
    return Entry.model_validate({"check": "CKV_AWS_1", "reason": REASON, "owner": "me", **more})


@pytest.mark.parametrize(
    ("pattern", "covered"),
    [("*", True), ("shop-*", True), (BUCKET, True), ("aws:s3/*", True), ("*::shop-files", True), ("shop", False)],
)
def test_a_pattern_is_for_name_type_or_urn(pattern: str, covered: bool) -> None:
    (resource,) = read(preview(step(BUCKET, "shop-files")))
    assert entry(resources=pattern).covers("CKV_AWS_1", resource) is covered
    assert not entry(resources=pattern).covers("CKV_AWS_11", resource)


def test_an_entry_counts_to_the_end_of_its_last_day() -> None:
    (resource,) = read(preview(step(BUCKET, "one")))
    last = entry(expires="2026-11-26")
    assert explanation([last], "CKV_AWS_1", resource, TODAY) == last
    assert explanation([last], "CKV_AWS_1", resource, date(2026, 11, 27)) is None
    assert not entry().expired(date.max)


def test_the_shipped_one_is_in_order() -> None:
    entries = load()
    assert len({(each.check, each.resources) for each in entries}) == len(entries) > 20
    assert not [each for each in entries if each.expired(date.today())]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {check: CKV_AWS_1, owner: me}", r"baseline.yaml, entry 1: reason is missing"),
        (
            "- {check: CKV_AWS_1, owner: me, reason: short}",
            r"entry 1: reason is .*at least 20 characters",
        ),
        (f"- {{check: aws, owner: me, reason: {REASON}}}", r"entry 1: check is 'aws'; it has to be the id of a check"),
        (f"- {{check: CKV_AWS_1, owner: me, reason: {REASON}, expired: x}}", r"unknown key expired.*expires"),
        (
            f"- {{check: CKV_AWS_1, owner: me, reason: {REASON}, expires: soon}}",
            r"entry 1: expires is .* a date",
        ),
        ("a: b", r"a list of entries is wanted"),
        ("- [", r"baseline.yaml: not YAML"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "baseline.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=said) as raised:
        load(path)
    assert "\n" not in str(raised.value)


def test_an_empty_file_explains_nothing_and_a_missing_one_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("# none\n")
    assert load(tmp_path / "empty.yaml") == ()
    with pytest.raises(ConfigurationError, match=r"missing.yaml: No such file"):
        load(tmp_path / "missing.yaml")


def test_a_system_may_have_a_file_of_its_own(tmp_path: Path) -> None:
    text = "- {{check: CKV_AWS_{number}, owner: me, reason: " + REASON + "}}"
    (tmp_path / "baseline.yaml").write_text(text.format(number=1))
    (tmp_path / "baseline.d").mkdir()
    for number, system in ((3, "two"), (2, "one")):
        (tmp_path / "baseline.d" / f"{system}.yaml").write_text(text.format(number=number))
    assert [each.check for each in load(tmp_path / "baseline.yaml")] == ["CKV_AWS_1", "CKV_AWS_2", "CKV_AWS_3"]
    (tmp_path / "baseline.d" / "two.yaml").write_text("- {}")
    with pytest.raises(ConfigurationError, match=r"^two.yaml, entry 1: check is missing"):
        load(tmp_path / "baseline.yaml")
