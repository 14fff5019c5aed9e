"""The operations on deployments, their targets and their hooks.

Source: CodeDeploy API reference, the operations of the same names. Lists come whole, newest first, without pages.
"""

from __future__ import annotations

import copy
from datetime import UTC
from typing import Any

from sandbox.account.codedeploy import completion, configs, groups, lifecycle, revisions, triggers
from sandbox.account.codedeploy.model import (
    ACTIVE,
    Deployment,
    Group,
    Host,
    LifecycleEvent,
    Refusal,
    in_group,
    required,
)

Given = dict[str, Any]

ECHOED = (
    "description",
    "ignoreApplicationStopFailures",
    "autoRollbackConfiguration",
    "updateOutdatedInstancesOnly",
    "targetInstances",
    "fileExistsBehavior",
    "overrideAlarmConfiguration",
    "deploymentMode",
    "ec2DeploymentOptions",
)
FROM_GROUP = ("deploymentStyle", "blueGreenDeploymentConfiguration", "loadBalancerInfo")
STATUSES = (*ACTIVE, "Succeeded", "Failed", "Stopped")
STOPPED = "No more commands will be scheduled for execution in the deployment instances"


def find(backend: Any, given: Given) -> Deployment:
    """Return the deployment that a request is about; refuses with DeploymentDoesNotExistException."""
    identity = required(given, "deploymentId")
    found: Deployment | None = backend.deployments.get(identity)
    if found is None:
        text = f"The deployment {identity} could not be found."
        raise Refusal("DeploymentDoesNotExistException", text)
    return found


def create(backend: Any, given: Given) -> Given:
    """CreateDeployment; one group has one deployment at a time."""
    owner = groups.application(backend, required(given, "applicationName"))
    group = groups.group(backend, owner.application_name, required(given, "deploymentGroupName"))
    _refuse_beyond(group)
    revision = revisions.check(given, owner.compute_platform)
    name = given.get("deploymentConfigName") or group.settings["deploymentConfigName"]
    groups.check_config(backend, owner.compute_platform, name)
    groups.check_alarms(given.get("overrideAlarmConfiguration"))
    groups.check_rollback(given.get("autoRollbackConfiguration"))
    running = [deployment for deployment in in_group(backend, group) if deployment.active]
    if running:
        text = f"The Deployment Group '{group.deployment_group_name}' already has an active Deployment"
        raise Refusal("DeploymentLimitExceededException", f"{text} '{running[0].deployment_id}'")
    request = {key: copy.deepcopy(given[key]) for key in ECHOED if given.get(key) is not None}
    made = Deployment(
        application_name=owner.application_name,
        deployment_group_name=group.deployment_group_name,
        compute_platform=owner.compute_platform,
        config=configs.find(backend, name),
        request={**request, "revision": copy.deepcopy(revision)},
        settings=copy.deepcopy(group.settings),
        previous=_previous(backend, group),
    )
    backend.deployments[made.deployment_id] = made
    triggers.tell(backend, made, "DeploymentStart")
    return {"deploymentId": made.deployment_id}


def _refuse_beyond(group: Group) -> None:
    """Refuse what AWS could do and this account can't."""
    if group.compute_platform == "ECS":
        text = "The local account runs deployments to Lambda and to on-premises instances, not to ECS."
        raise Refusal("InvalidComputePlatformException", text)
    style = group.settings.get("deploymentStyle") or {}
    if group.compute_platform == "Server" and style.get("deploymentType") != "IN_PLACE":
        text = "The local account runs deployments to instances in place only, not blue/green."
        raise Refusal("InvalidInputException", text)


def _previous(backend: Any, group: Group) -> Given:
    done = [deployment for deployment in in_group(backend, group) if deployment.status == "Succeeded"]
    return dict(done[-1].request["revision"]) if done else {}


