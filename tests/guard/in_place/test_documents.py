"""Documents by which services delete: lifecycles of objects, images and indexes; and deliveries that end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guard.in_place import losses

LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
IMAGES = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
INDEXES = "aws:opensearch/serverlessLifecyclePolicy:ServerlessLifecyclePolicy"
NOTIFICATION = "aws:s3/bucketNotification:BucketNotification"


def rule(days: int | None = 30, prefix: str = "", **more: Any) -> dict[str, Any]:
    expiration = {} if days is None else {"expiration": {"days": days}}
    return {"id": "a", "status": "Enabled", "filter": {"prefix": prefix}, **expiration, **more}


def expires(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[str]:
    return [loss.lost for loss in losses(LIFECYCLE, {"rules": before}, {"rules": after})]


MORE: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (rule(30), rule(29), "29 days"),
    (rule(30, "raw/"), rule(30, "ra"), "under ra"),
    (rule(30, "raw/"), rule(30), "objects are deleted"),
    (rule(30, status="Disabled"), rule(30), "30 days"),
    (rule(30, filter={"tag": {"key": "a", "value": "b"}}), rule(30), "objects are deleted"),
    (
        rule(30, filter={"and": {"prefix": "raw/", "tags": {"a": "b", "c": "d"}}}),
        rule(30, filter={"and": {"prefix": "raw/", "tags": {"a": "b"}}}),
        "a=b",
    ),
    (rule(30, filter={"objectSizeGreaterThan": 100}), rule(30, filter={"objectSizeGreaterThan": 10}), "30 days"),
    (rule(30, filter={"objectSizeLessThan": 100}), rule(30, filter={"objectSizeLessThan": 200}), "30 days"),
    (
        rule(None),
        rule(None, noncurrentVersionExpiration={"noncurrentDays": 7}),
        "versions of objects are deleted 7 days later",
    ),
    (
        rule(None, noncurrentVersionExpiration={"noncurrentDays": 7, "newerNoncurrentVersions": 5}),
        rule(None, noncurrentVersionExpiration={"noncurrentDays": 7, "newerNoncurrentVersions": 2}),
        "but for the newest 2",
    ),
    (
        rule(None, noncurrentVersionExpiration={"noncurrentDays": 7, "newerNoncurrentVersions": 5}),
        rule(None, noncurrentVersionExpiration={"noncurrentDays": 7}),
        "7 days later",
    ),
    (
        rule(None, expiration={"date": "2027-06-01T00:00:00Z"}),
        rule(None, expiration={"date": "2027-01-01T00:00:00Z"}),
        "on 2027-01-01",
    ),
    (
        {"status": "Enabled", "prefix": "a/", "expiration": {"days": 3}},
        {"status": "Enabled", "prefix": "", "expiration": {"days": 3}},
        "objects are",
    ),
]


@pytest.mark.parametrize(("before", "after", "text"), MORE)
def test_a_lifecycle_that_deletes_more_is_told_and_one_that_deletes_less_is_not(
    before: dict[str, Any], after: dict[str, Any], text: str
) -> None:
    (found,) = expires([before], [after])
    assert text in found
    assert expires([after], [before]) == []
    assert expires([after], [after]) == []
    assert expires([], [after]) != []
    assert expires([after], []) == []


@pytest.mark.parametrize(
    "harmless",
    [
        {"abortIncompleteMultipartUpload": {"daysAfterInitiation": 1}},
        {"transitions": [{"days": 30, "storageClass": "GLACIER"}]},
        {"expiration": {"expiredObjectDeleteMarker": True}},
    ],
)
def test_what_deletes_no_object_is_no_loss(harmless: dict[str, Any]) -> None:
    assert expires([], [rule(None, **harmless)]) == []


def test_another_rule_may_cover_it() -> None:
    assert expires([rule(7)], [rule(30, "raw/", id="b"), rule(7)]) == []
    assert len(expires([rule(7, "raw/")], [rule(7, "raw/"), rule(7, "done/", id="b")])) == 1


RULES = st.builds(
    rule,
    st.none() | st.integers(1, 5),
    st.sampled_from(["", "a", "a/", "b"]),
    status=st.sampled_from(["Enabled", "Disabled"]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(RULES, max_size=4), st.lists(RULES, max_size=4))
def test_a_lifecycle_that_only_lost_rules_deletes_no_more(
    before: list[dict[str, Any]], more: list[dict[str, Any]]
) -> None:
    assert expires([*before, *more], before) == []
    assert expires(before, [*reversed(before)]) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(RULES, max_size=3),
    st.lists(RULES, max_size=3),
    st.sampled_from(["", "a", "a/x", "b", "c"]),
    st.integers(1, 6),
)
def test_an_object_that_would_be_deleted_anew_is_told(
    before: list[dict[str, Any]], after: list[dict[str, Any]], key: str, age: int
) -> None:
    """Held against what S3 does: a rule deletes the objects under its prefix that are old enough."""

    def deletes(rules: list[dict[str, Any]]) -> bool:
        return any(
            each["status"] == "Enabled"
            and key.startswith(each["filter"]["prefix"])
            and each.get("expiration", {"days": 99})["days"] <= age
            for each in rules
        )

    if deletes(after) and not deletes(before):
        assert expires(before, after) != []


def images(*selections: dict[str, Any]) -> dict[str, str]:
    return {"policy": json.dumps({"rules": [{"selection": each, "action": {"type": "expire"}} for each in selections]})}


def selection(count: int, status: str = "any", kind: str = "imageCountMoreThan", **more: Any) -> dict[str, Any]:
    return {"tagStatus": status, "countType": kind, "countNumber": count, **more}


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (selection(30), selection(5), "images beyond the newest 5 are deleted"),
        (selection(5, "untagged"), selection(5), "images beyond"),
        (selection(5, "tagged", tagPrefixList=["v1"]), selection(5, "tagged", tagPrefixList=["v"]), "tagged v*"),
        (
            selection(5, "tagged", tagPatternList=["v*", "*-rc"]),
            selection(5, "tagged", tagPatternList=["v*"]),
            "tagged v*",
        ),
        (selection(9, kind="sinceImagePushed"), selection(1, kind="sinceImagePushed"), "1 day after they were pushed"),
    ],
)
def test_images_that_expire_take_the_way_back(before: dict[str, Any], after: dict[str, Any], text: str) -> None:
    (found,) = losses(IMAGES, images(before), images(after))
    assert text in found.lost
    assert found.irreversible
    assert losses(IMAGES, images(after), images(before)) == []


def test_images_counted_otherwise_are_told_both_ways() -> None:
    count, age = images(selection(5)), images(selection(5, kind="sinceImagePushed"))
    assert losses(IMAGES, count, age) != []
    assert losses(IMAGES, age, count) != []


def indexes(**more: Any) -> dict[str, str]:
    return {"policy": json.dumps({"Rules": [{"ResourceType": "index", "Resource": ["index/a/*"], **more}]})}


def test_indexes_without_an_end_lose_nothing() -> None:
    forever = indexes(NoMinIndexRetention=True)
    assert losses(INDEXES, forever, indexes(MinIndexRetention="15d")) != []
    assert losses(INDEXES, indexes(MinIndexRetention="15d"), forever) == []
    assert losses(INDEXES, indexes(MinIndexRetention="24h"), indexes(MinIndexRetention="1d")) == []


CREATED = {"events": ["s3:ObjectCreated:*"], "filterPrefix": "raw/"}


@pytest.mark.parametrize(
    "after",
    [
        {"lambdaFunctions": [{"lambdaFunctionArn": "arn:f", **CREATED}]},
        {"topics": [{"events": ["s3:ObjectCreated:*"]}]},
        {"queues": [{"events": ["s3:*"], "filterPrefix": "r"}]},
        {"eventbridge": True},
    ],
)
def test_events_that_another_listener_gets_are_not_cut(after: dict[str, Any]) -> None:
    assert losses(NOTIFICATION, {"queues": [{"queueArn": "arn:q", **CREATED}]}, after) == []


@pytest.mark.parametrize(
    "after",
    [
        {},
        {"queues": [{"events": ["s3:ObjectRemoved:*"]}]},
        {"queues": [{"events": ["s3:ObjectCreated:Put"], "filterPrefix": "raw/"}]},
        {"queues": [{**CREATED, "filterPrefix": "raw/pdf/"}]},
        {"queues": [{**CREATED, "filterSuffix": ".pdf"}]},
    ],
)
def test_events_that_nobody_gets_are_cut(after: dict[str, Any]) -> None:
    (loss,) = losses(NOTIFICATION, {"queues": [{"queueArn": "arn:q", **CREATED}]}, after)
    assert "nobody is told of s3:ObjectCreated:* under raw/ any more" in loss.lost
    assert losses(NOTIFICATION, {"eventbridge": True}, after) != []
