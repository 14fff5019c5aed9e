from __future__ import annotations

from typing import Any

import pytest

from cli.takeover.intrinsics import UnknownValueError, Values

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


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ({"Fn::FindInMap": ["Sizes", "dev", "memory", {"DefaultValue": 128}]}, "128"),
        ({"Fn::FindInMap": ["Sizes", "dev", "memory", {"DefaultValue": {"Ref": "Stage"}}]}, "prod"),
        ({"Fn::FindInMap": ["Absent", "dev", "memory", {"DefaultValue": "d"}]}, "d"),
        ({"Fn::FindInMap": ["ByAccount", "123456789012", "name"]}, "own"),
        ({"Fn::FindInMap": ["ByAccount", "true", "name"]}, "yes"),
        ({"Fn::Join": ["-", [True, 1, 1.5]]}, "true-1-1.5"),
        ({"Fn::Sub": ["${Flag}", {"Flag": False}]}, "false"),
        ({"Fn::Join": ["", ["a", {"Ref": "AWS::NoValue"}, "b"]]}, "ab"),
        ({"Fn::Length": {"Ref": "Zones"}}, "2"),
        ({"Fn::ToJsonString": {"a": [1, {"Ref": "Stage"}]}}, '{"a":[1,"prod"]}'),
        ({"Ref": {"Fn::Sub": "${Stage}Name"}}, "by an expression"),
        (True, "true"),
    ],
)
def test_values_are_written_as_cloudformation_does(expression: Any, value: str) -> None:
    values = Values(
        {**VALUES.parameters, "prodName": "by an expression"},
        {**VALUES.mappings, "ByAccount": {123456789012: {"name": "own"}, True: {"name": "yes"}}},
    )
    assert values.text(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "{{resolve:ssm:/jobs/name}}",
        "{{resolve:ssm-secure:/jobs/name:1}}",
        {"Fn::Join": ["-", ["jobs", "{{resolve:secretsmanager:jobs:SecretString:name}}"]]},
        {"Fn::Sub": "jobs-${Name}-{{resolve:ssm:/x}}"},
        {"Fn::Sub": ["${A}"]},
        {"Fn::Sub": 3},
        {"Fn::Sub": "${Zones}"},
        {"Fn::Join": "jobs"},
        {"Fn::Join": ["-", "jobs"]},
        {"Fn::Join": ["-", {"Ref": "Stage"}]},
        {"Fn::If": ["IsProd"]},
        {"Fn::If": [{"a": 1}, 1, 2]},
        {"Fn::Select": ["x", ["a"]]},
        {"Fn::Select": [0, "text"]},
        {"Fn::FindInMap": "Sizes"},
        {"Fn::FindInMap": ["Sizes", ["prod"], "memory"]},
        {"Fn::Length": "text"},
        {"Fn::Split": [","]},
        {"Fn::GetAZs": ""},
        {"Fn::Cidr": ["10.0.0.0/16", 2, 8]},
        {"Ref": ["a"]},
        {"Ref": "AWS::NoValue"},
        {1: 2},
    ],
)
def test_what_is_malformed_or_elsewhere_is_none(expression: Any) -> None:
    assert VALUES.text(expression) is None


@pytest.mark.parametrize(
    "rule",
    [
        None,
        "IsProd",
        [],
        {},
        {"Fn::Not": "IsProd"},
        {"Fn::Not": []},
        {"Fn::Equals": ["a"]},
        {"Fn::Equals": 3},
        {"Fn::And": None},
        {"Fn::Contains": [[1], 1]},
        {"Condition": "Missing"},
        {"Condition": ["a"]},
        {"Fn::Equals": ["{{resolve:ssm:/x}}", "y"]},
    ],
)
def test_a_malformed_condition_is_unknown(rule: Any) -> None:
    with pytest.raises(UnknownValueError):
        Values({}, conditions={"It": rule}).holds("It")


@pytest.mark.parametrize(("one", "other", "same"), [(True, "true", True), (1, "1", True), ("True", True, False)])
def test_single_values_are_compared_as_texts(one: Any, other: Any, same: bool) -> None:
    assert Values({}, conditions={"It": {"Fn::Equals": [one, other]}}).holds("It") is same
