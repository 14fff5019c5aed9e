"""Exposure: buckets, databases, networks, Services, permissions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from policies.resource_policies import DOCUMENTS
from policies.subject import UNKNOWN
from tests.policies.cases import configured, make, said, said_of

BUCKET, BLOCK = "aws:s3/bucket:Bucket", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ALL = dict.fromkeys(("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True)
GROUP, RULE = "aws:ec2/securityGroup:SecurityGroup", "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
SERVICE, PERMISSION = "kubernetes:core/v1:Service", "aws:lambda/permission:Permission"


def test_a_bucket_blocks_public_access() -> None:
    bucket = make(BUCKET, "files", {"bucket": "files-prod"})
    by_name = make(BLOCK, "block", {"bucket": "files-prod", **ALL})
    by_reference = make(BLOCK, "block", {"bucket": UNKNOWN, **ALL}, sources={"bucket": ["files"]})
    assert said_of("bucket-public-access-block", [bucket, by_name]) == []
    assert said_of("bucket-public-access-block", [bucket, by_reference]) == []
    assert said_of("bucket-public-access-block", [make("aws:sns/topic:Topic")]) == []
    assert "has no BucketPublicAccessBlock" in said_of("bucket-public-access-block", [bucket])[0]


@pytest.mark.parametrize("setting", ALL)
@pytest.mark.parametrize("value", [False, None])
def test_each_of_the_four_settings_is_on(setting: str, value: bool | None) -> None:
    resources = [make(BUCKET, props={"bucket": "b"}), make(BLOCK, "x", {"bucket": "b", **ALL, setting: value})]
    assert said_of("bucket-public-access-block", resources) == [f"x: {setting} has to be true"]


def test_no_acl_opens_a_bucket() -> None:
    everyone = {"grantee": {"uri": "http://acs.amazonaws.com/groups/global/AllUsers"}}
    acl = "aws:s3/bucketAcl:BucketAcl"
    assert said("bucket-acl-private", make(BUCKET, props={"acl": "private"})) == []
    assert said("bucket-acl-private", make(BUCKET, props={"acl": UNKNOWN})) == []
    assert said("bucket-acl-private", make("aws:sns/topic:Topic", props={"acl": "public-read"})) == []
    for resource in (
        make(BUCKET, props={"acl": "public-read"}),
        make(acl, props={"acl": "public-read-write"}),
        make(acl, props={"accessControlPolicy": {"grants": [everyone]}}),
    ):
        assert len(said("bucket-acl-private", resource)) == 1


def holder(kind: str, principal: Any, condition: Any = None) -> Any:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sqs:SendMessage"}
    if condition is not None:
        statement["Condition"] = condition
    root, _, below = DOCUMENTS[kind].partition(".")
    text = json.dumps({"Statement": [statement]})
    return make(kind, props={root: {below: text} if below else text})


@pytest.mark.parametrize("kind", sorted(DOCUMENTS))
@pytest.mark.parametrize("anyone", ["*", {"AWS": "*"}, {"AWS": ["1", "*"]}])
def test_a_policy_names_its_principal(kind: str, anyone: Any) -> None:
    assert said("resource-policy-principal", holder(kind, anyone)) == ["one allows anyone sqs:SendMessage"]
    assert said("resource-policy-principal", holder(kind, {"Service": "s3.amazonaws.com"})) == []
    assert said("resource-policy-principal", make(kind)) == []
    assert said("resource-policy-principal", make(kind, props={DOCUMENTS[kind].partition(".")[0]: UNKNOWN})) == []


@pytest.mark.parametrize(
    ("condition", "closed"),
    [
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::files"}}, True),
        ({"StringEquals": {"AWS:SourceAccount": "123456789012"}}, True),
        ({"StringEquals": {"aws:SourceAccount": ["123456789012", "*"]}}, False),
        ({"ArnLike": {"aws:SourceArn": "*"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:*:*:*:*"}}, False),
        ({"StringNotEquals": {"aws:SourceAccount": "123456789012"}}, False),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}}, False),
        ({"ForAllValues:StringEquals": {"aws:SourceAccount": "123456789012"}}, False),
        ({"Null": {"aws:SourceArn": "true"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ("anything", False),
    ],
)
def test_a_condition_on_the_source_closes_a_policy_that_is_open_to_anyone(condition: Any, closed: bool) -> None:
    assert (
        said("resource-policy-principal", holder("aws:sqs/queuePolicy:QueuePolicy", "*", condition)) == []
    ) is closed


def test_a_database_has_no_public_address() -> None:
    kind = "aws:rds/instance:Instance"
    assert said("database-private", make(kind, props={"publiclyAccessible": False})) == []
    assert said("database-private", make(kind)) == []
    assert said("database-private", make(BUCKET, props={"publiclyAccessible": True})) == []
    assert said("database-private", make(kind, props={"publiclyAccessible": True})) == ["one is publiclyAccessible"]


@pytest.mark.parametrize("anywhere", ["0.0.0.0/0", "::/0"])
def test_no_group_lets_the_internet_in(anywhere: str) -> None:
    for resource in (
        make(GROUP, props={"ingress": [{"cidrBlocks": ["10.0.0.0/8"]}, {"cidrBlocks": [anywhere]}]}),
        make(RULE, props={"type": "ingress", "ipv6CidrBlocks": [anywhere]}),
        make(INGRESS, props={"cidrIpv4": anywhere}),
    ):
        assert said("security-group-ingress", resource) == [f"one lets {anywhere} in"]
    for resource in (
        make(GROUP, props={"ingress": [{"cidrBlocks": ["10.0.0.0/8"]}], "egress": [{"cidrBlocks": [anywhere]}]}),
        make(RULE, props={"type": "egress", "cidrBlocks": [anywhere]}),
        make(GROUP, props={"ingress": UNKNOWN}),
        make(BUCKET, props={"cidrIpv4": anywhere}),
    ):
        assert said("security-group-ingress", resource) == []


@pytest.mark.parametrize("kind", ["LoadBalancer", "NodePort"])
def test_a_service_is_for_the_cluster_unless_the_settings_name_it(kind: str) -> None:
    service = make(SERVICE, props={"metadata": {"name": "web", "namespace": "shop"}, "spec": {"type": kind}})
    assert said("service-internal", service) == [f"shop/web is a {kind}"]
    assert said("service-internal", service, {"reachable": ["shop/web"]}) == []
    assert said("service-internal", make(SERVICE, props={"spec": {"type": "ClusterIP"}})) == []
    assert said("service-internal", make(SERVICE, props={"spec": UNKNOWN})) == []
    assert said("service-internal", make(SERVICE, props={"spec": {"externalIPs": ["10.0.0.1"]}})) != []
    with pytest.raises(ValidationError):
        configured("service-internal", {"reachable": ["web"]})


def test_a_right_to_invoke_names_its_source() -> None:
    service = {"principal": "s3.amazonaws.com"}
    assert said("permission-source", make(PERMISSION, props={**service, "sourceArn": UNKNOWN})) == []
    assert said("permission-source", make(PERMISSION, props={**service, "sourceAccount": "123456789012"})) == []
    assert said("permission-source", make(PERMISSION, props={"principal": "123456789012"})) == []
    assert said("permission-source", make(BUCKET, props=service)) == []
    assert "sourceArn is missing" in said("permission-source", make(PERMISSION, props=service))[0]
    assert "anyone" in said("permission-source", make(PERMISSION, props={"principal": "*"}))[0]
    organisation = {"principal": "*", "principalOrgId": "o-1"}
    assert said("permission-source", make(PERMISSION, props=organisation)) == []
