"""Deployments of CodeDeploy that are under way, or that ended badly, as people are told of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cli.health.serving import Drift
from cli.health.waiting import looks
from codedeploy import alarms, served
from codedeploy.deployments import TAKES_BACK, UNDER_WAY, stop_command
from core.aws import client
from stacks.cryptique import CryptiqueRelease
from stacks.releases import window
from stacks.system import SystemRelease

PATIENCE = 60.0
"""Seconds within which a deployment that was stopped has ended and been taken back."""
BAD = ("Failed", "Stopped")


@dataclass(frozen=True)
class Group:
    """A deployment group, by the name of what it moves."""

    name: str
    """Such as ``api``, or ``the hosts``."""
    application: str
    group: str


def groups(told: Mapping[str, Any], system: str, stack: str) -> list[Group]:
    """The deployment groups of a system, by what the stack's output says of it."""
    if own := told.get("deploymentGroup"):
        return [Group("the hosts", str(told["application"]), str(own))]
    named = told.get("deploymentGroups") or {}
    return [Group(name, f"{system}-{stack}", str(group)) for name, group in sorted(named.items())]


def under_way(group: Group, region: str) -> list[dict[str, Any]]:
    """The deployments of a group that haven't ended. Raises what boto3 raises."""
    deploy = client("codedeploy", region)
    found = deploy.list_deployments(
        applicationName=group.application, deploymentGroupName=group.group, includeOnlyStatuses=list(UNDER_WAY)
    )
    return [deploy.get_deployment(deploymentId=each)["deploymentInfo"] for each in found["deployments"]]


def drift(group: Group, deployment: Mapping[str, Any]) -> Drift:
    """A deployment that is under way: it goes on by itself, whoever started it and whether that one still runs."""
    identifier, since = str(deployment["deploymentId"]), deployment.get("startTime") or deployment.get("createTime")
    began = f" since {since:%H:%M:%S} UTC" if since else ""
    if deployment.get("creator") == TAKES_BACK:
        return Drift(
            f"deployment {identifier} takes {group.name} back ({deployment['status']}{began})", "it ends by itself"
        )
    return Drift(
        f"deployment {identifier} of {group.name} is under way (CodeDeploy, {deployment['status']}{began})",
        f"it goes on by itself; let it end, or {stop_command(identifier)} takes it back",
    )


def failure(group: Group, region: str) -> str | None:
    """Why the last deployment of a group failed, with what its alarms read; None where it didn't, or none was."""
    deploy = client("codedeploy", region)
    info = deploy.get_deployment_group(applicationName=group.application, deploymentGroupName=group.group)
    last = (info["deploymentGroupInfo"].get("lastAttemptedDeployment") or {}).get("deploymentId")
    if not last:
        return None
    deployment = deploy.get_deployment(deploymentId=last)["deploymentInfo"]
    if deployment.get("creator") == TAKES_BACK:
        first = (deployment.get("rollbackInfo") or {}).get("rollbackTriggeringDeploymentId")
        deployment = deploy.get_deployment(deploymentId=first)["deploymentInfo"] if first else deployment
    if deployment["status"] not in BAD:
        return None
    error = deployment.get("errorInformation") or {}
    reason = " ".join(str(error.get("message") or "no reason given").split())
    readings = []
    if error.get("code") == "ALARM_ACTIVE":
        names = alarms.of_group(deploy, group.application, group.group)
        readings = alarms.ringing(client("cloudwatch", region), names)
    return "; ".join([
        f"deployment {deployment['deploymentId']} of {group.name} was {deployment['status'].lower()}: {reason}",
        *readings,
    ])  # fmt: skip


def releases(deployment: Mapping[str, Any], system: str, region: str) -> tuple[str, ...] | None:
    """The releases that a deployment leads to; None where it takes another one back, or doesn't say where it leads."""
    if deployment.get("creator") == TAKES_BACK:
        return None
    revision, known = deployment.get("revision") or {}, window(system)
    if key := (revision.get("s3Location") or {}).get("key"):
        brings = [(name, release.revision) for name, release in known.items() if isinstance(release, CryptiqueRelease)]
        return tuple(name for name, artifact in brings if artifact.sha256 in key)
    try:
        (resource,) = json.loads((revision.get("appSpecContent") or {})["content"])["Resources"][0].values()
        function, version = resource["Properties"]["Name"], str(resource["Properties"]["TargetVersion"])
    except (KeyError, ValueError, IndexError, TypeError):
        return None
    name = _name(function, known)
    share = served.share(client("lambda", region), function, name, version, 100.0, known)
    return share.releases


def _name(function: str, known: Mapping[str, SystemRelease]) -> str:
    """The manifests' name of a deployed function (``security-assistant-api-prod`` is ``api``)."""
    names = {name for release in known.values() for name in getattr(release, "functions", {})}
    return max((name for name in names if f"-{name}-" in f"{function}-"), key=len, default=function)


def stop(identifier: str, region: str) -> str:
    """Stop a deployment, have CodeDeploy take it back, and wait for the end of both; its last state.

    One that has ended by now is left alone. Raises what boto3 raises.
    """
    deploy = client("codedeploy", region)
    try:
        deploy.stop_deployment(deploymentId=identifier, autoRollbackEnabled=True)
    except ClientError as error:
        if error.response["Error"]["Code"] != "DeploymentAlreadyCompletedException":
            raise
    info = _ended(deploy, identifier)
    if back := (info.get("rollbackInfo") or {}).get("rollbackDeploymentId"):
        _ended(deploy, str(back))
    return str(info["status"])


def _ended(deploy: Any, identifier: str) -> dict[str, Any]:
    for _ in looks(PATIENCE):
        info: dict[str, Any] = deploy.get_deployment(deploymentId=identifier)["deploymentInfo"]
        settled = (info.get("rollbackInfo") or {}).get("rollbackDeploymentId") or info["status"] != "Stopped"
        if info["status"] not in UNDER_WAY and settled:
            break
    return info
