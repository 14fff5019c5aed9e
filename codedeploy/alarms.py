"""The alarms that guard a deployment group: which of them ring, with reading and threshold.

Source: AWS CloudWatch API reference (DescribeAlarms), CodeDeploy user guide, "Monitoring deployments with CloudWatch
alarms". CodeDeploy stops a deployment whose alarm rings, whatever made it ring before the deployment began.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

OPERATORS = {
    "GreaterThanOrEqualToThreshold": ">=",
    "GreaterThanThreshold": ">",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
}


def of_group(deploy: Any, application: str, group: str) -> list[str]:
    """The names of the alarms that stop the deployments of a group. Raises botocore's ``ClientError``."""
    found = deploy.get_deployment_group(applicationName=application, deploymentGroupName=group)
    config = found["deploymentGroupInfo"].get("alarmConfiguration") or {}
    return [str(alarm["name"]) for alarm in config.get("alarms") or []] if config.get("enabled") else []


def ringing(cloudwatch: Any, names: Sequence[str]) -> list[str]:
    """Those of the alarms that ring, each as one phrase. Raises botocore's ``ClientError``."""
    if not names:
        return []
    found = cloudwatch.describe_alarms(AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    alarms = [*found.get("MetricAlarms", []), *found.get("CompositeAlarms", [])]
    return [describe(alarm) for alarm in alarms if alarm["StateValue"] == "ALARM"]


def describe(alarm: dict[str, Any]) -> str:
    """An alarm with what it read, and the threshold where it has one."""
    reason = " ".join(str(alarm.get("StateReason") or "no reading given").split()).rstrip(".")
    if "Threshold" not in alarm:
        return f"alarm {alarm['AlarmName']} ({reason})"
    sign = OPERATORS.get(alarm.get("ComparisonOperator", ""), alarm.get("ComparisonOperator", ""))
    return f"alarm {alarm['AlarmName']} ({reason}; rings at {sign} {alarm['Threshold']:g})"
