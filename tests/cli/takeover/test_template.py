from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.takeover.model import TakeoverError
from cli.takeover.template import load, parameters
from tests.cli.takeover.conftest import REGION, TEMPLATE

PLAIN = {
    "Parameters": {"Stage": {"Type": "String", "AllowedValues": ["dev", "prod"]}, "Zones": {"Type": "List<String>"}},
    "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "jobs-${Stage}"}}}},
}


def written(folder: Path, text: str) -> Path:
    path = folder / "template.yaml"
    path.write_text(text)
    return path


def test_sam_is_expanded_as_cloudformation_does_it() -> None:
    template = load(TEMPLATE, {"Environment": "prod"}, {}, REGION)
    kinds = {name: resource["Type"] for name, resource in template.resources.items()}
    assert kinds["ApiFunctionAliaslive"] == "AWS::Lambda::Alias"
    assert kinds["WorkerFunctionJobs"] == "AWS::Lambda::EventSourceMapping"
    assert kinds["ServerlessDeploymentApplication"] == "AWS::CodeDeploy::Application"
    assert not any(kind.startswith("AWS::Serverless") for kind in kinds.values())
    assert "Transform" not in template.body
    assert template.parameters == {"Environment": "prod", "ErrorRate": "10", "CodeBucket": "code"}


def test_code_in_a_local_folder_is_no_hindrance(tmp_path: Path) -> None:
    text = TEMPLATE.read_text().replace("{Bucket: !Ref CodeBucket, Key: api.zip}", "src/api/")
    template = load(written(tmp_path, text), {}, {}, REGION)
    assert template.resources["ApiFunction"]["Properties"]["Code"]["S3Bucket"] == "not-packaged"


def test_plain_cloudformation_in_json_stays_as_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps(PLAIN, indent="\t"))
    template = load(path, {"Stage": "prod"}, {"Stage": "dev", "Zones": "a, b"}, REGION)
    assert template.body == PLAIN
    assert template.parameters == {"Stage": "prod", "Zones": ["a", "b"]}


def test_short_forms_and_dates_in_yaml(tmp_path: Path) -> None:
    text = """
        Resources:
          Role:
            Type: AWS::IAM::Role
            Properties:
              RoleName: !Join ["-", [!Ref Stage, !GetAtt Queue.Arn]]
              AssumeRolePolicyDocument: {Version: 2012-10-17}
        """
    properties = load(written(tmp_path, text), {}, {}, REGION).resources["Role"]["Properties"]
    assert properties["RoleName"] == {"Fn::Join": ["-", [{"Ref": "Stage"}, {"Fn::GetAtt": ["Queue", "Arn"]}]]}
    assert properties["AssumeRolePolicyDocument"]["Version"] == "2012-10-17"


@pytest.mark.parametrize(
    ("text", "given", "said"),
    [
        ("a: [", {}, "neither YAML nor JSON"),
        ("{", {}, "neither YAML nor JSON"),
        ("a: 1", {}, "no template: it has no Resources"),
        ("- 1", {}, "no template"),
        (json.dumps(PLAIN), {}, "parameter Stage has no default: give --parameter Stage=VALUE"),
        (json.dumps(PLAIN), {"Stage": "test", "Zones": "a"}, "Stage can't be 'test'; valid: dev, prod"),
        (json.dumps(PLAIN), {"Stag": "dev"}, "no parameter 'Stag'; valid: Stage, Zones"),
        (
            "Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: AWS::Serverless::Function, Properties: {}}}",
            {},
            "no valid SAM template: .*",
        ),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, text: str, given: dict[str, str], said: str) -> None:
    with pytest.raises(TakeoverError, match=said) as caught:
        load(written(tmp_path, text), given, {}, REGION)
    assert "\n" not in str(caught.value)


QUEUE = {"Type": "AWS::SQS::Queue"}
DECLARED = {"Resources": {"Queue": QUEUE}}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"Resources": {"Queue": None}}, "resource Queue is empty, where CloudFormation wants a mapping"),
        ({"Resources": {"Queue": "x"}}, "resource Queue is a text"),
        ({"Resources": {"Queue": 3}}, "resource Queue is a number"),
        ({"Resources": {"Queue": True}}, "resource Queue is true or false"),
        ({"Resources": {"Queue": [QUEUE]}}, "resource Queue is a list"),
        ({"Resources": {"Queue": {"Properties": {}}}}, "resource Queue has no Type"),
        ({"Resources": {"Queue": {**QUEUE, "Type": 3}}}, "resource Queue has no Type"),
        ({"Resources": {"Queue": {**QUEUE, "Properties": "x"}}}, "Properties of resource Queue is a text"),
        ({"Resources": {"Queue": {**QUEUE, "Metadata": []}}}, "Metadata of resource Queue is a list"),
        ({"Resources": []}, "no template: it has no Resources"),
        ({**DECLARED, "Parameters": ["Stage"]}, "Parameters is a list"),
        ({**DECLARED, "Parameters": {"Stage": None}}, "parameter Stage is empty"),
        ({**DECLARED, "Parameters": {"Stage": "prod"}}, "parameter Stage is a text"),
        ({**DECLARED, "Parameters": {"Stage": {"Default": 1}}}, "parameter Stage has no Type"),
        ({**DECLARED, "Mappings": 3}, "Mappings is a number"),
        ({**DECLARED, "Conditions": "x"}, "Conditions is a text"),
        ({**DECLARED, "Conditions": {"A": {"Condition": "A"}}}, "conditions refer to themselves: A -> A"),
        (
            {**DECLARED, "Conditions": {"A": {"Fn::Not": [{"Condition": "B"}]}, "B": {"Condition": "A"}}},
            "conditions refer to themselves: ",
        ),
        ({**DECLARED, "Transform": "Own::Macro"}, "needs the transform Own::Macro, .*--stack-name"),
        ({**DECLARED, "Transform": {"Name": "AWS::Include"}}, "needs the transform AWS::Include"),
        (
            {"Resources": {"Queue": {**QUEUE, "Properties": {"Fn::Transform": {"Name": "AWS::Include"}}}}},
            "needs the transform AWS::Include",
        ),
        ({**DECLARED, "Transform": "AWS::Serverless-2016-10-31", "Globals": 3}, "no valid SAM template"),
    ],
)
def test_what_cloudformation_refuses_is_one_line(tmp_path: Path, body: object, said: str) -> None:
    with pytest.raises(TakeoverError, match=said) as caught:
        load(written(tmp_path, json.dumps(body)), {}, {}, REGION)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ({"Type": "CommaDelimitedList", "Default": "a,b", "AllowedValues": ["a", "b", "c"]}, ["a", "b"]),
        ({"Type": "List<Number>", "Default": "1, 2", "AllowedValues": [1, 2]}, ["1", "2"]),
        ({"Type": "String", "Default": True, "AllowedValues": [True, False]}, "true"),
        ({"Type": "String", "Default": "false", "AllowedValues": [True, False]}, "false"),
        ({"Type": "Number", "Default": 3, "AllowedValues": ["3"]}, "3"),
        ({"Type": "Number", "Default": 0.5}, "0.5"),
        ({"Type": "String", "Default": ""}, ""),
    ],
)
def test_a_parameter_is_worth_what_cloudformation_makes_of_it(tmp_path: Path, declared: object, value: object) -> None:
    body = {**DECLARED, "Parameters": {"It": declared}}
    assert load(written(tmp_path, json.dumps(body)), {}, {}, REGION).parameters == {"It": value}


