"""Least privilege: single actions, single resources, named trust."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from policies.conditions import conditioned
from policies.documents import allowed, principals
from policies.subject import UNKNOWN, Resource
from tests.policies.cases import configured, make, said

ROLE, INLINE = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/jobs"


def policy(actions: Any, resources: Any = TABLE, effect: str = "Allow", **more: Any) -> Resource:
    statement = {"Effect": effect, "Action": actions, "Resource": resources, **more}
    return make(INLINE, props={"policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})})


@pytest.mark.parametrize(
    "actions",
    ["*", "*:*", "dynamodb:*", "iam:*", "DynamoDB:*", ["dynamodb:GetItem", "s3:Get*"], "sqs:Send?essage", "d*:GetItem"],
)
def test_an_action_that_stands_for_several_is_found(actions: Any) -> None:
    assert len(said("iam-single-actions", policy(actions))) == 1


@pytest.mark.parametrize("actions", ["dynamodb:GetItem", ["sqs:SendMessage", "logs:Put*"], "ec2:DescribeInstances", []])
def test_single_actions_pass(actions: Any) -> None:
    assert said("iam-single-actions", policy(actions)) == []


def test_what_is_denied_is_no_right() -> None:
    assert said("iam-single-actions", policy("*", "*", "Deny")) == []
    assert said("iam-single-resources", policy("s3:GetObject", "*", "Deny")) == []


def test_everything_but_something_is_everything() -> None:
    statement = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    resource = make(INLINE, props={"policy": {"Statement": statement}})
    assert "everything but iam:*" in said("iam-single-actions", resource)[0]
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::one/*"}
    resource = make(INLINE, props={"policy": {"Statement": [statement]}})
    assert "everything but some" in said("iam-single-resources", resource)[0]


@pytest.mark.parametrize(
    ("arn", "single"),
    [
        (TABLE, True),
        (f"{TABLE}/index/*", True),
        ("arn:aws:s3:::files/*", True),
        ("arn:aws:s3:::files", True),
        ("arn:aws:sqs:us-east-1:123456789012:work", True),
        ("arn:aws:secretsmanager:us-east-1:123456789012:secret:db-??????", True),
        (UNKNOWN, True),
        ("*", False),
        ("arn:aws:s3:::*", False),
        ("arn:aws:s3:::*/*", False),
        ("arn:aws:dynamodb:us-east-1:123456789012:table/*", False),
        ("arn:aws:sqs:*:*:*", False),
        ("arn:aws:secretsmanager:us-east-1:123456789012:secret:*", False),
        ("arn:aws:kms:*:*:key/*", False),
    ],
)
def test_rights_on_data_name_the_resource(arn: Any, single: bool) -> None:
    document = {"Statement": [{"Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": [arn]}]}
    found = said("iam-single-resources", make(INLINE, props={"policy": document}))
    assert (found == []) is single


def test_actions_that_know_no_resources_may_name_none() -> None:
    assert said("iam-single-resources", policy(["cloudwatch:PutMetricData", "ec2:DescribeInstances"], "*")) == []


def test_which_services_hold_data_is_a_setting() -> None:
    config = {"dataServices": ["kinesis"]}
    assert said("iam-single-resources", policy("kinesis:GetRecords", "*"), config) != []
    assert said("iam-single-resources", policy("s3:GetObject", "*"), config) == []
    for wrong in ([], ["S3"], ["s3:*"]):
        with pytest.raises(ValidationError):
            configured("iam-single-actions", {"dataServices": wrong})


def test_inline_policies_of_a_role_count_too() -> None:
    document = {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    role = make(ROLE, props={"inlinePolicies": [{"name": "all", "policy": json.dumps(document)}]})
    assert said("iam-single-actions", role) != []
    assert said("iam-single-resources", role) != []


@pytest.mark.parametrize(
    "name", ["AdministratorAccess", "AmazonS3FullAccess", "PowerUserAccess", "job-function/IAMFullAccess"]
)
def test_administrators_policies_are_not_attached(name: str) -> None:
    attachment = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    assert said("iam-single-actions", make(attachment, props={"policyArn": f"arn:aws:iam::aws:policy/{name}"})) != []
    own = "arn:aws:iam::123456789012:policy/OwnFullAccess"
    assert said("iam-single-actions", make(attachment, props={"policyArn": own})) == []
    assert said("iam-single-actions", make(attachment, props={"policyArn": UNKNOWN})) == []


@pytest.mark.parametrize(
    ("principal", "named"),
    [
        ({"Service": "lambda.amazonaws.com"}, True),
        ({"AWS": "arn:aws:iam::123456789012:root"}, True),
        ({"Federated": "arn:aws:iam::123456789012:saml-provider/company"}, True),
        ({"Federated": "token.actions.githubusercontent.com"}, False),
        ("*", False),
        ({"AWS": "*"}, False),
        ({"AWS": ["123456789012", "*"]}, False),
        ({"AWS": "arn:aws:iam::*:root"}, False),
    ],
)
def test_a_role_names_who_may_take_it(principal: Any, named: bool) -> None:
    document = {"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]}
    assert (said("iam-trust-named", make(ROLE, props={"assumeRolePolicy": json.dumps(document)})) == []) is named


def test_trust_in_everyone_but_one_is_trust_in_everyone() -> None:
    statement = {"Effect": "Allow", "NotPrincipal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}
    assert said("iam-trust-named", make(ROLE, props={"assumeRolePolicy": {"Statement": statement}})) != []


@pytest.mark.parametrize("document", [UNKNOWN, None, "", "{broken", "[]", "3", {"Statement": UNKNOWN}])
def test_a_document_that_is_unknown_or_none_allows_nothing(document: Any) -> None:
    resource = make(INLINE, props={"policy": document})
    assert said("iam-single-actions", resource) == []
    assert said("iam-single-resources", resource) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Statement", "Effect", "Principal", "AWS", "Condition", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_document_can_be_read(document: Any) -> None:
    for statement in allowed(json.dumps(document)):
        assert isinstance(conditioned(statement), bool)
        assert all(isinstance(who, str) for _, who in principals(statement))


ACTION = st.tuples(st.sampled_from(["dynamodb", "s3", "sqs"]), st.sampled_from(["Get", "Put", "Send"]))


@given(st.lists(ACTION, min_size=1, max_size=5), st.integers(0, 4), st.sampled_from(["*", "?"]))
def test_one_wildcard_among_many_actions_is_found(actions: list[tuple[str, str]], where: int, wildcard: str) -> None:
    texts = [f"{service}:{verb}Item" for service, verb in actions]
    assert said("iam-single-actions", policy(texts)) == []
    place = where % len(texts)
    texts[place] = texts[place].replace("Item", wildcard)
    assert len(said("iam-single-actions", policy(texts))) == 1
