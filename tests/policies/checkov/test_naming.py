"""What Terraform calls things."""

from __future__ import annotations

import re
from pathlib import Path

import pulumi_aws
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.checkov import naming

SDK = Path(pulumi_aws.__file__).parent
word = st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True)


@given(st.lists(word, min_size=1, max_size=5).map("_".join))
def test_casing_goes_there_and_back(attribute: str) -> None:
    assert naming.snake(naming.camel(attribute)) == attribute


@given(st.from_regex(r"[a-z][a-z0-9]*([A-Z][a-z0-9]*)*", fullmatch=True))
def test_and_back_and_there(key: str) -> None:
    assert naming.camel(naming.snake(key)) == key


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("aws:s3/bucket:Bucket", "aws_s3_bucket"),
        ("aws:s3/bucketV2:BucketV2", "aws_s3_bucket"),
        ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "aws_s3_bucket_public_access_block"),
        ("aws:lambda/function:Function", "aws_lambda_function"),
        ("aws:cloudwatch/logGroup:LogGroup", "aws_cloudwatch_log_group"),
        ("aws:apigatewayv2/stage:Stage", "aws_apigatewayv2_stage"),
        ("aws:apigateway/restApi:RestApi", "aws_api_gateway_rest_api"),
        ("aws:rds/instance:Instance", "aws_db_instance"),
        ("aws:rds/cluster:Cluster", "aws_rds_cluster"),
        ("aws:alb/loadBalancer:LoadBalancer", "aws_lb"),
        ("aws:lb/listener:Listener", "aws_lb_listener"),
        ("aws:ec2/securityGroup:SecurityGroup", "aws_security_group"),
        ("aws:codedeploy/application:Application", "aws_codedeploy_app"),
        ("aws:cfg/rule:Rule", "aws_config_config_rule"),
        ("kubernetes:core/v1:Secret", None),
        ("pulumi:providers:aws", None),
        ("aws-native:s3:Bucket", None),
    ],
)
def test_types(token: str, expected: str | None) -> None:
    assert naming.terraform_type(token) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("metric_queries", "metric_query"),
        ("global_secondary_indexes", "global_secondary_index"),
        ("attributes", "attribute"),
        ("ingress", "ingress"),
        ("ec2_tag_sets", "ec2_tag_set"),
        ("addresses", "address"),
        ("status", "status"),
    ],
)
def test_a_list_of_blocks_that_no_table_knows_is_spelled_in_the_singular(name: str, expected: str) -> None:
    assert naming.singular(name) == expected


def test_every_exception_is_a_type_or_property_that_the_provider_has() -> None:
    registered = re.findall(r'"aws:([a-z0-9]+)/[A-Za-z0-9]+:([A-Z][A-Za-z0-9]*)"', (SDK / "__init__.py").read_text())
    aliases = {"elasticloadbalancing", "elasticloadbalancingv2", "applicationloadbalancing", "macie", "mediapackage"}
    tokens = {f"{module}/{name}" for module, name in registered}
    modules = {module for module, _ in registered}
    assert {each.partition("/")[0] for each in naming.types().types} - modules - aliases == set()
    assert set(naming.types().modules) - modules - aliases == set()
    current = {each for each in naming.types().types if each.partition("/")[0] in modules and not each.endswith("V2")}
    assert len(current & tokens) > 0.9 * len(current)