def test_of_a_list_each_value_has_to_be_allowed(tmp_path: Path) -> None:
    rule = {"Type": "CommaDelimitedList", "AllowedValues": ["a", "b"]}
    path = written(tmp_path, json.dumps({**DECLARED, "Parameters": {"It": rule}}))
    with pytest.raises(TakeoverError, match="parameter It can't be 'x'; valid: a, b"):
        load(path, {"It": "a,x"}, {}, REGION)


@pytest.mark.parametrize("sam", [False, True])
def test_what_is_in_parameter_store_is_known_to_a_running_stack_alone(tmp_path: Path, sam: bool) -> None:
    kind = "AWS::SSM::Parameter::Value<String>"
    transform = {"Transform": "AWS::Serverless-2016-10-31"} if sam else {}
    body = {**DECLARED, **transform, "Parameters": {"It": {"Type": kind, "Default": "/jobs/name"}}}
    path = written(tmp_path, json.dumps(body))
    assert load(path, {}, {}, REGION).parameters == {}
    assert load(path, {}, {"It": "jobs"}, REGION).parameters == {"It": "jobs"}


def test_a_serverless_application_is_a_nested_stack_and_nobody_is_asked_for_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    place = {"ApplicationId": "arn:aws:serverlessrepo:us-east-1:1:applications/x", "SemanticVersion": "1.0.0"}
    app = {"Type": "AWS::Serverless::Application", "Properties": {"Location": place}}
    body = {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"App": app}}
    found = load(written(tmp_path, json.dumps(body)), {}, {}, REGION)
    assert found.resources["App"]["Type"] == "AWS::CloudFormation::Stack"
    assert capfd.readouterr() == ("", "")


def test_a_macro_is_done_where_the_stack_runs(tmp_path: Path) -> None:
    processed = {"Resources": {"Made": QUEUE}}
    path = written(tmp_path, json.dumps({**DECLARED, "Transform": ["Own::Macro"]}))
    assert load(path, {}, {}, REGION, processed).resources == {"Made": QUEUE}


def test_account_ids_and_times_stay_texts(tmp_path: Path) -> None:
    text = """
        Mappings: {Names: {012345670123: {name: own}}}
        Resources:
          Database: {Type: AWS::RDS::DBInstance, Properties: {Backup: 22:30, Size: 20, Zero: 0}}
        """
    template = load(written(tmp_path, text), {}, {}, REGION)
    assert template.body["Mappings"] == {"Names": {"012345670123": {"name": "own"}}}
    assert template.resources["Database"]["Properties"] == {"Backup": "22:30", "Size": 20, "Zero": 0}


def test_a_file_that_refers_to_itself_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(TakeoverError, match="refers to itself by a YAML anchor") as caught:
        load(written(tmp_path, "Resources: &r {Queue: {Type: AWS::SQS::Queue, Properties: *r}}"), {}, {}, REGION)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TakeoverError, match=r"none.yaml can't be read: No such file"):
        load(tmp_path / "none.yaml", {}, {}, REGION)


def test_parameters_as_words() -> None:
    assert parameters(["Stage=prod", "Filter=a=b"]) == {"Stage": "prod", "Filter": "a=b"}
    with pytest.raises(TakeoverError, match="takes Name=Value, not 'Stage'"):
        parameters(["Stage"])
