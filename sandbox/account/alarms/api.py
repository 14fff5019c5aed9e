"""CloudWatch's alarm operations, where moto's differ from AWS or are missing."""

from __future__ import annotations

import time
from typing import Any

from moto.cloudwatch.exceptions import ResourceNotFound, ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from sandbox.account.alarms import composite
from sandbox.account.alarms.states import announce, history, record, set_state

_CARRIED_OVER = ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "set_by_hand_at")

_put = CloudWatchBackend.put_metric_alarm
_delete = CloudWatchBackend.delete_alarms
_check_state = CloudWatchBackend.set_alarm_state


def put_metric_alarm(self: CloudWatchBackend, name: str, *args: Any, **kwargs: Any) -> Alarm:
    """Create or update an alarm: a new one starts INSUFFICIENT_DATA, an updated one keeps its state."""
    before = self.alarms.get(name)
    alarm = _put(self, name, *args, **kwargs)
    if before is None:
        alarm.state_value = "INSUFFICIENT_DATA"
    else:
        for field in _CARRIED_OVER:
            if hasattr(before, field):
                setattr(alarm, field, getattr(before, field))
    if alarm.datapoints_to_alarm and alarm.datapoints_to_alarm > (alarm.evaluation_periods or 1):
        self.alarms.pop(name)
        if before is not None:
            self.alarms[name] = before
        raise ValidationError("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
    verb = "created" if before is None else "updated"
    record(self, alarm, "ConfigurationUpdate", f'Alarm "{name}" {verb}', {"type": "Update" if before else "Create"})
    return alarm


def delete_alarms(self: CloudWatchBackend, alarm_names: list[str]) -> None:
    """Delete alarms; their history stays, and their tags go with them."""
    for name in alarm_names:
        if alarm := self.alarms.get(name):
            record(self, alarm, "ConfigurationUpdate", f'Alarm "{name}" deleted', {"type": "Delete"})
            self.tagger.delete_all_tags_for_resource(alarm.alarm_arn)
    _delete(self, alarm_names)


def set_alarm_state(self: CloudWatchBackend, alarm_name: str, reason: str, reason_data: str, state_value: str) -> None:
    """Set a state by hand: actions run, and it holds until the alarm's metric has newer data."""
    alarm = self.alarms.get(alarm_name)
    if alarm is None:
        raise ResourceNotFound
    before = (alarm.state_value, alarm.state_reason, alarm.state_reason_data, alarm.state_updated_timestamp)
    _check_state(self, alarm_name, reason, reason_data, state_value)
    alarm.state_value, alarm.state_reason, alarm.state_reason_data, alarm.state_updated_timestamp = before
    alarm.set_by_hand_at = time.time()
    announce(set_state(self, alarm, state_value, reason, reason_data or "{}"))


def _put_composite_alarm(self: CloudWatchResponse) -> ActionResult:
    rule = self._get_param("AlarmRule")
    try:
        composite.holds(rule or "", lambda _: None)
    except composite.RuleError as error:
        raise ValidationError(str(error)) from error
    return self.put_metric_alarm()


def _describe_alarms(self: CloudWatchResponse) -> ActionResult:
    """List alarms that meet all the given filters at once (moto takes the first only)."""
    chosen = list(self.cloudwatch_backend.alarms.values())
    names = self._get_param("AlarmNames", [])
    prefix = self._get_param("AlarmNamePrefix")
    state = self._get_param("StateValue")
    action = self._get_param("ActionPrefix")
    kinds = self._get_param("AlarmTypes", []) or ["MetricAlarm", "CompositeAlarm"]
    if names:
        chosen = [alarm for alarm in chosen if alarm.name in names]
    if prefix:
        chosen = [alarm for alarm in chosen if alarm.name.startswith(prefix)]
    if state:
        chosen = [alarm for alarm in chosen if alarm.state_value == state]
    if action:
        chosen = [alarm for alarm in chosen if any(arn.startswith(action) for arn in alarm.alarm_actions)]
    chosen.sort(key=lambda alarm: alarm.name)
    metric = [alarm for alarm in chosen if alarm.rule is None and "MetricAlarm" in kinds]
    rules = [alarm for alarm in chosen if alarm.rule is not None and "CompositeAlarm" in kinds]
    return ActionResult({"MetricAlarms": metric, "CompositeAlarms": rules})


def _describe_alarm_history(self: CloudWatchResponse) -> ActionResult:
    """List history records, newest first unless ScanBy says otherwise."""
    name = self._get_param("AlarmName")
    kind = self._get_param("HistoryItemType")
    since, until = (self._get_param(end) for end in ("StartDate", "EndDate"))
    types = self._get_param("AlarmTypes", [])
    chosen = [
        item
        for item in history(self.cloudwatch_backend)
        if (not name or item["AlarmName"] == name)
        and (not kind or item["HistoryItemType"] == kind)
        and (not types or item["AlarmType"] in types)
        and (not since or item["Timestamp"] >= since)
        and (not until or item["Timestamp"] <= until)
    ]
    if self._get_param("ScanBy") != "TimestampAscending":
        chosen.reverse()
    limit = self._get_param("MaxRecords")
    return ActionResult({"AlarmHistoryItems": chosen[: int(limit) if limit else 100]})


def install() -> None:
    """Put these operations in the place of moto's."""
    CloudWatchBackend.put_metric_alarm = put_metric_alarm
    CloudWatchBackend.delete_alarms = delete_alarms
    CloudWatchBackend.set_alarm_state = set_alarm_state
    CloudWatchResponse.put_composite_alarm = _put_composite_alarm
    CloudWatchResponse.describe_alarms = _describe_alarms
    CloudWatchResponse.describe_alarm_history = _describe_alarm_history
