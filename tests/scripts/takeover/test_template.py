from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.takeover.model import TakeoverError
from scripts.takeover.template import load, parameters
from tests.scripts.takeover.conftest import REGION, TEMPLATE

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


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TakeoverError, match=r"none.yaml can't be read: No such file"):
        load(tmp_path / "none.yaml", {}, {}, REGION)


def test_parameters_as_words() -> None:
    assert parameters(["Stage=prod", "Filter=a=b"]) == {"Stage": "prod", "Filter": "a=b"}
    with pytest.raises(TakeoverError, match="takes Name=Value, not 'Stage'"):
        parameters(["Stage"])
