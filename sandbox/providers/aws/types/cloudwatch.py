"""Amazon CloudWatch: alarms, composite alarms, dashboards."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sandbox.providers.aws.api import NotFoundError
from sandbox.providers.aws.model import Props, Scope, Type, tag_part

_TAGS = tag_part("list_tags_for_resource", "tag_resource", "untag_resource", "ResourceARN")


def _prepare_alarm(_scope: Scope, operation: str, props: Props) -> Props:
    name = props.get("name") or props.get("alarmName")
    if operation == "delete_alarms":
        return {"AlarmNames": [name]}
    if operation == "describe_alarms":
        return {"AlarmNames": [name], "AlarmTypes": ["CompositeAlarm" if "alarmName" in props else "MetricAlarm"]}
    return props


def _tune_alarm(_scope: Scope, found: Props, props: Props) -> Props:
    live: Props = {
        "dimensions": {item["Name"]: item["Value"] for item in found.get("Dimensions") or []} or None,
        "alarmDescription": found.get("AlarmDescription") or None,
        "metricQueries": [_query(item) for item in found.get("Metrics") or []],
        "arn": found["AlarmArn"],
    }
    for name in ("alarmActions", "okActions", "insufficientDataActions"):
        api = {"okActions": "OKActions"}.get(name, name[:1].upper() + name[1:])
        live[name] = sorted(found.get(api) or [])
    if found.get("Metrics"):  # an alarm on an expression has no metric of its own; some accounts answer with blanks
        live.update(dict.fromkeys(("metricName", "namespace", "statistic", "period", "extendedStatistic", "unit")))
    if not found.get("TreatMissingData"):
        live["treatMissingData"] = props.get("treatMissingData", "missing")
    return live


def _query(found: Props) -> Props:
    query: Props = {"id": found["Id"]}
    for name, api in (
        ("expression", "Expression"),
        ("label", "Label"),
        ("period", "Period"),
        ("accountId", "AccountId"),
    ):
        if found.get(api):
            query[name] = found[api]
    if found.get("ReturnData"):
        query["returnData"] = True
    stat = found.get("MetricStat")
    if stat:
        metric = {"metricName": stat["Metric"]["MetricName"], "period": stat["Period"], "stat": stat["Stat"]}
        if stat["Metric"].get("Namespace"):
            metric["namespace"] = stat["Metric"]["Namespace"]
        if stat["Metric"].get("Dimensions"):
            metric["dimensions"] = {item["Name"]: item["Value"] for item in stat["Metric"]["Dimensions"]}
        if stat.get("Unit"):
            metric["unit"] = stat["Unit"]
        query["metric"] = metric
    return query


def _prepare_put(scope: Scope, operation: str, props: Props) -> Props:
    props = _prepare_alarm(scope, operation, props)
    if operation != "put_metric_alarm" or not props.get("metricQueries"):
        return props
    queries = []
    for query in props["metricQueries"]:
        entry = {name: value for name, value in query.items() if name != "metric"}
        # the API takes data of every query unless told otherwise; Pulumi's default is not to
        entry["returnData"] = bool(query.get("returnData"))
        if query.get("metric"):
            metric = query["metric"]
            entry["metricStat"] = {
                "metric": {
                    name: metric[name] for name in ("metricName", "namespace", "dimensions") if metric.get(name)
                },
                **{name: metric[name] for name in ("period", "stat", "unit") if metric.get(name)},
            }
        queries.append(entry)
    return {**{name: value for name, value in props.items() if name != "metricQueries"}, "Metrics": queries}


METRIC_ALARM = Type(
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "cloudwatch",
    create="put_metric_alarm",
    read="describe_alarms",
    update=("put_metric_alarm",),
    delete="delete_alarms",
    inside="MetricAlarms.0",
    autoname="name",
    replace=("name",),
    rename={
        "name": "AlarmName",
        "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
        "metricQueries": "Metrics",
    },
    defaults={"actionsEnabled": True, "treatMissingData": "missing"},
    whole=True,
    prepare=_prepare_put,
    tune=_tune_alarm,
    parts=(_TAGS,),
    computed=("evaluateLowSampleCountPercentiles",),
)


def _tune_composite(_scope: Scope, found: Props, _props: Props) -> Props:
    return {
        "arn": found["AlarmArn"],
        "alarmDescription": found.get("AlarmDescription") or None,
        "alarmActions": sorted(found.get("AlarmActions") or []),
        "okActions": sorted(found.get("OKActions") or []),
        "insufficientDataActions": sorted(found.get("InsufficientDataActions") or []),
    }


COMPOSITE_ALARM = Type(
    "aws:cloudwatch/compositeAlarm:CompositeAlarm",
    "cloudwatch",
    create="put_composite_alarm",
    read="describe_alarms",
    update=("put_composite_alarm",),
    delete="delete_alarms",
    inside="CompositeAlarms.0",
    key=("alarmName",),
    replace=("alarmName", "actionsEnabled"),
    defaults={"actionsEnabled": True},
    whole=True,
    prepare=_prepare_alarm,
    tune=_tune_composite,
    parts=(_TAGS,),
)


def _check_dashboard(props: Props) -> Mapping[str, str]:
    try:
        json.loads(props["dashboardBody"])
    except (ValueError, KeyError):
        return {"dashboardBody": "dashboardBody is not JSON"}
    return {}


def _look_dashboard(scope: Scope, props: Props) -> Props:
    found = scope.call("get_dashboard", DashboardName=props["dashboardName"])
    if not found.get("DashboardBody"):
        raise NotFoundError(f"dashboard {props['dashboardName']} is gone")
    return {
        "dashboardName": found["DashboardName"],
        "dashboardBody": found["DashboardBody"],
        "dashboardArn": found["DashboardArn"],
    }


def _remove_dashboard(scope: Scope, props: Props) -> None:
    scope.call("delete_dashboards", DashboardNames=[props["dashboardName"]])


DASHBOARD = Type(
    "aws:cloudwatch/dashboard:Dashboard",
    "cloudwatch",
    create="put_dashboard",
    update=("put_dashboard",),
    key=("dashboardName",),
    replace=("dashboardName",),
    whole=True,
    look=_look_dashboard,
    remove=_remove_dashboard,
    check=_check_dashboard,
)

TYPES = (METRIC_ALARM, COMPOSITE_ALARM, DASHBOARD)
