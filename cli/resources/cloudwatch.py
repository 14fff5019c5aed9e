"""CloudWatch: alarms, dashboards, logs."""

from __future__ import annotations

from cli.resources.account import Account, Inputs, Lookup, text
from cli.resources.awslambda import FUNCTION
from cli.resources.found import Match, Owner

_OF_FUNCTIONS = "/aws/lambda/"


def _alarm(member: str, kind: str, parameter: str) -> Lookup:
    """A lookup of one of the kinds of alarms, by the input that names it."""

    def find(inputs: Inputs, account: Account) -> list[Match]:
        name = text(inputs, parameter)
        types = ["MetricAlarm", "CompositeAlarm"]
        found = account.call("cloudwatch", "describe_alarms", AlarmNames=[name], AlarmTypes=types)
        return [Match(name, (Owner(kind, name),))] if found.get(member) else []

    return find


def _dashboard(inputs: Inputs, account: Account) -> list[Match]:
    name = text(inputs, "dashboardName")
    account.call("cloudwatch", "get_dashboard", DashboardName=name)
    return [Match(name, (Owner("AWS::CloudWatch::Dashboard", name),))]


def _log_group(inputs: Inputs, account: Account) -> list[Match]:
    """A log group, or one that Lambda made for a function of the template."""
    name = text(inputs, "name")
    groups = account.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name)
    if name not in [each["logGroupName"] for each in groups]:
        return []
    own = Owner("AWS::Logs::LogGroup", name)
    return [Match(name, (own, Owner(FUNCTION, name.removeprefix(_OF_FUNCTIONS))))]


def _metric_filter(inputs: Inputs, account: Account) -> list[Match]:
    group, name = text(inputs, "logGroupName"), text(inputs, "name")
    filters = account.pages("logs", "describe_metric_filters", "metricFilters", logGroupName=group)
    owner = Owner("AWS::Logs::MetricFilter", name)
    return [Match(f"{group}:{name}", (owner,))] if name in [each["filterName"] for each in filters] else []


LOOKUPS: dict[str, Lookup] = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm("MetricAlarms", "AWS::CloudWatch::Alarm", "name"),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": _alarm(
        "CompositeAlarms", "AWS::CloudWatch::CompositeAlarm", "alarmName"
    ),
    "aws:cloudwatch/dashboard:Dashboard": _dashboard,
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": _metric_filter,
}
