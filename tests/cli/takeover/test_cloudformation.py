"""The template's side, with and without a running stack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cli.takeover import cloudformation
from cli.takeover.cloudformation import Deployed
from cli.takeover.model import Existing, TakeoverError
from cli.takeover.template import Template

REGION = "eu-west-1"
BODY: dict[str, Any] = {
    "Parameters": {"Stage": {"Type": "String", "Default": "prod"}},
    "Conditions": {"IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}, "Odd": {"Fn::Equals": [{"Ref": "Gone"}, "1"]}},
    "Resources": {
        "Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "jobs-${Stage}"}}},
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Extra": {"Type": "AWS::SQS::Queue", "Condition": "Not", "Properties": {}},
        "Stage1": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {"StageName": "v1", "RestApiId": {"Ref": "Api"}},
        },
    },
}


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.client("cloudformation", region_name=REGION)


def test_a_running_stack_tells_physical_ids_and_parameters(client: Any) -> None:
    resources = {name: BODY["Resources"][name] for name in ("Jobs", "Topic")}
    body = {"Parameters": BODY["Parameters"], "Resources": resources}
    client.create_stack(StackName="sam", TemplateBody=json.dumps(body))
    deployed = cloudformation.look("sam", REGION)
    assert (deployed.status, deployed.parameters) == ("CREATE_COMPLETE", {"Stage": "prod"})
    assert deployed.resources["Jobs"][1].endswith("/jobs-prod")
    assert deployed.processed == body
    del resources["Topic"]
    found = cloudformation.existing(Template(body, {"Stage": "prod"}), deployed, REGION, "1")
    assert [(each.logical_id, each.kind) for each in found] == [
        ("Jobs", "AWS::SQS::Queue"),
        ("Topic", "AWS::SNS::Topic"),
    ]
    assert found[0].name == "jobs-prod"


def test_without_a_stack_the_template_names_what_it_can(client: Any) -> None:
    assert cloudformation.look("none", REGION) == Deployed("none")
    conditions = {**BODY["Conditions"], "Not": {"Fn::Not": [{"Condition": "IsProd"}]}}
    template = Template({**BODY, "Conditions": conditions}, {"Stage": "prod"})
    assert cloudformation.existing(template, Deployed("none"), REGION, "1") == [
        Existing("Jobs", "AWS::SQS::Queue", None, "jobs-prod"),
        Existing("Topic", "AWS::SNS::Topic", None),
        Existing("Stage1", "AWS::ApiGateway::Stage", None, "v1"),
    ]


def test_what_a_resource_lies_in_is_told_by_the_stack() -> None:
    kinds = {"Stage1": ("AWS::ApiGateway::Stage", "v1"), "Api": ("AWS::ApiGateway::RestApi", "abc")}
    deployed = Deployed("sam", "arn", "UPDATE_COMPLETE", {}, kinds)
    found = cloudformation.existing(Template(BODY, {"Stage": "prod"}), deployed, REGION, "1")
    assert found == [
        Existing("Stage1", "AWS::ApiGateway::Stage", "v1", "v1", "abc"),
        Existing("Api", "AWS::ApiGateway::RestApi", "abc"),
    ]


@pytest.mark.parametrize("condition", ["Odd", "Nowhere"])
def test_a_condition_that_cant_be_told_hides_nothing(condition: str) -> None:
    body = {**BODY, "Resources": {"Jobs": {"Type": "AWS::SQS::Queue", "Condition": condition}}}
    assert len(cloudformation.existing(Template(body, {}), Deployed("none"), REGION, "1")) == 1


def test_a_stack_at_work_is_refused(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Busy:
        def describe_stacks(self, **_: Any) -> Any:
            return {"Stacks": [{"StackStatus": "UPDATE_ROLLBACK_IN_PROGRESS"}]}

    monkeypatch.setattr(boto3, "client", lambda *_, **__: Busy())
    with pytest.raises(TakeoverError, match=r"at work on sam \(UPDATE_ROLLBACK_IN_PROGRESS\): run this again"):
        cloudformation.look("sam", REGION)
