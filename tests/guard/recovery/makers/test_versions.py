from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from guard.recovery.makers import versions

START = datetime(2026, 11, 26, tzinfo=UTC)


def entry(key: str, second: int, latest: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "Key": key,
        "VersionId": f"{key}{second}",
        "IsLatest": latest,
        "LastModified": START + timedelta(seconds=second),
        **more,
    }


class Pages:
    """An S3 client that knows only how to list versions."""

    def __init__(self, *pages: dict[str, Any]) -> None:
        self.pages = pages

    def get_paginator(self, _: str) -> Pages:
        return self

    def paginate(self, **_: str) -> tuple[dict[str, Any], ...]:
        return self.pages


def test_versions_and_markers_of_a_key_are_put_in_order_across_pages() -> None:
    s3 = Pages(
        {"Versions": [entry("a", 5, ETag="x"), entry("b", 9, True, ETag="x")], "DeleteMarkers": [entry("a", 6, True)]},
        {"Versions": [entry("b", 1, ETag="x")], "DeleteMarkers": [entry("b", 4), entry("é", 1, True)]},
        {},
    )
    found = [each["VersionId"] for each in versions.history(s3, "bucket")]
    assert found == ["a6", "a5", "b9", "b4", "b1", "é1"]
    assert versions.count(s3, "bucket") == 6


def test_the_latest_comes_first_within_a_second() -> None:
    s3 = Pages({"Versions": [entry("a", 1, ETag="x")], "DeleteMarkers": [entry("a", 1, True)]})
    assert [each["IsLatest"] for each in versions.history(s3, "bucket")] == [True, False]


def test_writing_and_deleting_in_turns_within_a_second_is_put_in_turns() -> None:
    s3 = Pages(
        {
            "Versions": [entry("a", 1, True, ETag="5"), entry("a", 1, ETag="3"), entry("a", 1, ETag="1")],
            "DeleteMarkers": [{**entry("a", 1), "VersionId": "4"}, {**entry("a", 1), "VersionId": "2"}],
        }
    )
    found = [each.get("ETag") or each["VersionId"] for each in versions.history(s3, "bucket")]
    assert found == ["5", "4", "3", "2", "1"]


def test_versions_keep_the_order_in_which_they_are_listed() -> None:
    s3 = Pages(
        {
            "Versions": [entry("a", 1, ETag="2"), entry("a", 1, ETag="1")],
            "DeleteMarkers": [{**entry("a", 1, True), "VersionId": "4"}, {**entry("a", 1), "VersionId": "3"}],
        }
    )
    found = [each.get("ETag") or each["VersionId"] for each in versions.history(s3, "bucket")]
    assert found[0] == "4", "the newest is known"
    assert [each for each in found if each in "12"] == ["2", "1"]
    assert [each for each in found if each in "34"] == ["4", "3"]
