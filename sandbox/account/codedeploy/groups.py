"""Applications and deployment groups, with every field kept.

Source: CodeDeploy API reference, the operations of the same names. Lists come whole, without pages.
"""

from __future__ import annotations

import copy
from typing import Any

from sandbox.account.codedeploy import configs
from sandbox.account.codedeploy.model import Application, Deployment, Group, Refusal, in_group, required

SETTINGS = (
    "deploymentConfigName",
    "ec2TagFilters",
    "onPremisesInstanceTagFilters",
    "autoScalingGroups",
    "serviceRoleArn",
    "triggerConfigurations",
    "alarmConfiguration",
    "autoRollbackConfiguration",
    "outdatedInstancesStrategy",
    "deploymentStyle",
    "blueGreenDeploymentConfiguration",
    "loadBalancerInfo",
    "ec2TagSet",
    "ecsServices",
    "onPremisesTagSet",
    "ec2DeploymentOptions",
    "terminationHookEnabled",
)
EVENTS = {
    *(f"Deployment{end}" for end in ("Start", "Success", "Failure", "Stop", "Rollback", "Ready")),
    *(f"Instance{end}" for end in ("Start", "Success", "Failure", "Ready")),
}
ROLLBACK_EVENTS = {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"}
MOST_ALARMS = 10
MOST_TRIGGERS = 10

Given = dict[str, Any]


def application(backend: Any, name: str) -> Application:
    """Return an application; refuses with ApplicationDoesNotExistException where there's none."""
    found: Application | None = backend.applications.get(name)
    if found is None:
        raise Refusal("ApplicationDoesNotExistException", f"No application found for name: {name}")
    return found


def group(backend: Any, application_name: str, name: str) -> Group:
    """Return a group; refuses where there's no such application or group."""
    application(backend, application_name)
    found: Group | None = backend.deployment_groups.get(application_name, {}).get(name)
    if found is None:
        raise Refusal("DeploymentGroupDoesNotExistException", f"No Deployment Group found for name: {name}")
    return found


def create_application(backend: Any, given: Given) -> Given:
    """CreateApplication; the compute platform is Server unless given."""
    name = required(given, "applicationName")
    platform = given.get("computePlatform") or "Server"
    if platform not in configs.DEFAULTS:
        raise Refusal("InvalidComputePlatformException", f"{platform} isn't a compute platform.")
    if name in backend.applications:
        raise Refusal("ApplicationAlreadyExistsException", f"Application already exists: {name}")
    made = Application(name, platform)
    backend.applications[name] = made
    backend.tagger.tag_resource(backend._application_arn(name), given.get("tags") or [])
    return {"applicationId": made.application_id}


def _application_info(found: Application) -> Given:
    return {
        "applicationId": found.application_id,
        "applicationName": found.application_name,
        "createTime": found.create_time,
        "computePlatform": found.compute_platform,
        "linkedToGitHub": False,
    }


def get_application(backend: Any, given: Given) -> Given:
    """GetApplication."""
    return {"application": _application_info(application(backend, required(given, "applicationName")))}


def batch_get_applications(backend: Any, given: Given) -> Given:
    """BatchGetApplications."""
    names = given.get("applicationNames") or []
    return {"applicationsInfo": [_application_info(application(backend, name)) for name in names]}


def list_applications(backend: Any, _: Given) -> Given:
    """ListApplications."""
    return {"applications": sorted(backend.applications)}


def update_application(backend: Any, given: Given) -> None:
    """UpdateApplication: a new name, which the groups, deployments and tags follow."""
    old = required(given, "applicationName")
    found, new = application(backend, old), given.get("newApplicationName") or old
    if new == old:
        return
    if new in backend.applications:
        raise Refusal("ApplicationAlreadyExistsException", f"Application already exists: {new}")
    for name in list(backend.deployment_groups.get(old, {})):
        _move_tags(backend, backend._deployment_group_arn(old, name), backend._deployment_group_arn(new, name))
    _move_tags(backend, backend._application_arn(old), backend._application_arn(new))
    found.application_name = new
    backend.applications[new] = backend.applications.pop(old)
    backend.deployment_groups[new] = backend.deployment_groups.pop(old, {})
    for item in [*backend.deployment_groups[new].values(), *backend.deployments.values()]:
        if item.application_name == old:
            item.application_name = new


def delete_application(backend: Any, given: Given) -> None:
    """DeleteApplication, with its groups; one that doesn't exist is no error."""
    name = required(given, "applicationName")
    for group_name in list(backend.deployment_groups.get(name, {})):
        delete_group(backend, {"applicationName": name, "deploymentGroupName": group_name})
    backend.deployment_groups.pop(name, None)
    backend.applications.pop(name, None)
    backend.tagger.delete_all_tags_for_resource(backend._application_arn(name))


def create_group(backend: Any, given: Given) -> Given:
    """CreateDeploymentGroup."""
    owner = application(backend, required(given, "applicationName"))
    name = required(given, "deploymentGroupName")
    required(given, "serviceRoleArn", "Role")
    named = backend.deployment_groups.setdefault(owner.application_name, {})
    if name in named:
        raise Refusal("DeploymentGroupAlreadyExistsException", f"Deployment Group name {name} already exists.")
    settings = {key: copy.deepcopy(given[key]) for key in SETTINGS if given.get(key) is not None}
    settings.setdefault("deploymentConfigName", configs.DEFAULTS[owner.compute_platform])
    if owner.compute_platform == "Server":
        style = {"deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"}
        settings["deploymentStyle"] = {**style, **settings.get("deploymentStyle", {})}
    check(backend, owner.compute_platform, settings)
    made = Group(owner.application_name, name, owner.compute_platform, settings)
    named[name] = made
    backend.tagger.tag_resource(backend._deployment_group_arn(made.application_name, name), given.get("tags") or [])
    return {"deploymentGroupId": made.deployment_group_id}


def update_group(backend: Any, given: Given) -> Given:
    """UpdateDeploymentGroup: a field that is given replaces the one before as a whole."""
    owner, old = (
        required(given, "applicationName"),
        required(given, "currentDeploymentGroupName", "DeploymentGroupName"),
    )
    found, new = group(backend, owner, old), given.get("newDeploymentGroupName") or old
    named = backend.deployment_groups[owner]
    if new != old and new in named:
        raise Refusal("DeploymentGroupAlreadyExistsException", f"Deployment Group name {new} already exists.")
    changed = {key: copy.deepcopy(given[key]) for key in SETTINGS if given.get(key) is not None}
    settings = {**found.settings, **changed}
    check(backend, found.compute_platform, settings)
    found.settings = settings
    if new != old:
        _move_tags(backend, backend._deployment_group_arn(owner, old), backend._deployment_group_arn(owner, new))
        for deployment in in_group(backend, found):
            deployment.deployment_group_name = new
        found.deployment_group_name = new
        named[new] = named.pop(old)
    return {"hooksNotCleanedUp": []}


def delete_group(backend: Any, given: Given) -> Given:
    """DeleteDeploymentGroup; one that doesn't exist is no error."""
    owner, name = required(given, "applicationName"), required(given, "deploymentGroupName")
    backend.deployment_groups.get(owner, {}).pop(name, None)
    backend.tagger.delete_all_tags_for_resource(backend._deployment_group_arn(owner, name))
    return {"hooksNotCleanedUp": []}


def get_group(backend: Any, given: Given) -> Given:
    """GetDeploymentGroup."""
    found = group(backend, required(given, "applicationName"), required(given, "deploymentGroupName"))
    return {"deploymentGroupInfo": _info(backend, found)}


def batch_get_groups(backend: Any, given: Given) -> Given:
    """BatchGetDeploymentGroups: those that exist, and an error message that names the others."""
    owner = application(backend, required(given, "applicationName")).application_name
    named = backend.deployment_groups.get(owner, {})
    names = required(given, "deploymentGroupNames", "DeploymentGroupName")
    missing = [name for name in names if name not in named]
    answer: Given = {"deploymentGroupsInfo": [_info(backend, named[name]) for name in names if name in named]}
    if missing:
        answer["errorMessage"] = f"No Deployment Group found for name: {', '.join(missing)}"
    return answer


def list_groups(backend: Any, given: Given) -> Given:
    """ListDeploymentGroups."""
    owner = application(backend, required(given, "applicationName")).application_name
    return {"applicationName": owner, "deploymentGroups": sorted(backend.deployment_groups.get(owner, {}))}


def _info(backend: Any, found: Group) -> Given:
    deployments = in_group(backend, found)
    succeeded = [deployment for deployment in deployments if deployment.status == "Succeeded"]
    info = {
        **found.settings,
        "applicationName": found.application_name,
        "deploymentGroupId": found.deployment_group_id,
        "deploymentGroupName": found.deployment_group_name,
        "computePlatform": found.compute_platform,
    }
    if succeeded:
        info["targetRevision"] = succeeded[-1].request["revision"]
        info["lastSuccessfulDeployment"] = _last(succeeded[-1])
    if deployments:
        info["lastAttemptedDeployment"] = _last(deployments[-1])
    return info


def _last(deployment: Deployment) -> Given:
    shown = {
        "deploymentId": deployment.deployment_id,
        "status": deployment.status,
        "createTime": deployment.create_time,
        "endTime": deployment.complete_time,
    }
    return {key: value for key, value in shown.items() if value is not None}


def _move_tags(backend: Any, old: str, new: str) -> None:
    backend.tagger.copy_tags(old, new)
    backend.tagger.delete_all_tags_for_resource(old)


def check(backend: Any, platform: str, settings: Given) -> None:
    """Refuse settings of a group that AWS refuses."""
    check_config(backend, platform, settings["deploymentConfigName"])
    style = settings.get("deploymentStyle") or {}
    if platform != "Server" and style.get("deploymentType", "IN_PLACE") != "BLUE_GREEN":
        text = f"For {platform} deployment group, deployment type can be set to BLUE_GREEN only."
        raise Refusal("InvalidDeploymentStyleException", text)
    if platform != "Server" and style.get("deploymentOption", "WITH_TRAFFIC_CONTROL") != "WITH_TRAFFIC_CONTROL":
        text = f"For {platform} deployment group, deployment option can be set to WITH_TRAFFIC_CONTROL only."
        raise Refusal("InvalidDeploymentStyleException", text)
    check_alarms(settings.get("alarmConfiguration"))
    check_rollback(settings.get("autoRollbackConfiguration"))
    _check_triggers(settings.get("triggerConfigurations") or [])


def check_config(backend: Any, platform: str, name: str) -> None:
    """Refuse a deployment configuration that doesn't exist or belongs to another compute platform."""
    if configs.find(backend, name)["computePlatform"] != platform:
        text = f"Deployment configuration {name} isn't valid for the compute platform {platform}."
        raise Refusal("InvalidDeploymentConfigNameException", text)


def check_alarms(config: Given | None) -> None:
    """Refuse an alarm configuration without alarms, or with more than ten."""
    alarms = (config or {}).get("alarms") or []
    if len(alarms) > MOST_ALARMS:
        raise Refusal("AlarmsLimitExceededException", f"A group takes at most {MOST_ALARMS} alarms.")
    if (config or {}).get("enabled") and not alarms:
        raise Refusal("InvalidAlarmConfigException", "Alarms are enabled, but the list of alarms is empty.")
    if any(not alarm.get("name") for alarm in alarms):
        raise Refusal("InvalidAlarmConfigException", "An alarm needs a name.")


def check_rollback(config: Given | None) -> None:
    """Refuse an automatic rollback without events, or with unknown ones."""
    events = (config or {}).get("events") or []
    if unknown := sorted(set(events) - ROLLBACK_EVENTS):
        raise Refusal("InvalidAutoRollbackConfigException", f"Unknown rollback events: {', '.join(unknown)}")
    if (config or {}).get("enabled") and not events:
        raise Refusal("InvalidAutoRollbackConfigException", "Automatic rollback is enabled, but names no events.")


def _check_triggers(triggers: list[Given]) -> None:
    if len(triggers) > MOST_TRIGGERS:
        raise Refusal("TriggerTargetsLimitExceededException", f"A group takes at most {MOST_TRIGGERS} triggers.")
    for trigger in triggers:
        if not trigger.get("triggerName") or not trigger.get("triggerTargetArn"):
            raise Refusal("InvalidTriggerConfigException", "A trigger needs a name and the ARN of a topic.")
        if unknown := sorted(set(trigger.get("triggerEvents") or []) - EVENTS):
            raise Refusal("InvalidTriggerConfigException", f"Unknown trigger events: {', '.join(unknown)}")
