"""What ``data/types.yaml`` and ``data/words.json`` say, held against both providers' own words."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pulumi_aws
import pytest

from policies.checkov import naming
from policies.checkov.naming import Shape
from tests.policies.checkov.names import derive, fetch, pulumi_words

SDK = Path(pulumi_aws.__file__).parent
NEWER = re.compile(
    r"aws_(accountaccess|agentregistry|bedrock_model_invocation_job|cloudwatch_resource_metrics|cloudwatchomni|"
    r"datazone_policy_grant|devopsagent|directory_service_ip_route|directoryservicedata|dms_(data_provider|"
    r"instance_profile|migration_project)|encryption_control|ec2_transit_gateway_policy_table_entry|fis_safety_lever|"
    r"lambda_resource_policy|lambdamicrovms|mailmanager|msk_channel|odb_autonomous|pricingplanmanager)"
)
"""Types that the provider behind ``terraform_words.PACKAGE`` doesn't have yet."""
S3 = ("bucket_versioning.py", "bucket_replication_config.py")


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> pulumi_words.Module:
    """Two resources of one folder of the SDK, so that the test needn't read all of it."""
    folder = tmp_path_factory.mktemp("s3")
    for name in S3:
        (folder / name).write_text((SDK / "s3" / name).read_text())
    whole = (SDK / "s3" / "_inputs.py").read_text()
    classes = re.findall(
        r"^@pulumi\.input_type\nclass Bucket(?:Versioning|Replication).*?(?=^class |^@pulumi|\Z)", whole, re.M | re.S
    )
    (folder / "_inputs.py").write_text("\n".join(classes))
    return pulumi_words.module(folder)


def test_pulumis_words_are_read_from_its_sdk(few: pulumi_words.Module) -> None:
    versioning = few.resources["aws:s3/bucketVersioning:BucketVersioning"]
    assert {"bucket", "mfa", "versioningConfiguration"} <= set(versioning)
    assert versioning["versioningConfiguration"].parts == "BucketVersioningVersioningConfiguration"
    replication = few.resources["aws:s3/bucketReplicationConfig:BucketReplicationConfig"]
    assert (replication["rules"].many, replication["bucket"].many) == (True, False)


def test_every_property_of_them_leads_to_terraforms_word(few: pulumi_words.Module) -> None:
    """The documentation of terraform-provider-aws, "Argument Reference" of both resources."""
    arguments = {
        "aws:s3/bucketVersioning:BucketVersioning": {
            "bucket", "expected_bucket_owner", "mfa", "region", "versioning_configuration",
        },
        "aws:s3/bucketReplicationConfig:BucketReplicationConfig": {"bucket", "region", "role", "rule", "token"},
    }  # fmt: skip
    for token, expected in arguments.items():
        kind = naming.terraform_type(token)
        assert kind is not None
        assert {naming.argument(kind, [key]) for key in few.resources[token]} - {"enabled", "mfa_delete"} == expected


@pytest.mark.parametrize(
    ("kind", "path", "argument", "shape"),
    [
        ("aws_launch_template", "networkInterfaces", "network_interfaces", Shape.BLOCK),
        ("aws_launch_template", "tagSpecifications", "tag_specifications", Shape.BLOCK),
        ("aws_ebs_volume", "encrypted", "encrypted", Shape.BOOLEAN),
        ("aws_ecs_task_definition", "volumes", "volume", Shape.BLOCK),
        ("aws_waf_web_acl", "rules", "rules", Shape.BLOCK),
        ("aws_wafv2_web_acl", "rules", "rule", Shape.BLOCK),
        ("aws_s3_bucket_replication_configuration", "rules", "rule", Shape.BLOCK),
        ("aws_s3_bucket", "replicationConfiguration.rules", "rules", Shape.BLOCK),
        ("aws_autoscaling_group", "vpcZoneIdentifiers", "vpc_zone_identifier", Shape.LIST),
        ("aws_autoscaling_group", "tags", "tag", Shape.BLOCK),
        ("aws_elastic_beanstalk_environment", "version", "version_label", Shape.TEXT),
        ("aws_api_gateway_rest_api", "endpointConfiguration.types", "types", Shape.ONE),
        ("aws_api_gateway_stage", "restApi", "rest_api_id", Shape.TEXT),
        ("aws_lambda_function", "name", "function_name", Shape.TEXT),
        ("aws_lambda_function", "environment.variables", "variables", Shape.MAP),
        ("aws_lambda_permission", "function", "function_name", Shape.TEXT),
        ("aws_lambda_alias", "name", "name", Shape.TEXT),
        ("aws_cloudwatch_metric_alarm", "metricQueries.metric.dimensions", "dimensions", Shape.MAP),
        ("aws_iam_policy", "policy", "policy", Shape.JSON),
        ("aws_security_group", "ingress.cidrBlocks", "cidr_blocks", Shape.LIST),
        ("aws_db_instance", "backupRetentionPeriod", "backup_retention_period", Shape.NUMBER),
        ("aws_cloudfront_distribution", "aliases", "aliases", Shape.LIST),
        ("aws_cloudfront_distribution", "orderedCacheBehaviors", "ordered_cache_behavior", Shape.BLOCK),
        ("aws_dynamodb_table", "globalSecondaryIndexes", "global_secondary_index", Shape.BLOCK),
        ("aws_glue_catalog_table", "partitionIndices", "partition_index", Shape.BLOCK),
    ],
)
def test_words_that_no_rule_gives(kind: str, path: str, argument: str, shape: Shape) -> None:
    """Each by the provider's documentation."""
    keys = path.split(".")
    assert (naming.argument(kind, keys), naming.shape(kind, keys, None)) == (argument, shape)


def test_the_tables_speak_of_types_and_properties_in_their_spelling() -> None:
    words = naming.words()
    assert all(re.fullmatch(r"aws_[a-z0-9_]+", each) for each in {*words.types, *words.shapes_of_types})
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", each) for each in words.words.values())
    every = [key for keys in words.shapes.values() for key in keys]
    assert len(every) == len(set(every)) > 5_000
    reached = {
        naming.terraform_type(token)
        for token in re.findall(r'"(aws:[a-z0-9]+/\w+:[A-Z]\w*)"', (SDK / "__init__.py").read_text())
    }
    assert {*words.types, *words.shapes_of_types} <= reached


@pytest.mark.long
def test_both_providers_still_say_so() -> None:
    """Derives the words anew: reads all of the SDK, and Terraform's words from a package of 60 MB."""
    terraform = fetch.terraform()
    modules = pulumi_words.read()
    derived = json.dumps(derive.table(modules, terraform), indent=1) + "\n"
    assert (naming.DATA / naming.WORDS).read_text() == derived
    types = {naming.terraform_type(token) for module in modules.values() for token in module.resources}
    assert {each for each in types - set(terraform) if each and not NEWER.match(each)} == set()
