"""The plan that a preview becomes."""

from __future__ import annotations

from typing import Any

import pytest

from policies.checkov import terraform
from policies.checkov.resources import read
from tests.policies.checkov.previews import BUCKET, UNKNOWN, preview, step, stores, urn


def opened(value: Any, plan: terraform.TerraformPlan) -> Any:
    """The value with ``"?"`` in place of each hole; a block or a map that is one is ``{"?": "?"}``."""
    if isinstance(value, dict):
        return {"?" if key in plan.holes.found else key: opened(each, plan) for key, each in value.items()}
    if isinstance(value, list):
        return [opened(each, plan) for each in value]
    return "?" if value in plan.holes.found else value


def part(plan: terraform.TerraformPlan, address: str) -> tuple[dict[str, Any], set[str], Any]:
    """Planned values, the arguments that can't be told, and expressions of one address."""
    document = plan.document
    modules = (document["planned_values"]["root_module"], document["configuration"]["root_module"])
    planned, configured = (
        next(each for each in module["resources"] if each["address"] == address) for module in modules
    )
    change = next(each for each in document["resource_changes"] if each["address"] == address)["change"]
    assert change["after"] == planned["values"]
    unknown = {".".join(each) for each in plan.unknown[address]}
    return opened(planned["values"], plan), unknown, configured["expressions"]


def converted(kind: str, inputs: dict[str, Any], address: str) -> tuple[dict[str, Any], set[str], Any]:
    return part(terraform.plan(read(preview(step(kind, "one", inputs)))), address)


def test_a_property_from_another_resource_is_a_reference() -> None:
    plan = terraform.plan(read(stores()))
    values, unknown, expressions = part(plan, "aws_s3_bucket_versioning.kept-versioning")
    assert values == {"bucket": "?", "versioning_configuration": [{"status": "Enabled"}]}
    assert unknown == {"bucket"}
    assert expressions == {"bucket": {"references": ["aws_s3_bucket.kept.id", "aws_s3_bucket.kept"]}}
    values, unknown, expressions = part(plan, "aws_s3_bucket_public_access_block.kept-private")
    assert (values["bucket"], unknown) == ("kept", set()), "a known value keeps its reference"
    assert expressions["bucket"]["references"][-1] == "aws_s3_bucket.kept"


def test_unknown_items_of_a_list_keep_their_places() -> None:
    plan = terraform.plan(read(stores()))
    values, unknown, expressions = part(plan, "aws_cloudwatch_metric_alarm.errors")
    assert values == {
        "alarm_name": "errors",
        "alarm_actions": ["?"],
        "metric_query": [
            {"id": "m1", "metric": [{"metric_name": "Errors", "dimensions": {"FunctionName": "thumbnails"}}]}
        ],
    }
    assert unknown == {"alarm_actions"}
    assert expressions["alarm_actions"]["references"][0] == "aws_sns_topic.news.id"


def test_an_unknown_deep_in_a_block_refers_to_what_is_behind_it() -> None:
    plan = terraform.plan(read(stores()))
    values, unknown, expressions = part(plan, "aws_lambda_function_event_invoke_config.invoices-failures")
    assert values["destination_config"] == [{"on_failure": [{"destination": "?"}]}]
    assert unknown == {"destination_config.on_failure.destination"}
    behind = {"references": ["aws_sqs_queue.work.id", "aws_sqs_queue.work"]}
    assert expressions["destination_config"] == [{"on_failure": [{"destination": behind}]}]


def test_secrets_and_unknowns_in_maps() -> None:
    plan = terraform.plan(read(stores()))
    values, unknown, _ = part(plan, "aws_lambda_function.thumbnails")
    assert values["environment"] == [{"variables": {"TOKEN": "?", "TABLE": "?"}}]
    assert unknown == {"role", "environment.variables.TOKEN", "environment.variables.TABLE"}
    assert [each.name for each in plan.holes.found.values() if each.secret and "TOKEN" in each.path] == [
        "environment.variables.TOKEN"
    ]


def test_lists_of_objects_are_repeated_blocks_and_others_stay_lists() -> None:
    values, unknown, _ = converted(
        "aws:ec2/securityGroup:SecurityGroup",
        {
            "ingress": [{"cidrBlocks": ["10.0.0.0/8"], "fromPort": 22}, {"cidrBlocks": [UNKNOWN], "fromPort": 80}],
            "description": None,
            "tags": {"Name": "x", "owner": "y"},
        },
        "aws_security_group.one",
    )
    assert values == {
        "ingress": [{"cidr_blocks": ["10.0.0.0/8"], "from_port": 22}, {"cidr_blocks": ["?"], "from_port": 80}],
        "tags": {"Name": "x", "owner": "y"},
    }
    assert unknown == {"ingress.cidr_blocks"}


def test_addresses_are_identifiers_of_their_own() -> None:
    read_ = read(preview(step(BUCKET, "a.b"), step(BUCKET, "a/b"), step(BUCKET, "1st")))
    assert list(terraform.plan(read_).addresses) == ["aws_s3_bucket.a_b", "aws_s3_bucket.a_b_2", "aws_s3_bucket._1st"]