def info(deployment: Deployment) -> Given:
    """Return DeploymentInfo as the API shows it."""
    shown = {
        **deployment.request,
        **{key: deployment.settings[key] for key in FROM_GROUP if key in deployment.settings},
        "applicationName": deployment.application_name,
        "deploymentGroupName": deployment.deployment_group_name,
        "deploymentConfigName": deployment.config["deploymentConfigName"],
        "deploymentId": deployment.deployment_id,
        "computePlatform": deployment.compute_platform,
        "previousRevision": deployment.previous,
        "status": deployment.status,
        "creator": deployment.creator,
        "createTime": deployment.create_time,
        "startTime": deployment.start_time,
        "completeTime": deployment.complete_time,
        "deploymentOverview": triggers.overview(deployment) if deployment.targets or deployment.hosts else None,
        "errorInformation": deployment.error,
        "rollbackInfo": deployment.rollback_info,
        "instanceTerminationWaitTimeStarted": False,
        "deploymentStatusMessages": [],
    }
    return {key: value for key, value in shown.items() if value is not None and value != {}}


def get(backend: Any, given: Given) -> Given:
    """GetDeployment."""
    return {"deploymentInfo": info(find(backend, given))}


def batch_get(backend: Any, given: Given) -> Given:
    """BatchGetDeployments: those that exist."""
    names = required(given, "deploymentIds", "DeploymentId")
    return {"deploymentsInfo": [info(backend.deployments[name]) for name in names if name in backend.deployments]}


def names(backend: Any, given: Given) -> Given:
    """ListDeployments."""
    owner, group, wanted = (given.get(key) for key in ("applicationName", "deploymentGroupName", "includeOnlyStatuses"))
    if owner and not group:
        raise Refusal("DeploymentGroupNameRequiredException", "An applicationName needs a deploymentGroupName, too.")
    if group and not owner:
        raise Refusal("ApplicationNameRequiredException", "A deploymentGroupName needs an applicationName, too.")
    if unknown := sorted(set(wanted or ()) - set(STATUSES)):
        raise Refusal("InvalidDeploymentStatusException", f"Unknown deployment states: {', '.join(unknown)}")
    found = list(backend.deployments.values())
    if owner and group:
        found = in_group(backend, groups.group(backend, owner, group))
    since, until = (_plain((given.get("createTimeRange") or {}).get(end)) for end in ("start", "end"))
    if since and until and since > until:
        raise Refusal("InvalidTimeRangeException", "The start of the time range lies after its end.")
    chosen = [
        deployment.deployment_id
        for deployment in reversed(found)
        if (not wanted or deployment.status in wanted)
        and (since is None or deployment.create_time >= since)
        and (until is None or deployment.create_time <= until)
    ]
    return {"deployments": chosen}


def _plain(time: Any) -> Any:
    return time.astimezone(UTC).replace(tzinfo=None) if time is not None and time.tzinfo else time


def stop(backend: Any, given: Given) -> Given:
    """StopDeployment; without autoRollbackEnabled, DEPLOYMENT_STOP_ON_REQUEST decides about a rollback."""
    deployment = find(backend, given)
    _refuse_completed(deployment)
    completion.stop(backend, deployment, "MANUAL_STOP", completion.MANUAL_STOP, given.get("autoRollbackEnabled"))
    return {"status": "Succeeded", "statusMessage": STOPPED}


def _refuse_completed(deployment: Deployment) -> None:
    if not deployment.active:
        text = f"The deployment {deployment.deployment_id} was already completed."
        raise Refusal("DeploymentAlreadyCompletedException", text)


def go_on(backend: Any, given: Given) -> None:
    """ContinueDeployment, which only deployments to instances and to ECS wait for."""
    deployment = find(backend, given)
    _refuse_completed(deployment)
    text = f"A {deployment.compute_platform} deployment has no wait that could be continued."
    raise Refusal("UnsupportedActionForDeploymentTypeException", text)


