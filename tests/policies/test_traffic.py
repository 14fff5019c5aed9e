"""Functions that take traffic: aliases, deployment groups, alarms; by value, and by source where values are unknown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policies.subject import UNKNOWN, Resource
from tests.policies.cases import make, said, said_of

FUNCTION, ALIAS = "aws:lambda/function:Function", "aws:lambda/alias:Alias"
PERMISSION, MAPPING = "aws:lambda/permission:Permission", "aws:lambda/eventSourceMapping:EventSourceMapping"
INTEGRATION, REST = "aws:apigatewayv2/integration:Integration", "aws:apigateway/integration:Integration"
NOTIFICATION, EVENT = "aws:s3/bucketNotification:BucketNotification", "aws:cloudwatch/eventTarget:EventTarget"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
GROUP, ALARM, QUEUE = (
    "aws:codedeploy/deploymentGroup:DeploymentGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:sqs/queue:Queue",
)
ARN = "arn:aws:lambda:us-east-1:123456789012:function:app-prod"
URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{ARN}%s/invocations"

FUNCTION_ITSELF = make(FUNCTION, "app", {"name": "app-prod", "arn": ARN, "tags": {"system": "shop"}})


def alias(*groups: str) -> Resource:
    return make(ALIAS, "live", {"functionName": "app-prod", "name": "live"}, dependencies=["app", *groups])


CALLS: list[tuple[str, Any, Any]] = [
    (PERMISSION, {"function": "app-prod", "qualifier": "live"}, {"function": "app-prod"}),
    (PERMISSION, {"function": f"{ARN}:live"}, {"function": ARN}),
    (MAPPING, {"functionName": f"{ARN}:live"}, {"functionName": ARN}),
    (MAPPING, {"functionName": "app-prod:live"}, {"functionName": "app-prod"}),
    (INTEGRATION, {"integrationUri": URI % ":live"}, {"integrationUri": URI % ""}),
    (REST, {"uri": URI % ":live"}, {"uri": URI % ""}),
    (
        NOTIFICATION,
        {"lambdaFunctions": [{"lambdaFunctionArn": f"{ARN}:live"}]},
        {"lambdaFunctions": [{"lambdaFunctionArn": ARN}]},
    ),
    (EVENT, {"arn": f"{ARN}:live"}, {"arn": ARN}),
    (SUBSCRIPTION, {"endpoint": f"{ARN}:live"}, {"endpoint": ARN}),
]


@pytest.mark.parametrize(("kind", "good", "bad"), CALLS, ids=[kind for kind, *_ in CALLS])
def test_whatever_invokes_a_function_does_so_through_an_alias(kind: str, good: Any, bad: Any) -> None:
    stack = [FUNCTION_ITSELF, alias()]
    assert said_of("function-through-alias", [*stack, make(kind, "caller", good)]) == []
    assert said_of("function-through-alias", [*stack, make(kind, "caller", bad)]) == [
        "caller invokes app without an alias"
    ]


@pytest.mark.parametrize("qualifier", ["7", "$LATEST"])
def test_a_versions_number_is_no_alias(qualifier: str) -> None:
    call = make(PERMISSION, "caller", {"function": "app-prod", "qualifier": qualifier})
    assert f"version {qualifier}" in said_of("function-through-alias", [FUNCTION_ITSELF, alias(), call])[0]


def test_a_function_of_another_stack_is_invoked_through_an_alias_too() -> None:
    other = ARN.replace("app-prod", "other")
    assert said_of("function-through-alias", [make(MAPPING, props={"functionName": f"{other}:live"})]) == []
    assert "of another stack" in said_of("function-through-alias", [make(MAPPING, props={"functionName": other})])[0]


def test_other_targets_are_no_functions() -> None:
    for kind, props in (
        (SUBSCRIPTION, {"endpoint": "ops@example.com"}),
        (EVENT, {"arn": "arn:aws:sqs:us-east-1:123456789012:work"}),
        (REST, {"uri": "https://example.com"}),
        (NOTIFICATION, {"topics": []}),
    ):
        assert said_of("function-through-alias", [FUNCTION_ITSELF, make(kind, props=props)]) == []


def test_a_preview_tells_by_where_values_come_from() -> None:
    fresh = [
        make(FUNCTION, "app", {"name": UNKNOWN}),
        make(ALIAS, "live", {"functionName": UNKNOWN, "name": "live"}, sources={"functionName": ["app"]}),
    ]
    good = make(MAPPING, "caller", {"functionName": UNKNOWN}, sources={"functionName": ["live"]})
    bad = make(MAPPING, "caller", {"functionName": UNKNOWN}, sources={"functionName": ["app"]})
    both = {"function": UNKNOWN, "qualifier": "live"}
    permission = make(PERMISSION, "caller", both, sources={"function": ["app"], "qualifier": ["live"]})
    assert said_of("function-through-alias", [*fresh, good]) == []
    assert said_of("function-through-alias", [*fresh, permission]) == []
    assert said_of("function-through-alias", [*fresh, bad]) != []
    assert said_of("traffic-alarms", [*fresh, good]) != [], "the alias is known to take traffic"


PERMITTED = make(PERMISSION, "caller", {"function": "app-prod", "qualifier": "live"})
RINGS = make(ALARM, "rings", {"name": "app-errors", "dimensions": {"FunctionName": "app-prod"}})
EVENTS = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]
WATCHED = {"enabled": True, "alarms": ["app-errors"]}
WATCHES = {"alarmConfiguration": WATCHED, "autoRollbackConfiguration": {"enabled": True, "events": EVENTS}}


def test_traffic_moves_through_a_group_that_watches_and_goes_back() -> None:
    stack = [FUNCTION_ITSELF, PERMITTED, RINGS, make(GROUP, "group", WATCHES)]
    assert said_of("traffic-deployment-group", [*stack, alias("group")]) == []
    assert "depends on no deployment group" in said_of("traffic-deployment-group", [*stack, alias()])[0]


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"alarmConfiguration": None}, "watches no alarms"),
        ({"alarmConfiguration": {"enabled": False, "alarms": ["app-errors"]}}, "watches no alarms"),
        ({"alarmConfiguration": {"enabled": True, "alarms": []}}, "watches no alarms"),
        ({"alarmConfiguration": {"enabled": True, "alarms": ["gone"]}}, "isn't in this stack"),
        ({"alarmConfiguration": {**WATCHED, "ignorePollAlarmFailure": True}}, "can't be read"),
        ({"autoRollbackConfiguration": {"enabled": False, "events": EVENTS}}, "isn't enabled"),
        (
            {"autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}},
            "DEPLOYMENT_STOP_ON_ALARM",
        ),
    ],
)
def test_a_group_that_would_not_go_back_is_found(change: dict[str, Any], part: str) -> None:
    stack = [FUNCTION_ITSELF, PERMITTED, RINGS, make(GROUP, "group", {**WATCHES, **change}), alias("group")]
    (text,) = said_of("traffic-deployment-group", stack)
    assert part in text


def test_a_composite_alarm_of_the_stack_is_one() -> None:
    composite = make("aws:cloudwatch/compositeAlarm:CompositeAlarm", "any", {"alarmName": "app-errors"})
    stack = [FUNCTION_ITSELF, PERMITTED, composite, make(GROUP, "group", WATCHES), alias("group")]
    assert said_of("traffic-deployment-group", stack) == []


def test_which_systems_need_a_group_is_a_setting() -> None:
    stack = [FUNCTION_ITSELF, PERMITTED, alias()]
    assert said_of("traffic-deployment-group", stack, {"requireDeploymentGroup": ["other"]}) == []
    assert said_of("traffic-deployment-group", stack, {"requireDeploymentGroup": ["shop"]}) != []
    assert said_of("traffic-deployment-group", stack, {"requireDeploymentGroup": []}) == []


def test_a_function_without_a_tag_belongs_to_its_outermost_component() -> None:
    root = make("pulumi:pulumi:Stack", "trial-prod")
    system = make("trial:systems:Shop", "shop", parent=root.urn)
    part = make("trial:parts:Function", "part", parent=system.urn)
    function = make(FUNCTION, "app", {"name": "app-prod"}, parent=part.urn)
    stack = [root, system, part, function, PERMITTED, alias()]
    assert said_of("traffic-deployment-group", stack, {"requireDeploymentGroup": ["shop"]}) != []
    assert said_of("traffic-deployment-group", stack, {"requireDeploymentGroup": ["part"]}) == []


def test_a_function_that_nothing_invokes_takes_no_traffic() -> None:
    assert said_of("traffic-deployment-group", [FUNCTION_ITSELF, alias()]) == []
    assert said_of("traffic-alarms", [FUNCTION_ITSELF, alias()]) == []


def test_an_alias_that_codedeploy_moves_takes_traffic() -> None:
    group = make(GROUP, "group", {**WATCHES, "alarmConfiguration": None})
    assert said_of("traffic-alarms", [FUNCTION_ITSELF, alias("group"), group]) != []
    assert "watches no alarms" in said_of("traffic-deployment-group", [FUNCTION_ITSELF, alias("group"), group])[0]


def test_every_group_goes_back_by_itself() -> None:
    assert said("deployment-auto-rollback", make(GROUP, props=WATCHES)) == []
    alone = {"autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}}
    assert said("deployment-auto-rollback", make(GROUP, props=alone)) == [], "it watches no alarms"
    assert said("deployment-auto-rollback", make(ALARM)) == []
    assert said("deployment-auto-rollback", make(GROUP, props={"autoRollbackConfiguration": UNKNOWN})) == []
    for wrong in (None, {"enabled": False}, {"enabled": True, "events": []}):
        assert len(said("deployment-auto-rollback", make(GROUP, props={"autoRollbackConfiguration": wrong}))) == 1
    watches = {**alone, "alarmConfiguration": {"enabled": True, "alarms": ["a"]}}
    assert "STOP_ON_ALARM" in said("deployment-auto-rollback", make(GROUP, props=watches))[0]


def test_a_function_is_watched_by_an_alarm_of_its_own() -> None:
    stack = [FUNCTION_ITSELF, PERMITTED, alias()]
    assert said_of("traffic-alarms", [*stack, RINGS]) == []
    expression = make(ALARM, "rate", {"metricQueries": [{"metric": {"dimensions": {"FunctionName": "app-prod"}}}]})
    assert said_of("traffic-alarms", [*stack, expression]) == []
    unknown = make(ALARM, "rate", {"dimensions": UNKNOWN}, sources={"dimensions": ["app"]})
    assert said_of("traffic-alarms", [*stack, unknown]) == []
    other = make(ALARM, "other", {"dimensions": {"FunctionName": "other"}})
    assert "no alarm watches it" in said_of("traffic-alarms", [*stack, other])[0]


@pytest.mark.parametrize("watched", ["work", "dead", None])
def test_a_consumer_is_watched_by_its_queue_or_its_dead_letters(watched: str | None) -> None:
    arns = {name: f"arn:aws:sqs:us-east-1:123456789012:{name}" for name in ("work", "dead")}
    redrive = json.dumps({"deadLetterTargetArn": arns["dead"], "maxReceiveCount": 3})
    stack = [
        FUNCTION_ITSELF,
        alias(),
        make(QUEUE, "work", {"name": "work", "arn": arns["work"], "redrivePolicy": redrive}),
        make(QUEUE, "dead", {"name": "dead", "arn": arns["dead"]}),
        make(MAPPING, "caller", {"functionName": f"{ARN}:live", "eventSourceArn": arns["work"]}),
        *([make(ALARM, "depth", {"dimensions": {"QueueName": watched}})] if watched else []),
    ]
    assert (said_of("traffic-alarms", stack) == []) is (watched is not None)
