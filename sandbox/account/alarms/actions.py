"""What an alarm does when its state changes: SNS topics and Lambda functions.

Sources: CloudWatch user guide, "Notify users on alarm changes" (the message that SNS gets) and "Lambda alarm actions".
"""

from __future__ import annotations

import json
import logging
from typing import Any

from moto.cloudwatch.models import Alarm
from moto.sns.models import sns_backends

from sandbox.account import functions
from sandbox.account.alarms.states import StateChange, on_state_change, record

log = logging.getLogger("sandbox.account")

REGION_NAMES = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
    "eu-west-1": "EU (Ireland)",
    "eu-central-1": "EU (Frankfurt)",
}
SUBJECT_LENGTH = 100


@on_state_change
def deliver(change: StateChange) -> None:
    """Run the actions that belong to the new state; each is recorded in the alarm's history."""
    alarm = change.alarm
    if not alarm.actions_enabled:
        return
    by_state = {
        "ALARM": alarm.alarm_actions,
        "OK": alarm.ok_actions,
        "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
    }
    for arn in by_state[change.new] or []:
        try:
            _run(arn, change)
            outcome, summary = {"actionState": "Succeeded"}, f"Successfully executed action {arn}"
        except Exception as error:
            log.warning("alarm %s couldn't run its action %s: %s", alarm.name, arn, error)
            outcome = {"actionState": "Failed", "error": str(error)}
            summary = f"Failed to execute action {arn}. Received error: {error}"
        record(change.backend, alarm, "Action", summary, {"notificationResource": arn, **outcome})


def _run(arn: str, change: StateChange) -> None:
    service, region = arn.split(":")[2:4]
    if service == "sns":
        topics = sns_backends[change.backend.account_id][region]
        place = REGION_NAMES.get(change.backend.region_name, change.backend.region_name)
        subject = f'{change.new}: "{change.alarm.name}" in {place}'
        topics.publish(arn=arn, message=json.dumps(message(change)), subject=subject[:SUBJECT_LENGTH])
    elif service == "lambda":
        functions.invoke(arn, lambda_event(change), region=region, asynchronous=True)
    else:
        raise ValueError("this account runs only SNS and Lambda actions")


def message(change: StateChange) -> dict[str, Any]:
    """Return the body of the notification that SNS gets."""
    alarm, backend = change.alarm, change.backend
    body: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": backend.account_id,
        "AlarmConfigurationUpdatedTimestamp": _iso(alarm.configuration_updated_timestamp),
        "NewStateValue": change.new,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": _iso(alarm.state_updated_timestamp),
        "Region": REGION_NAMES.get(backend.region_name, backend.region_name),
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": change.old,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
    }
    if alarm.rule is not None:
        return {**body, "AlarmRule": alarm.rule}
    return {**body, "Trigger": _trigger(alarm)}


def _trigger(alarm: Alarm) -> dict[str, Any]:
    common = {
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm or alarm.evaluation_periods,
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treat_missing_data or "missing",
        "EvaluateLowSampleCountPercentile": alarm.evaluate_low_sample_count_percentile or "",
    }
    if alarm.metric_data_queries:
        return {"Metrics": [_query(query) for query in alarm.metric_data_queries], **common}
    stat = (
        {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": alarm.extended_statistic}
        if alarm.extended_statistic
        else {"StatisticType": "Statistic", "Statistic": (alarm.statistic or "").upper()}
    )
    dimensions = [{"value": dimension.value, "name": dimension.name} for dimension in alarm.dimensions]
    return {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        **stat,
        "Unit": alarm.unit,
        "Dimensions": dimensions,
        "Period": alarm.period,
        **common,
    }


def _query(query: Any) -> dict[str, Any]:
    returned = str(query.return_data).lower() != "false"
    entry: dict[str, Any] = {"Id": query.id, "Label": query.label, "ReturnData": returned}
    if query.expression:
        return {**entry, "Expression": query.expression}
    metric = query.metric_stat.metric
    return {
        **entry,
        "MetricStat": {
            "Metric": {
                "Dimensions": [{"value": item.value, "name": item.name} for item in metric.dimensions],
                "MetricName": metric.metric_name,
                "Namespace": metric.namespace,
            },
            "Period": query.metric_stat.period,
            "Stat": query.metric_stat.stat,
        },
    }


def lambda_event(change: StateChange) -> dict[str, Any]:
    """Return the event that a function gets as an alarm action."""
    alarm, backend = change.alarm, change.backend
    at = _iso(alarm.state_updated_timestamp)
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm.alarm_arn,
        "accountId": backend.account_id,
        "time": at,
        "region": backend.region_name,
        "alarmData": {
            "alarmName": alarm.name,
            "state": {
                "value": change.new,
                "reason": alarm.state_reason,
                "reasonData": alarm.state_reason_data,
                "timestamp": at,
            },
            "previousState": {
                "value": change.old,
                "reason": change.old_reason,
                "timestamp": _iso(change.old_since),
            },
            "configuration": {"description": alarm.description}
            | ({"alarmRule": alarm.rule} if alarm.rule is not None else {}),
        },
    }


def _iso(at: Any) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000"
