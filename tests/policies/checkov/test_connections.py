"""A name as good as a reference."""

from __future__ import annotations

from typing import Any

import pytest

from policies.checkov import terraform
from policies.checkov.resources import read
from tests.policies.checkov.previews import BUCKET, preview, step

VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
FUNCTION = "aws:lambda/function:Function"


def references(*steps: dict[str, Any]) -> dict[str, list[str]]:
    """What the arguments of the last resource refer to."""
    configured = terraform.plan(read(preview(*steps))).document["configuration"]["root_module"]["resources"]
    return {name: each["references"] for name, each in configured[-1]["expressions"].items()}


@pytest.mark.parametrize(
    ("target", "kind", "inputs", "argument"),
    [
        (step(BUCKET, "a", {"bucket": "shop"}), VERSIONING, {"bucket": "shop"}, "bucket"),
        (
            step(BUCKET, "a", {"bucket": "shop"}),
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            {"bucket": "shop"},
            "bucket",
        ),
        (
            step(FUNCTION, "a", {"name": "resize"}),
            "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
            {"functionName": "resize"},
            "function_name",
        ),
        (
            step("aws:sns/topic:Topic", "a", {"name": "news"}),
            "aws:sns/topicPolicy:TopicPolicy",
            {"arn": "x", "topicArn": "arn:aws:sns:eu-central-1:1:news"},
            "topic_arn",
        ),
        (
            step(FUNCTION, "a", {"name": "resize"}),
            "aws:lambda/permission:Permission",
            {"function": "arn:aws:lambda:eu-central-1:1:function:resize"},
            "function_name",
        ),
        (
            step("aws:cfg/recorder:Recorder", "a", {"name": "all", "roleArn": "x"}),
            "aws:cfg/recorderStatus:RecorderStatus",
            {"name": "all", "isEnabled": True},
            "name",
        ),
    ],
)
def test_a_name_or_an_arn_refers(target: dict[str, Any], kind: str, inputs: dict[str, Any], argument: str) -> None:
    address = next(iter(terraform.plan(read(preview(target))).addresses))
    assert references(target, step(kind, "b", inputs)) == {argument: [f"{address}.id", address]}


@pytest.mark.parametrize(
    "others",
    [
        pytest.param([step(BUCKET, "a", {"bucket": "other"})], id="another name"),
        pytest.param([step(FUNCTION, "a", {"name": "shop"})], id="another type"),
        pytest.param([step(BUCKET, "a", {"bucket": "shop"}), step(BUCKET, "c", {"bucket": "shop"})], id="two of them"),
        pytest.param([step(BUCKET, "a", {"bucket": "shop"}, provider="urn::west")], id="another provider"),
    ],
)
def test_others_dont(others: list[dict[str, Any]]) -> None:
    assert references(*others, step(VERSIONING, "b", {"bucket": "shop"})) == {}


def test_a_bucket_doesnt_refer_to_itself() -> None:
    assert references(step(BUCKET, "a", {"bucket": "shop"})) == {}
