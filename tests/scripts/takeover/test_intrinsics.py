from __future__ import annotations

from typing import Any

import pytest

from scripts.takeover.intrinsics import UnknownValueError, Values

VALUES = Values(
    {"Stage": "prod", "Zones": ["a", "b"], "AWS::Region": "eu-west-1"},
    {"Sizes": {"prod": {"memory": 512}}},
    {
        "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        "Not": {"Fn::Not": [{"Condition": "IsProd"}]},
        "Both": {"Fn::And": [{"Condition": "IsProd"}, {"Condition": "Not"}]},
        "Either": {"Fn::Or": [{"Condition": "IsProd"}, {"Condition": "Not"}]},
        "Far": {"Fn::Equals": [{"Fn::GetAtt": ["Queue", "Arn"]}, "x"]},
    },
    {"Queue": "https://sqs/1/jobs"},
)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("plain", "plain"),
        ({"Ref": "Stage"}, "prod"),
        ({"Ref": "Queue"}, "https://sqs/1/jobs"),
        ({"Fn::Sub": "jobs-${Stage}-${AWS::Region}"}, "jobs-prod-eu-west-1"),
        ({"Fn::Sub": ["${Name}-${Stage}", {"Name": {"Fn::Join": ["", ["a", "b"]]}}]}, "ab-prod"),
        ({"Fn::Sub": "${!Literal}"}, "${Literal}"),
        ({"Fn::Join": ["-", ["jobs", {"Ref": "Stage"}]]}, "jobs-prod"),
        ({"Fn::Select": [1, {"Ref": "Zones"}]}, "b"),
        ({"Fn::Select": ["0", {"Fn::Split": [",", "x,y"]}]}, "x"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "memory"]}, "512"),
        ({"Fn::If": ["IsProd", "yes", {"Fn::ImportValue": "never looked at"}]}, "yes"),
    ],
)
def test_expressions_that_names_are_made_of(expression: Any, value: str) -> None:
    assert VALUES.text(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        {"Fn::GetAtt": ["Queue", "Arn"]},
        {"Fn::ImportValue": "other"},
        {"Ref": "Missing"},
        {"Fn::Sub": "${Queue.Arn}"},
        {"Fn::Select": [7, ["a"]]},
        {"Fn::FindInMap": ["Sizes", "dev", "memory"]},
        {"Fn::If": ["Unknown", 1, 2]},
        {"Ref": "Zones"},
        {"a": 1, "b": 2},
        None,
    ],
)
def test_what_is_unknown_or_no_text_is_none(expression: Any) -> None:
    assert VALUES.text(expression) is None


def test_conditions() -> None:
    assert [VALUES.holds(name) for name in ("IsProd", "Not", "Both", "Either")] == [True, False, False, True]
    assert Values({}, conditions={"Fixed": True}).holds("Fixed")
    for name in ("Far", "Missing"):
        with pytest.raises(UnknownValueError):
            VALUES.holds(name)


def test_whole_structures_are_worked_out() -> None:
    given = {"Name": {"Ref": "Stage"}, "Items": [{"Ref": "Zones"}, {"Key": {"Fn::Sub": "${Stage}"}}]}
    assert VALUES.resolve(given) == {"Name": "prod", "Items": [["a", "b"], {"Key": "prod"}]}
