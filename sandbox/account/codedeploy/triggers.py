"""What CodeDeploy tells SNS topics about deployments.

Source: CodeDeploy user guide, "JSON data formats for CodeDeploy triggers". The guide shows the nested blocks as
objects and times as seconds; what topics get in fact, and what consumers rely on, are blocks as JSON text, times in
words and states in capitals, as here.
"""

from __future__ import annotations

import json
from typing import Any

from moto.sns.models import sns_backends

from sandbox.account.background import log
from sandbox.account.codedeploy.model import Deployment, Host


def overview(deployment: Deployment) -> dict[str, int]:
    """Return how many targets are in which state."""
    counted = dict.fromkeys(("Pending", "InProgress", "Succeeded", "Failed", "Skipped", "Ready"), 0)
    counted[target_status(deployment)] += len(deployment.targets)
    for host in deployment.hosts:
        counted[host.status] += 1
    return counted


def target_status(deployment: Deployment) -> str:
    """Return the state of a deployment's targets; they go through it together."""
    by_status = {"InProgress": "InProgress", "Succeeded": "Succeeded", "Failed": "Failed", "Stopped": "Skipped"}
    if deployment.status == "Stopped" and any(target.weight for target in deployment.targets):
        return "Failed"
    return by_status.get(deployment.status, "Pending")


def tell(backend: Any, deployment: Deployment, event: str) -> None:
    """Publish an event (DeploymentStart, ...) to the topics of the group's triggers; a topic that's gone is logged."""
    _publish(backend, deployment, event, deployment.status, message(backend, deployment))


def tell_instance(backend: Any, deployment: Deployment, host: Host, event: str) -> None:
    """Publish an event of one instance (InstanceStart, ...) in the same way."""
    lifecycle = [
        {
            "LifecycleEvent": item.name,
            "LifecycleEventStatus": item.status,
            **({"StartTime": _words(item.started)} if item.started else {}),
            **({"EndTime": _words(item.ended)} if item.ended else {}),
        }
        for item in host.events
    ]
    body = {
        "region": backend.region_name,
        "accountId": backend.account_id,
        "deploymentId": deployment.deployment_id,
        "instanceId": backend._arn(f"instance/{host.name}"),
        "lastUpdatedAt": _words(host.updated),
        "instanceStatus": host.status.upper(),
        "lifecycleEvents": json.dumps(lifecycle),
    }
    _publish(backend, deployment, event, host.status, body)


def _publish(backend: Any, deployment: Deployment, event: str, status: str, body: dict[str, str]) -> None:
    for trigger in deployment.settings.get("triggerConfigurations") or []:
        if event not in (trigger.get("triggerEvents") or []):
            continue
        arn, name = trigger["triggerTargetArn"], trigger["triggerName"]
        place = f"{backend.region_name} to {deployment.deployment_group_name}"
        subject = f"{status.upper()}: AWS CodeDeploy {deployment.deployment_id} in {place}"[:100]
        text = json.dumps({**body, "eventTriggerName": name})
        try:
            sns_backends[backend.account_id][arn.split(":")[3]].publish(message=text, arn=arn, subject=subject)
        except Exception as error:
            log.warning("the trigger %s couldn't publish to %s: %s", name, arn, error)


def message(backend: Any, deployment: Deployment) -> dict[str, str]:
    """Return the body of a deployment's message, all but the trigger's name."""
    body = {
        "region": backend.region_name,
        "accountId": backend.account_id,
        "applicationName": deployment.application_name,
        "deploymentId": deployment.deployment_id,
        "deploymentGroupName": deployment.deployment_group_name,
        "createTime": _words(deployment.create_time),
        "completeTime": _words(deployment.complete_time) if deployment.complete_time else "",
        "deploymentOverview": json.dumps(overview(deployment)) if deployment.targets or deployment.hosts else "",
        "status": deployment.status.upper(),
        "errorInformation": _block(deployment.error, {"code": "ErrorCode", "message": "ErrorMessage"}),
        "rollbackInformation": _block(
            deployment.rollback_info,
            {
                "rollbackDeploymentId": "RollbackDeploymentId",
                "rollbackTriggeringDeploymentId": "RollbackTriggeringDeploymentId",
                "rollbackMessage": "RollbackMessage",
            },
        ),
    }
    return {name: value for name, value in body.items() if value}


def _words(time: Any) -> str:
    return f"{time:%a %b %d %H:%M:%S} UTC {time:%Y}"


def _block(info: dict[str, str], names: dict[str, str]) -> str:
    return json.dumps({names[key]: value for key, value in info.items()}) if info else ""
