"""Names that float: what they mean is decided anew each time, so that going back to them goes nowhere.

Sources: Lambda Developer Guide, "Function versions"; ECS API, CreateService and RegisterTaskDefinition; EC2 Auto
Scaling API, LaunchTemplateSpecification; EC2 User Guide, "Use a Systems Manager parameter instead of an AMI ID";
Systems Manager API, CreateAssociation; App Runner API, SourceConfiguration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from policies.images import PLACES, images, pinned, placed, tag
from policies.pods import WORKLOADS
from policies.rule import Facts, NoConfig, ResourceRule, Severity
from policies.subject import Resource, dig
from policies.values import is_on

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
    "aws:apigatewayv2/api:Api": ("body", "target"),
    "aws:apigatewayv2/authorizer:Authorizer": ("authorizerUri",),
    "aws:apigatewayv2/integration:Integration": ("integrationUri",),
    "aws:appsync/dataSource:DataSource": ("lambdaConfig.functionArn",),
    "aws:cloudfront/distribution:Distribution": ("defaultCacheBehavior", "orderedCacheBehaviors"),
    "aws:cloudwatch/eventTarget:EventTarget": ("arn",),
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": ("destinationArn",),
    "aws:cognito/userPool:UserPool": ("lambdaConfig",),
    "aws:iot/topicRule:TopicRule": ("lambdas",),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": ("extendedS3Configuration",),
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
TEMPLATES: Final[Mapping[str, tuple[str, ...]]] = {
    "aws:autoscaling/group:Group": (
        "launchTemplate",
        "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification",
        "mixedInstancesPolicy.launchTemplate.overrides[].launchTemplateSpecification",
    ),
    "aws:batch/computeEnvironment:ComputeEnvironment": ("computeResources.launchTemplate",),
    "aws:ec2/fleet:Fleet": ("launchTemplateConfigs[].launchTemplateSpecification",),
    "aws:ec2/instance:Instance": ("launchTemplate",),
    "aws:ec2/spotFleetRequest:SpotFleetRequest": ("launchTemplateConfigs[].launchTemplateSpecification",),
    "aws:eks/nodeGroup:NodeGroup": ("launchTemplate",),
}
"""Where a launch template is named."""
AMIS: Final[Mapping[str, str]] = {
    "aws:ec2/launchTemplate:LaunchTemplate": "imageId",
    "aws:ec2/instance:Instance": "ami",
}
"""Where a machine image is named."""
RUNNER = "aws:apprunner/service:Service"
REVISION: Final = re.compile(r"[^/]+:\d+")
MOVED: Final = ("$Latest", "$Default")
"""Versions of a launch template that whoever changes the template moves. Left out, a version is the default one."""
PARAMETER: Final = re.compile(r"resolve:ssm:(?P<name>[^:]+)(:[^:]+)?")


CHARTS: Final = frozenset(
    {"kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v3:Chart", "kubernetes:helm.sh/v4:Chart"}
)
NAMED: Final = frozenset({*PLACES, *TARGETS, *TASKS, *TEMPLATES, *AMIS, *CHARTS})


class Floating:
    """Every type that names a version, an image or a function."""

    def __contains__(self, token: object) -> bool:
        return token in NAMED or token in WORKLOADS


def nothing_floats(resource: Resource, _config: NoConfig, _facts: Facts) -> Iterator[str]:
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
        if isinstance(task, str) and task and not REVISION.fullmatch(task.rpartition("/")[2]):
            yield f"{resource.name}: {path} names no revision of {task}, and takes the newest"
    yield from _machines(resource)
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


def _machines(resource: Resource) -> Iterator[str]:
    for path in TEMPLATES.get(resource.type, ()):
        for _, found in placed(resource.props, path):
            version = dig(found, "version")
            if version in MOVED:
                yield f"{resource.name}: {path} points at version {version}"
            elif version in (None, "") and isinstance(found, Mapping):
                yield f"{resource.name}: {path} names no version, and takes the default one"
    image = resource.get(AMIS[resource.type]) if resource.type in AMIS else None
    match = PARAMETER.fullmatch(image) if isinstance(image, str) else None
    if match is not None and match[2] is None:
        yield f"{resource.name} takes the machine image that {match['name']} names at the time"


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
        "no-floating-version",
        "Nothing points at latest or $LATEST.",
        Severity.HIGH,
        "Point at a published version or an alias; name an image by digest, a task definition with its revision, a "
        "launch template with its version.",
        Floating(),
        nothing_floats,
    ),
)
