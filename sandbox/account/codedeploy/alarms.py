"""The alarms that guard a deployment.

Source: CodeDeploy user guide, "Monitoring deployments with CloudWatch alarms"; API reference, AlarmConfiguration.
"""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from sandbox.account.codedeploy.model import ROLLBACK, Deployment


def _config(deployment: Deployment) -> dict[str, Any]:
    own = deployment.request.get("overrideAlarmConfiguration")
    return dict((deployment.settings.get("alarmConfiguration") if own is None else own) or {})


def watched(deployment: Deployment) -> list[str]:
    """Return the names of the alarms that stop a deployment; none for one that rolls another back."""
    config = _config(deployment)
    if not config.get("enabled") or deployment.creator == ROLLBACK:
        return []
    return [alarm["name"] for alarm in config.get("alarms") or []]


def problem(backend: Any, deployment: Deployment) -> str:
    """Return why the alarms don't let a deployment go on, "" where they do.

    An alarm that doesn't exist is one whose state can't be polled: `ignorePollAlarmFailure` lets the deployment go on.
    """
    names = watched(deployment)
    if not names:
        return ""
    alarms = cloudwatch_backends[backend.account_id][backend.region_name].alarms
    active = [name for name in names if name in alarms and alarms[name].state_value == "ALARM"]
    if active:
        return activated(active)
    missing = [name for name in names if name not in alarms]
    if missing and not _config(deployment).get("ignorePollAlarmFailure"):
        return f"CodeDeploy couldn't get the state of the alarms from Amazon CloudWatch: <{', '.join(missing)}>"
    return ""


def activated(names: list[str]) -> str:
    """Return the message of a deployment that alarms stopped."""
    return (
        "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the"
        f" affected deployments have been stopped. Activated alarms: <{', '.join(names)}>"
    )
