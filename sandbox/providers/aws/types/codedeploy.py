"""AWS CodeDeploy: applications, deployment configurations, deployment groups."""

from __future__ import annotations

from typing import Any

from sandbox.providers.aws import shapes
from sandbox.providers.aws.api import NotFoundError
from sandbox.providers.aws.model import Part, Props, Scope, Type, tag_part


def _tags() -> Part:
    return tag_part("list_tags_for_resource", "tag_resource", "untag_resource", "ResourceArn")


def _tune_application(scope: Scope, found: Props, _props: Props) -> Props:
    return {
        "name": found["applicationName"],
        "applicationId": found.get("applicationId"),
        "arn": scope.arn(f"application:{found['applicationName']}"),
        "linkedToGithub": bool(found.get("linkedToGitHub")),
        "githubAccountName": found.get("gitHubAccountName") or None,
    }


APPLICATION = Type(
    "aws:codedeploy/application:Application",
    "codedeploy",
    create="create_application",
    read="get_application",
    delete="delete_application",
    inside="application",
    autoname="name",
    replace=("name", "computePlatform"),
    rename={"name": "applicationName"},
    defaults={"computePlatform": "Server"},
    tune=_tune_application,
    parts=(_tags(),),
)


def _create_config(scope: Scope, props: Props) -> Props:
    request: Props = {
        "deploymentConfigName": props["deploymentConfigName"],
        "computePlatform": props.get("computePlatform", "Server"),
    }
    hosts, traffic = props.get("minimumHealthyHosts"), props.get("trafficRoutingConfig")
    if hosts:
        request["minimumHealthyHosts"] = {"type": hosts["type"], "value": int(hosts["value"])}
    if traffic:
        request["trafficRoutingConfig"] = {"type": traffic.get("type", "AllAtOnce")}
        for name, percentage in (("timeBasedCanary", "canaryPercentage"), ("timeBasedLinear", "linearPercentage")):
            if traffic.get(name):
                request["trafficRoutingConfig"][name] = {
                    percentage: int(traffic[name]["percentage"]),
                    name.replace("timeBased", "").lower() + "Interval": int(traffic[name]["interval"]),
                }
    return scope.call("create_deployment_config", **request)


def _look_config(scope: Scope, props: Props) -> Props:
    found = scope.call("get_deployment_config", deploymentConfigName=props["deploymentConfigName"])[
        "deploymentConfigInfo"
    ]
    traffic = found.get("trafficRoutingConfig") or {}
    routing: Props = {"type": traffic["type"]} if traffic.get("type") else {}
    for name in ("timeBasedCanary", "timeBasedLinear"):
        block = traffic.get(name) or {}
        short = name.replace("timeBased", "").lower()
        if block:
            routing[name] = {"percentage": block.get(f"{short}Percentage"), "interval": block.get(f"{short}Interval")}
    hosts = found.get("minimumHealthyHosts")
    return {
        "deploymentConfigName": found["deploymentConfigName"],
        "deploymentConfigId": found.get("deploymentConfigId"),
        "computePlatform": found.get("computePlatform") or "Server",
        "trafficRoutingConfig": routing if routing and found.get("computePlatform") != "Server" else None,
        "minimumHealthyHosts": dict(hosts) if hosts and found.get("computePlatform") in (None, "Server") else None,
        "arn": scope.arn(f"deploymentconfig:{found['deploymentConfigName']}"),
    }


DEPLOYMENT_CONFIG = Type(
    "aws:codedeploy/deploymentConfig:DeploymentConfig",
    "codedeploy",
    delete="delete_deployment_config",
    key=("deploymentConfigName",),
    autoname="deploymentConfigName",
    replace=("deploymentConfigName", "computePlatform", "minimumHealthyHosts", "trafficRoutingConfig", "zonalConfig"),
    defaults={"computePlatform": "Server"},
    make=_create_config,
    look=_look_config,
)

