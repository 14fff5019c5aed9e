"""Amazon CloudWatch Logs: log groups and metric filters (Pulumi keeps them in its cloudwatch module)."""

from __future__ import annotations

from sandbox.providers.aws import shapes
from sandbox.providers.aws.api import NotFoundError
from sandbox.providers.aws.model import Part, Props, Scope, Type, tag_part


def _look_group(scope: Scope, props: Props) -> Props:
    for found in scope.call("describe_log_groups", logGroupNamePrefix=props["name"])["logGroups"]:
        if found["logGroupName"] == props["name"]:
            return {
                "name": found["logGroupName"],
                "arn": found["arn"].removesuffix(":*"),
                "kmsKeyId": found.get("kmsKeyId"),
                "logGroupClass": found.get("logGroupClass") or props.get("logGroupClass") or "STANDARD",
                "retentionInDays": found.get("retentionInDays", 0),
            }
    raise NotFoundError(f"log group {props['name']} is gone")


def _write_retention(scope: Scope, props: Props, _old: Props) -> None:
    days = int(props.get("retentionInDays") or 0)
    if days:
        scope.call("put_retention_policy", logGroupName=props["name"], retentionInDays=days)
    else:
        scope.call("delete_retention_policy", logGroupName=props["name"])


def _remove_group(scope: Scope, props: Props) -> None:
    if not props.get("skipDestroy"):
        scope.call("delete_log_group", logGroupName=props["name"])


LOG_GROUP = Type(
    "aws:cloudwatch/logGroup:LogGroup",
    "logs",
    create="create_log_group",
    autoname="name",
    replace=("name", "namePrefix", "logGroupClass"),
    rename={"name": "logGroupName"},
    defaults={"retentionInDays": 0, "skipDestroy": False},
    look=_look_group,
    remove=_remove_group,
    parts=(
        Part(("retentionInDays",), _write_retention),
        tag_part(
            "list_tags_for_resource",
            "tag_resource",
            "untag_resource",
            "resourceArn",
            at="tags",
            tags="tags",
            keys="tagKeys",
        ),
    ),
    computed=("logGroupClass",),
)


def _put_filter(scope: Scope, props: Props) -> Props:
    block = props["metricTransformation"]
    change = {
        "metricName": block["name"],
        "metricNamespace": block["namespace"],
        "metricValue": str(block["value"]),
        **{name: block[name] for name in ("dimensions", "unit") if block.get(name)},
    }
    if block.get("defaultValue") is not None:
        change["defaultValue"] = float(block["defaultValue"])
    return scope.call(
        "put_metric_filter",
        logGroupName=props["logGroupName"],
        filterName=props["name"],
        filterPattern=props["pattern"],
        metricTransformations=[change],
    )


def _look_filter(scope: Scope, props: Props) -> Props:
    page = scope.call("describe_metric_filters", logGroupName=props["logGroupName"], filterNamePrefix=props["name"])
    for found in page["metricFilters"]:
        if found["filterName"] == props["name"]:
            names = {"metricTransformation.name": "metricName", "metricTransformation.namespace": "metricNamespace"}
            names["metricTransformation.value"] = "metricValue"
            kind = METRIC_FILTER.properties["metricTransformation"]
            return {
                "name": found["filterName"],
                "logGroupName": found["logGroupName"],
                "pattern": found["filterPattern"],
                "metricTransformation": shapes.from_api(
                    kind, found["metricTransformations"], names, "metricTransformation"
                ),
            }
    raise NotFoundError(f"metric filter {props['name']} is gone")


def _change_filter(scope: Scope, props: Props, _old: Props, _changed: set[str]) -> None:
    _put_filter(scope, props)


def _remove_filter(scope: Scope, props: Props) -> None:
    scope.call("delete_metric_filter", logGroupName=props["logGroupName"], filterName=props["name"])


METRIC_FILTER = Type(
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    "logs",
    key=("logGroupName", "name"),
    separator=":",
    autoname="name",
    replace=("name", "logGroupName"),
    make=_put_filter,
    look=_look_filter,
    change=_change_filter,
    remove=_remove_filter,
)

TYPES = (LOG_GROUP, METRIC_FILTER)
