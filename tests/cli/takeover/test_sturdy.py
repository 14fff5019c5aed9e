"""Whatever a template has in the wrong place: one line, or a plan."""

from __future__ import annotations

import contextlib
import copy
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli.takeover import afterwards, cloudformation
from cli.takeover.model import TakeoverError
from cli.takeover.template import load
from tests.cli.takeover.conftest import REGION

TEMPLATE: dict[str, Any] = {
    "Transform": ["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"],
    "Parameters": {
        "Stage": {"Type": "String", "Default": "prod", "AllowedValues": ["prod", "dev"]},
        "Names": {"Type": "CommaDelimitedList", "Default": "a,b"},
    },
    "Mappings": {"Sizes": {"prod": {"memory": 512}}},
    "Conditions": {"IsProd": {"Fn::And": [{"Fn::Equals": [{"Ref": "Stage"}, "prod"]}, {"Fn::Not": [False]}]}},
    "Globals": {"Function": {"Runtime": "python3.12", "Timeout": 3}},
    "Resources": {
        "Fn::ForEach::Queues": [
            "Name",
            {"Ref": "Names"},
            {"Queue${Name}": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "q-${Name}"}}}},
        ],
        "Function": {
            "Type": "AWS::Serverless::Function",
            "Condition": "IsProd",
            "Properties": {
                "CodeUri": "src/",
                "Handler": "main.handler",
                "FunctionName": {"Fn::Join": ["-", ["f", {"Fn::If": ["IsProd", "p", {"Ref": "AWS::NoValue"}]}]]},
                "MemorySize": {"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "memory", {"DefaultValue": 128}]},
            },
        },
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {"TableName": {"Fn::Select": [0, {"Fn::Split": [",", "t,u"]}]}},
        },
    },
}
ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "Ref",
    [],
    [None],
    {},
    {"Ref": "Stage"},
    {"Fn::If": "x"},
    {"Fn::GetAtt": ["A", "B"]},
)


def paths(part: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value in the template."""
    inside = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, each in inside:
        yield (*here, key)
        yield from paths(each, (*here, key))


PATHS = list(paths(TEMPLATE))


def put(body: Any, path: tuple[Any, ...], value: Any) -> None:
    """Put a value at the end of a way, where that is still there."""
    part = body
    with contextlib.suppress(KeyError, IndexError, TypeError):
        for key in path[:-1]:
            part = part[key]
        part[path[-1]] = copy.deepcopy(value)


def taken(body: Any) -> None:
    """Read it as a takeover does, with no stack running."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "template.json")
        path.write_text(json.dumps(body))
        try:
            template = load(path, {}, {}, REGION)
        except TakeoverError as error:
            lines = str(error).splitlines()
        else:
            cloudformation.existing(template, cloudformation.Deployed("jobs"), REGION, "123456789012")
            afterwards.retained(template.body, "prod")
            return
    assert len(lines) == 1


def test_as_it_is_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "template.json"
    path.write_text(json.dumps(TEMPLATE))
    found = cloudformation.existing(load(path, {}, {}, REGION), cloudformation.Deployed("jobs"), REGION, "123456789012")
    assert {"q-a", "q-b", "f-p", "t"} <= {each.name for each in found}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PATHS), st.sampled_from(ODD), st.sampled_from(PATHS), st.sampled_from(ODD))
def test_two_odd_values_break_nothing(one: tuple[Any, ...], odd: Any, two: tuple[Any, ...], other: Any) -> None:
    body = copy.deepcopy(TEMPLATE)
    for path, value in ((one, odd), (two, other)):
        put(body, path, value)
    taken(body)


@pytest.mark.long
@pytest.mark.parametrize("path", PATHS, ids=lambda path: "/".join(str(each) for each in path))
def test_every_place_takes_every_odd_value(path: tuple[Any, ...]) -> None:
    for value in ODD[::2]:
        body = copy.deepcopy(TEMPLATE)
        put(body, path, value)
        taken(body)
