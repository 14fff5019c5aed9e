"""How a deployment ends: well, failed or stopped, and rolled back where its group says so.

Source: CodeDeploy user guide, "Redeploy and roll back a deployment": a rollback is a deployment of its own. For Lambda
it puts the aliases back at once and without hooks; for instances it deploys the revision that last succeeded. Neither
heeds the alarms.
"""

from __future__ import annotations

from typing import Any

from sandbox.account import background
from sandbox.account.codedeploy import configs, revisions, traffic
from sandbox.account.codedeploy.model import ROLLBACK, Deployment, LifecycleEvent, Target, now
from sandbox.account.codedeploy.triggers import tell

MANUAL_STOP = "The deployment was stopped by the user."


def succeed(backend: Any, deployment: Deployment) -> None:
    """End a deployment that went through."""
    deployment.status, deployment.complete_time = "Succeeded", now()
    tell(backend, deployment, "DeploymentSuccess")
    background.mark_changed()


def fail(backend: Any, deployment: Deployment, code: str, message: str) -> None:
    """End a deployment that failed, and roll it back where DEPLOYMENT_FAILURE says so."""
    _end(deployment, "Failed", code, message)
    rollback = _rollback(backend, deployment, "DEPLOYMENT_FAILURE", None)
    tell(backend, deployment, "DeploymentFailure")
    _put_back(backend, rollback)


def stop(backend: Any, deployment: Deployment, code: str, message: str, roll_back: bool | None = None) -> None:
    """End a deployment before its time.

    Args:
        code: MANUAL_STOP or ALARM_ACTIVE.
        message: what errorInformation says.
        roll_back: whether to roll back; None leaves that to the automatic rollback's configuration.
    """
    _end(deployment, "Stopped", code, message)
    event = "DEPLOYMENT_STOP_ON_ALARM" if code == "ALARM_ACTIVE" else "DEPLOYMENT_STOP_ON_REQUEST"
    rollback = _rollback(backend, deployment, event, roll_back)
    tell(backend, deployment, "DeploymentStop")
    _put_back(backend, rollback)


def _end(deployment: Deployment, status: str, code: str, message: str) -> None:
    deployment.status, deployment.complete_time = status, now()
    deployment.error = {"code": code, "message": message}
    for event in deployment.events:
        if event.status == "InProgress":
            event.end("Failed", errorCode="UnknownError", message=message)
        elif not event.over:
            event.end("Skipped")
    for host in deployment.hosts:
        host.skip()
    background.mark_changed()


def _rollback(backend: Any, deployment: Deployment, event: str, forced: bool | None) -> Deployment | None:
    """Return the deployment that rolls one back, where it's to be rolled back and has something to put back."""
    config = deployment.setting("autoRollbackConfiguration")
    wanted = bool(config.get("enabled")) and event in (config.get("events") or [])
    if forced is not None:
        wanted = forced
    if not wanted or deployment.creator == ROLLBACK:
        return None
    if deployment.compute_platform == "Server":
        return _redeployed(backend, deployment)
    moved = [target for target in deployment.targets if target.before]
    if not moved:
        text = "No rollback was made: the deployment ended before it had found the aliases it was to move."
        deployment.rollback_info = {"rollbackMessage": text}
        return None
    return _made(backend, deployment, moved)


def _redeployed(backend: Any, failed: Deployment) -> Deployment | None:
    """Return a deployment of the revision that last succeeded, which goes through the instances as any other."""
    if not failed.previous:
        text = "No rollback was made: the deployment group has no earlier deployment that succeeded."
        failed.rollback_info = {"rollbackMessage": text}
        return None
    made = Deployment(
        application_name=failed.application_name,
        deployment_group_name=failed.deployment_group_name,
        compute_platform=failed.compute_platform,
        config=failed.config,
        request={"revision": failed.previous, "description": f"Rollback of {failed.deployment_id}"},
        settings=failed.settings,
        previous=failed.previous,
        creator=ROLLBACK,
    )
    return _linked(backend, failed, made)


def _made(backend: Any, failed: Deployment, moved: list[Target]) -> Deployment:
    """Return a deployment that puts aliases back."""
    made = Deployment(
        application_name=failed.application_name,
        deployment_group_name=failed.deployment_group_name,
        compute_platform=failed.compute_platform,
        config=configs.PREDEFINED["CodeDeployDefault.LambdaAllAtOnce"],
        request={"revision": revisions.reverse(moved), "description": f"Rollback of {failed.deployment_id}"},
        settings=failed.settings,
        previous=failed.request["revision"],
        creator=ROLLBACK,
        targets=[Target(item.function, item.alias, item.target, item.before, before=item.target) for item in moved],
        events=[LifecycleEvent(name) for name in revisions.EVENTS],
    )
    return _linked(backend, failed, made)


def _linked(backend: Any, failed: Deployment, made: Deployment) -> Deployment:
    """Tell a deployment and its rollback of each other, and keep the rollback."""
    how = "failed" if failed.status == "Failed" else "was stopped"
    reason = failed.error["message"]
    failed.rollback_info = {
        "rollbackDeploymentId": made.deployment_id,
        "rollbackMessage": f"Deployment {failed.deployment_id} {how} and is rolled back: {reason}"[:500],
    }
    made.rollback_info = {
        "rollbackTriggeringDeploymentId": failed.deployment_id,
        "rollbackMessage": f"Rolls back deployment {failed.deployment_id}, which {how}: {reason}"[:500],
    }
    backend.deployments[made.deployment_id] = made
    return made


def _put_back(backend: Any, rollback: Deployment | None) -> None:
    """Move the aliases before anything else happens; the rollback's phases are then only gone through."""
    if rollback is None:
        return
    tell(backend, rollback, "DeploymentRollback")
    if not rollback.targets:
        return
    rollback.status, rollback.start_time = "InProgress", now()
    problems = []
    for target in rollback.targets:
        try:
            traffic.shift(backend, target, 100)
        except revisions.RevisionError as error:
            problems.append(error)
    if problems:
        fail(backend, rollback, problems[0].code, " ".join(map(str, problems)))
