from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.takeover.model import TakeoverError
from cli.takeover.template import load
from tests.cli.takeover.conftest import REGION

QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "jobs-${Name}"}}}
EXTENSIONS = "AWS::LanguageExtensions"
SAM = "AWS::Serverless-2016-10-31"


def loaded(folder: Path, resources: Any, transform: Any = EXTENSIONS, **sections: Any) -> dict[str, Any]:
    path = folder / "template.json"
    path.write_text(json.dumps({"Transform": transform, "Resources": resources, **sections}))
    return dict(load(path, {}, {}, REGION).resources)


def names(resources: dict[str, Any]) -> dict[str, Any]:
    return {key: each["Properties"].get("QueueName") for key, each in resources.items()}


def test_each_item_makes_its_resources(tmp_path: Path) -> None:
    resources = {"Fn::ForEach::Queues": ["Name", ["a", "b"], {"Queue${Name}": QUEUE}], "Other": QUEUE}
    assert names(loaded(tmp_path, resources)) == {
        "Queuea": {"Fn::Sub": "jobs-a"},
        "Queueb": {"Fn::Sub": "jobs-b"},
        "Other": {"Fn::Sub": "jobs-${Name}"},
    }


@pytest.mark.parametrize(
    "collection",
    [
        {"Ref": "Names"},
        {"Fn::FindInMap": ["Sets", "prod", "names"]},
        {"Fn::FindInMap": ["Sets", "dev", "names", {"DefaultValue": ["x", "y"]}]},
        {"Fn::Split": [",", "x,y"]},
        ["x", {"Ref": "Last"}],
    ],
)
def test_items_come_from_parameters_and_mappings_too(tmp_path: Path, collection: Any) -> None:
    resources = {"Fn::ForEach::Queues": ["Name", collection, {"Queue${Name}": QUEUE}]}
    parameters = {
        "Names": {"Type": "CommaDelimitedList", "Default": "x, y"},
        "Last": {"Type": "String", "Default": "y"},
    }
    mappings = {"Sets": {"prod": {"names": ["x", "y"]}}}
    assert list(loaded(tmp_path, resources, Parameters=parameters, Mappings=mappings)) == ["Queuex", "Queuey"]


def test_loops_lie_within_loops_and_properties(tmp_path: Path) -> None:
    inner: Any = {"Fn::ForEach::Inner": ["Kind", ["in", "out"], {"Q${Name}${Kind}": QUEUE}]}
    resources: Any = {"Fn::ForEach::Outer": ["Name", ["a"], inner]}
    assert list(loaded(tmp_path, resources)) == ["Qain", "Qaout"]
    tags = {"Fn::ForEach::Sizes": ["Size", ["1", "2"], {"Size${Size}": {"Ref": "Size"}}]}
    resources = {"Queue": {"Type": "AWS::SQS::Queue", "Properties": tags}}
    assert loaded(tmp_path, resources)["Queue"]["Properties"] == {"Size1": "1", "Size2": "2"}


def test_an_item_loses_what_a_logical_id_cannot_have(tmp_path: Path) -> None:
    resources = {"Fn::ForEach::Queues": ["Name", ["10.0/8"], {"Queue&{Name}": QUEUE}]}
    assert names(loaded(tmp_path, resources)) == {"Queue1008": {"Fn::Sub": "jobs-10.0/8"}}


@pytest.mark.parametrize("transform", [[EXTENSIONS, SAM], [SAM, EXTENSIONS]])
def test_loops_come_before_sam(tmp_path: Path, transform: list[str]) -> None:
    table = {"Type": "AWS::Serverless::SimpleTable", "Properties": {"TableName": {"Ref": "Name"}}}
    found = loaded(tmp_path, {"Fn::ForEach::Tables": ["Name", ["a", "b"], {"T${Name}": table}]}, transform)
    assert {key: (each["Type"], each["Properties"]["TableName"]) for key, each in found.items()} == {
        "Ta": ("AWS::DynamoDB::Table", "a"),
        "Tb": ("AWS::DynamoDB::Table", "b"),
    }


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        ({"Fn::ForEach::Queues": "x"}, "Fn::ForEach::Queues wants a list of three"),
        ({"Fn::ForEach::Queues": ["Name", ["a"]]}, "wants a list of three"),
        ({"Fn::ForEach::Queues": [1, ["a"], {}]}, "wants a list of three"),
        ({"Fn::ForEach::Queues": ["Name", ["a"], "x"]}, "wants a list of three"),
        ({"Fn::ForEach::Queues": ["Name", "a", {"Q${Name}": QUEUE}]}, "wants a list of texts"),
        ({"Fn::ForEach::Queues": ["Name", [{"a": 1}], {"Q${Name}": QUEUE}]}, "wants a list of texts"),
        ({"Fn::ForEach::Queues": ["Name", ["a", "b"], {"Queue": QUEUE}]}, "makes Queue twice"),
        ({"Queue": QUEUE, "Fn::ForEach::Queues": ["Name", ["a"], {"Queue": QUEUE}]}, "Queue is there twice"),
        ({"Fn::ForEach::Queues": ["Name", {"Fn::GetAtt": ["A", "B"]}, {}]}, "can't be told .*name the running stack"),
        ({"Fn::ForEach::Queues": ["Name", ["a"], {"Q${Name}": None}]}, "resource Qa is empty"),
    ],
)
def test_a_loop_that_cannot_be_done_is_one_line(tmp_path: Path, resources: Any, said: str) -> None:
    with pytest.raises(TakeoverError, match=said) as caught:
        loaded(tmp_path, resources)
    assert "\n" not in str(caught.value)