def put_hook_status(backend: Any, given: Given) -> Given:
    """PutLifecycleEventHookExecutionStatus: what a hook function reports, once."""
    deployment, status = find(backend, given), given.get("status")
    identity = given.get("lifecycleEventHookExecutionId") or ""
    event = next((event for event in deployment.events if identity and event.execution_id == identity), None)
    if event is None:
        text = f"No hook of {deployment.deployment_id} runs under the id {identity!r}."
        raise Refusal("InvalidLifecycleEventHookExecutionIdException", text)
    if status not in ("Succeeded", "Failed"):
        text = f"A hook reports Succeeded or Failed, not {status}."
        raise Refusal("InvalidLifecycleEventHookExecutionStatusException", text)
    if event.over:
        text = f"{event.name} of {deployment.deployment_id} is over."
        raise Refusal("LifecycleEventAlreadyCompletedException", text)
    lifecycle.report(backend, deployment, event, status)
    return {"lifecycleEventHookExecutionId": identity}


def target_names(backend: Any, given: Given) -> Given:
    """ListDeploymentTargets, filtered by TargetStatus."""
    deployment = _started(find(backend, given))
    wanted = (given.get("targetFilters") or {}).get("TargetStatus")
    shared = triggers.target_status(deployment)
    found = [(target.id, shared) for target in deployment.targets]
    found += [(host.name, host.status) for host in deployment.hosts]
    return {"targetIds": [identity for identity, status in found if not wanted or status in wanted]}


def _started(deployment: Deployment) -> Deployment:
    if deployment.status in ("Created", "Queued"):
        text = f"The deployment {deployment.deployment_id} hasn't started."
        raise Refusal("DeploymentNotStartedException", text)
    return deployment


def get_target(backend: Any, given: Given) -> Given:
    """GetDeploymentTarget."""
    deployment = _started(find(backend, given))
    return {"deploymentTarget": _target(backend, deployment, required(given, "targetId", "DeploymentTargetId"))}


def batch_get_targets(backend: Any, given: Given) -> Given:
    """BatchGetDeploymentTargets."""
    deployment = _started(find(backend, given))
    wanted = required(given, "targetIds", "DeploymentTargetId")
    return {"deploymentTargets": [_target(backend, deployment, identity) for identity in wanted]}


def _target(backend: Any, deployment: Deployment, identity: str) -> Given:
    host = next((host for host in deployment.hosts if host.name == identity), None)
    if host is not None:
        return _instance(backend, deployment, host)
    target = next((target for target in deployment.targets if target.id == identity), None)
    if target is None:
        text = f"The deployment {deployment.deployment_id} has no target {identity}."
        raise Refusal("DeploymentTargetDoesNotExistException", text)
    return {
        "deploymentTargetType": "LambdaTarget",
        "lambdaTarget": {
            "deploymentId": deployment.deployment_id,
            "targetId": target.id,
            "targetArn": f"arn:aws:lambda:{backend.region_name}:{backend.account_id}:function:{target.id}",
            "status": triggers.target_status(deployment),
            "lastUpdatedAt": target.updated,
            "lifecycleEvents": [_event(event) for event in deployment.events],
            "lambdaFunctionInfo": {
                "functionName": target.function,
                "functionAlias": target.alias,
                "currentVersion": target.current,
                "targetVersion": target.target,
                "targetVersionWeight": target.weight,
            },
        },
    }


def _instance(backend: Any, deployment: Deployment, host: Host) -> Given:
    return {
        "deploymentTargetType": "InstanceTarget",
        "instanceTarget": {
            "deploymentId": deployment.deployment_id,
            "targetId": host.name,
            "targetArn": backend._arn(f"instance/{host.name}"),
            "status": host.status,
            "lastUpdatedAt": host.updated,
            "lifecycleEvents": [_event(event) for event in host.events],
        },
    }


def _event(event: LifecycleEvent) -> Given:
    shown = {
        "lifecycleEventName": event.name,
        "status": event.status,
        "startTime": event.started,
        "endTime": event.ended,
        "diagnostics": event.diagnostics or None,
    }
    return {key: value for key, value in shown.items() if value is not None}