def test_actions_are_those_of_the_engine() -> None:
    steps = [step(BUCKET, op, op=op) for op in ("create", "update", "same", "replace", "import")]
    changes = terraform.plan(read(preview(*steps))).document["resource_changes"]
    assert [each["change"]["actions"] for each in changes] == [
        ["create"],
        ["update"],
        ["no-op"],
        ["create"],
        ["create"],
    ]


def test_providers_are_judged_too() -> None:
    plan = terraform.plan(read(stores()))
    provider = plan.document["configuration"]["provider_config"]["aws.account"]
    assert provider["expressions"]["region"] == {"constant_value": "eu-central-1"}
    assert plan.addresses["aws.account"].trace[0].file == "__main__.py", "the program's line, not the library's"


def test_a_reference_to_what_isnt_in_the_plan_is_none() -> None:
    lost = step(BUCKET, "one", {"bucket": UNKNOWN}, propertyDependencies={"bucket": [urn("random:x/id:Id", "r")]})
    values, unknown, expressions = part(terraform.plan(read(preview(lost))), "aws_s3_bucket.one")
    assert (values, unknown, expressions) == ({"bucket": "?"}, {"bucket"}, {})


@pytest.mark.parametrize(
    ("kind", "inputs", "address", "expected"),
    [
        (
            "aws:ec2/launchTemplate:LaunchTemplate",
            {"networkInterfaces": [{"associatePublicIpAddress": True}], "metadataOptions": {"httpTokens": "required"}},
            "aws_launch_template.one",
            {
                "network_interfaces": [{"associate_public_ip_address": True}],
                "metadata_options": [{"http_tokens": "required"}],
            },
        ),
        (
            "aws:ecs/taskDefinition:TaskDefinition",
            {"volumes": [{"name": "v", "efsVolumeConfiguration": {"transitEncryption": "ENABLED"}}]},
            "aws_ecs_task_definition.one",
            {"volume": [{"name": "v", "efs_volume_configuration": [{"transit_encryption": "ENABLED"}]}]},
        ),
        (
            "aws:waf/webAcl:WebAcl",
            {"rules": [{"ruleId": "r", "priority": 1}]},
            "aws_waf_web_acl.one",
            {"rules": [{"rule_id": "r", "priority": 1}]},
        ),
        (
            "aws:autoscaling/group:Group",
            {"vpcZoneIdentifiers": ["subnet-1"], "tags": [{"key": "a", "value": "b"}]},
            "aws_autoscaling_group.one",
            {"vpc_zone_identifier": ["subnet-1"], "tag": [{"key": "a", "value": "b"}]},
        ),
        (
            "aws:elasticbeanstalk/environment:Environment",
            {"version": "v1"},
            "aws_elastic_beanstalk_environment.one",
            {"version_label": "v1"},
        ),
        (
            "aws:apigateway/restApi:RestApi",
            {"endpointConfiguration": {"types": "PRIVATE"}},
            "aws_api_gateway_rest_api.one",
            {"endpoint_configuration": [{"types": ["PRIVATE"]}]},
        ),
        (
            "aws:iam/policy:Policy",
            {"policy": {"Statement": []}},
            "aws_iam_policy.one",
            {"policy": '{"Statement": []}'},
        ),
        (
            "aws:ec2/securityGroup:SecurityGroup",
            {"ingress": UNKNOWN, "tags": UNKNOWN, "egress": [UNKNOWN, {"fromPort": 1}]},
            "aws_security_group.one",
            {"ingress": [{"?": "?"}], "tags": {"?": "?"}, "egress": [{"?": "?"}, {"from_port": 1}]},
        ),
        (
            "aws:dynamodb/table:Table",
            {"attributes": UNKNOWN},
            "aws_dynamodb_table.one",
            {"attribute": [{"?": "?"}]},
        ),
    ],
)
def test_blocks_and_attributes_have_terraforms_names(
    kind: str, inputs: dict[str, Any], address: str, expected: dict[str, Any]
) -> None:
    assert converted(kind, inputs, address)[0] == expected


def test_options_that_mean_the_same_are_a_lifecycle_block() -> None:
    kept = step(BUCKET, "one")
    kept["newState"] |= {"protect": True, "ignoreChanges": ["tagsAll", "*"]}
    values, _, _ = part(terraform.plan(read(preview(kept))), "aws_s3_bucket.one")
    assert values["lifecycle"] == [{"prevent_destroy": True, "ignore_changes": ["tags_all", "all"]}]


@pytest.mark.parametrize("deleted_first", [True, False])
def test_the_order_of_replacement_is_a_lifecycle_block(deleted_first: bool) -> None:
    one = step(BUCKET, "one")
    update_plan = {"resourcePlans": {one["urn"]: {"goal": {"deleteBeforeReplace": deleted_first}}}}
    values, _, _ = part(terraform.plan(read(preview(one), update_plan)), "aws_s3_bucket.one")
    assert values["lifecycle"] == [{"create_before_destroy": not deleted_first}]