_GROUP_NAMES = {
    "appName": "applicationName",
    "autoscalingGroups": "autoScalingGroups",
    "autoRollbackConfiguration.events": "events",
    "alarmConfiguration.alarms": "alarms",
    "triggerConfigurations.triggerEvents": "triggerEvents",
    "ecsService": "ecsServices",
    "loadBalancerInfo.elbInfos": "elbInfoList",
    "loadBalancerInfo.targetGroupInfos": "targetGroupInfoList",
    "ec2TagSets": "ec2TagSet",
}


def _prepare_group(_scope: Scope, operation: str, props: Props) -> Props:
    alarms = props.get("alarmConfiguration")
    if isinstance(alarms, dict) and isinstance(alarms.get("alarms"), list):
        named = [item if isinstance(item, dict) else {"name": item} for item in alarms["alarms"]]
        props = {**props, "alarmConfiguration": {**alarms, "alarms": named}}
    if operation == "update_deployment_group":
        return {
            **{name: value for name, value in props.items() if name != "deploymentGroupName"},
            "currentDeploymentGroupName": props["deploymentGroupName"],
        }
    return props


def _look_group(scope: Scope, props: Props) -> Props:
    answer = scope.call(
        "get_deployment_group", applicationName=props["appName"], deploymentGroupName=props["deploymentGroupName"]
    )
    found = answer.get("deploymentGroupInfo") or {}
    if not found.get("deploymentGroupName"):
        raise NotFoundError(f"deployment group {props['deploymentGroupName']} is gone")
    _, shape = scope.api.shapes("codedeploy", "get_deployment_group")
    shape = shape.members["deploymentGroupInfo"]  # type: ignore[union-attr]
    live: Props = {}
    for name, kind in DEPLOYMENT_GROUP.properties.items():
        member = shapes.member_of(shape, name, _GROUP_NAMES)
        if member is not None:
            live[name] = _blank(shapes.from_api(kind, found.get(member), _GROUP_NAMES, name))
    live["alarmConfiguration"] = _alarms(found.get("alarmConfiguration"))
    if not isinstance(props.get("loadBalancerInfo"), dict):
        live["loadBalancerInfo"] = None
    live["appName"] = props["appName"]
    live["arn"] = scope.arn(f"deploymentgroup:{props['appName']}/{props['deploymentGroupName']}")
    platform = found.get("computePlatform")
    live["computePlatform"] = platform or scope.call("get_application", applicationName=props["appName"])[
        "application"
    ].get("computePlatform")
    return live


def _alarms(found: Any) -> Props | None:
    if not found or (not found.get("enabled") and not found.get("alarms")):
        return None
    return {
        "enabled": bool(found.get("enabled")),
        "ignorePollAlarmFailure": bool(found.get("ignorePollAlarmFailure")),
        "alarms": sorted(item["name"] for item in found.get("alarms") or []),
    }


def _blank(value: Any) -> Any:
    return None if shapes.empty(value) else value


DEPLOYMENT_GROUP = Type(
    "aws:codedeploy/deploymentGroup:DeploymentGroup",
    "codedeploy",
    create="create_deployment_group",
    update=("update_deployment_group",),
    delete="delete_deployment_group",
    key=("appName", "deploymentGroupName"),
    separator=":",
    replace=("appName",),
    rename=_GROUP_NAMES,
    defaults={"deploymentConfigName": "CodeDeployDefault.OneAtATime", "outdatedInstancesStrategy": "UPDATE"},
    resets={
        "alarmConfiguration": {"enabled": False, "alarms": []},
        "autoRollbackConfiguration": {"enabled": False, "events": []},
        "triggerConfigurations": [],
    },
    prepare=_prepare_group,
    look=_look_group,
    parts=(_tags(),),
    computed=(
        "blueGreenDeploymentConfig",
        "deploymentStyle",
    ),
)

TYPES = (APPLICATION, DEPLOYMENT_CONFIG, DEPLOYMENT_GROUP)
