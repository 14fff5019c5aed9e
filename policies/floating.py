"""Names that float: what they mean is decided anew each time, so that going back to them goes nowhere.

Sources: Lambda Developer Guide, "Function versions"; ECS API, CreateService and RegisterTaskDefinition;
Step Functions Developer Guide, "Run Amazon ECS or Fargate tasks"; Systems Manager API, CreateAssociation; App Runner
API, SourceConfiguration; Bedrock API, AgentAliasRoutingConfigurationListItem.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from policies import machines
from policies.images import PLACES, images, pinned, placed, tag
from policies.pods import WORKLOADS
from policies.rule import NoConfig, PolicyContext, ResourceRule, Severity
from policies.subject import Resource
from policies.values import decoded, is_on

ALIAS = "aws:lambda/alias:Alias"
TARGETS: Final[Mapping[str, tuple[str, ...]]] = {
    ALIAS: ("functionVersion", "routingConfig.additionalVersionWeights"),
    "aws:lambda/permission:Permission": ("function", "qualifier"),
    "aws:lambda/eventSourceMapping:EventSourceMapping": ("functionName",),
    "aws:lambda/functionUrl:FunctionUrl": ("functionName", "qualifier"),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": ("functionName", "qualifier"),
    "aws:lambda/invocation:Invocation": ("functionName", "qualifier"),
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": ("functionName", "qualifier"),
    "aws:apigateway/authorizer:Authorizer": ("authorizerUri",),
    "aws:apigateway/integration:Integration": ("uri",),
    "aws:apigateway/restApi:RestApi": ("body",),
    "aws:apigateway/stage:Stage": ("variables",),
    "aws:apigatewayv2/api:Api": ("body", "target"),
    "aws:apigatewayv2/authorizer:Authorizer": ("authorizerUri",),
    "aws:apigatewayv2/integration:Integration": ("integrationUri",),
    "aws:apigatewayv2/stage:Stage": ("stageVariables",),
    "aws:appsync/dataSource:DataSource": ("lambdaConfig.functionArn",),
    "aws:cloudfront/distribution:Distribution": ("defaultCacheBehavior", "orderedCacheBehaviors"),
    "aws:cloudwatch/eventTarget:EventTarget": ("arn",),
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": ("destinationArn",),
    "aws:cognito/userPool:UserPool": ("lambdaConfig",),
    "aws:iot/topicRule:TopicRule": ("lambdas",),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": ("extendedS3Configuration",),
    "aws:lex/botAlias:BotAlias": ("botVersion",),
    "aws:lb/targetGroupAttachment:TargetGroupAttachment": ("targetId",),
    "aws:pipes/pipe:Pipe": ("target", "enrichment"),
    "aws:s3/bucketNotification:BucketNotification": ("lambdaFunctions",),
    "aws:scheduler/schedule:Schedule": ("target",),
    "aws:secretsmanager/secretRotation:SecretRotation": ("rotationLambdaArn",),
    "aws:sfn/stateMachine:StateMachine": ("definition",),
    "aws:sns/topicSubscription:TopicSubscription": ("endpoint",),
    "aws:ssm/association:Association": ("documentVersion",),
}
"""Where a version or a function is pointed at."""
TASKS: Final[Mapping[str, tuple[str, ...]]] = {
    "aws:ecs/service:Service": ("taskDefinition",),
    "aws:ecs/taskSet:TaskSet": ("taskDefinition",),
    "aws:cloudwatch/eventTarget:EventTarget": ("ecsTarget.taskDefinitionArn", "batchTarget.jobDefinition"),
    "aws:scheduler/schedule:Schedule": ("target.ecsParameters.taskDefinitionArn",),
    "aws:pipes/pipe:Pipe": (
        "targetParameters.ecsTaskParameters.taskDefinitionArn",
        "targetParameters.batchJobParameters.jobDefinition",
    ),
}
"""Where a task or job definition is named: ``family:revision``, or the family alone for the newest revision."""
DRAFTS: Final[Mapping[str, str]] = {
    "aws:bedrock/agentAgentAlias:AgentAgentAlias": "routingConfigurations[].agentVersion",
}
"""Where a version is named of something whose draft can be used as well."""
STEPS: Final = ("TaskDefinition", "JobDefinition")
"""What a step of a state machine calls a task or job definition."""
MACHINE = "aws:sfn/stateMachine:StateMachine"
RUNNER = "aws:apprunner/service:Service"
REVISION: Final = re.compile(r"[^/]+:\d+")
CHARTS: Final = frozenset(
    {"kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v3:Chart", "kubernetes:helm.sh/v4:Chart"}
)
NAMED: Final = frozenset({*PLACES, *TARGETS, *TASKS, *CHARTS, *DRAFTS, *machines.NAMED})


class Floating:
    """Every type that names a version, an image or a function."""

    def __contains__(self, token: object) -> bool:
        return token in NAMED or token in WORKLOADS


def nothing_floats(resource: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """Nothing is named ``latest``: no tag of an image, no version of a function, a task or a launch template."""
    for name, image in images(resource):
        if isinstance(image, str) and not pinned(image) and tag(image) == "latest":
            said = "" if image.endswith(":latest") else f" ({image} has no tag)"
            yield f"{name} runs the tag latest{said}"
    for path in TARGETS.get(resource.type, ()):
        if any("$LATEST" in text for text in _texts(resource.get(path))):
            yield f"{resource.name}: {path} points at $LATEST"
    for path in TASKS.get(resource.type, ()):
        task = resource.get(path)
        if isinstance(task, str) and task and not _has_revision(task):
            yield f"{resource.name}: {path} names no revision of {task}, and takes the newest"
    if resource.type == MACHINE:
        yield from (f"{resource.name}: {fault}" for fault in _steps(decoded(resource.get("definition"))))
    if resource.type in DRAFTS and any(each == "DRAFT" for _, each in placed(resource.props, DRAFTS[resource.type])):
        yield f"{resource.name} leads to the draft, which changes with each edit"
    yield from machines.floating(resource)
    if resource.type in CHARTS:
        yield from (f"{resource.name} runs the tag latest ({path})" for path in _chart_images(resource.get("values")))
    if resource.type == RUNNER and is_on(resource.get("sourceConfiguration.autoDeploymentsEnabled")):
        yield f"{resource.name} deploys whatever is pushed (autoDeploymentsEnabled)"


def _chart_images(values: object, path: str = "values") -> Iterator[str]:
    """Where a chart's values name the tag ``latest``: ``image: {tag: latest}``, ``image: app:latest``."""
    if isinstance(values, Mapping):
        for key, each in values.items():
            here = f"{path}.{key}"
            name = str(key).lower()
            if isinstance(each, str) and (
                (name.endswith("tag") and each == "latest")
                or (name.endswith("image") and ":" in each and tag(each) == "latest" and not pinned(each))
            ):
                yield here
            yield from _chart_images(each, here)
    elif isinstance(values, list):
        for index, each in enumerate(values):
            yield from _chart_images(each, f"{path}[{index}]")


def _steps(definition: object) -> Iterator[str]:
    """The tasks and jobs that a state machine runs by family alone."""
    left = [definition]
    while left:
        found = left.pop()
        parts = found.items() if isinstance(found, Mapping) else enumerate(found) if isinstance(found, list) else ()
        for key, each in parts:
            left.append(each)
            # Of what stands in {% %} only the run tells what it is.
            if key in STEPS and isinstance(each, str) and "{%" not in each and not _has_revision(each):
                yield f"{key} names no revision of {each}, and takes the newest"


def _has_revision(name: str) -> bool:
    return REVISION.fullmatch(name.rpartition("/")[2]) is not None


def _texts(value: object) -> Iterator[str]:
    """Every text in a value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield str(key)
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


RULES = (
    ResourceRule(
        name="no-floating-version",
        description="Nothing points at latest or $LATEST.",
        severity=Severity.HIGH,
        remedy=(
            "Point at a published version or an alias; name an image by digest, a task definition with its revision, "
            "a launch template with its version."
        ),
        types=Floating(),
        check=nothing_floats,
    ),
)
