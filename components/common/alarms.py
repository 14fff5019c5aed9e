"""Alarms of one system, which all speak to its topic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.common.context import Context

MINUTE = 60
"""Seconds."""


def lambda_sum(identifier: str, metric: str, function: str) -> aws.cloudwatch.MetricAlarmMetricQueryArgs:
    """A metric of a function (its physical name), summed minute by minute, for an alarm's expression."""
    return aws.cloudwatch.MetricAlarmMetricQueryArgs(
        id=identifier,
        metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
            namespace="AWS/Lambda",
            metric_name=metric,
            period=MINUTE,
            stat="Sum",
            dimensions={"FunctionName": function},
        ),
    )


@dataclass
class Alarms:
    """The alarms of a system. Missing data doesn't trigger an alarm."""

    system: str
    prefix: str
    """What the physical names begin with."""
    topic: aws.sns.Topic
    context: Context
    parent: pulumi.Resource

    def add(self, name: str, description: str, **rule: object) -> aws.cloudwatch.MetricAlarm:
        """An alarm by any rule that CloudWatch knows (``aws.cloudwatch.MetricAlarm``)."""
        return aws.cloudwatch.MetricAlarm(
            f"{self.system}-{name}",
            name=f"{self.prefix}-{name}",
            alarm_description=description,
            alarm_actions=[self.topic.arn],
            ok_actions=[self.topic.arn],
            tags=self.context.tags(self.system),
            opts=pulumi.ResourceOptions(parent=self.parent),
            **{"treat_missing_data": "notBreaching", **rule},
        )

    def error_rate(
        self, name: str, function: str, above: float, periods: int, breaching: int
    ) -> aws.cloudwatch.MetricAlarm:
        """More than so many percent of a function's runs fail, in so many minutes of those looked at."""
        return self.add(
            f"{name}-error-rate",
            f"More than {above:g} % of the runs of {name} fail: roll back",
            metric_queries=[
                lambda_sum("errors", "Errors", function),
                lambda_sum("calls", "Invocations", function),
                aws.cloudwatch.MetricAlarmMetricQueryArgs(
                    id="rate", label="error rate (%)", expression="100*errors/calls", return_data=True
                ),
            ],
            comparison_operator="GreaterThanThreshold",
            threshold=above,
            evaluation_periods=periods,
            datapoints_to_alarm=breaching,
        )

    def dead_letters(self, name: str, queue: pulumi.Input[str]) -> aws.cloudwatch.MetricAlarm:
        """Anything lies in a dead-letter queue."""
        return self.add(
            f"{name}-dead-letters",
            f"Messages lie in the dead-letter queue of {name}",
            namespace="AWS/SQS",
            metric_name="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": queue},
            statistic="Maximum",
            period=MINUTE,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            evaluation_periods=1,
        )

    def backlog(self, name: str, queue: pulumi.Input[str], seconds: int) -> aws.cloudwatch.MetricAlarm:
        """The oldest message of a queue waits for too long."""
        return self.add(
            f"{name}-backlog",
            f"The oldest message of {name} waits for longer than {seconds} seconds",
            namespace="AWS/SQS",
            metric_name="ApproximateAgeOfOldestMessage",
            dimensions={"QueueName": queue},
            statistic="Maximum",
            period=MINUTE,
            comparison_operator="GreaterThanThreshold",
            threshold=seconds,
            evaluation_periods=5,
        )


def graph(
    region: str, title: str, metrics: list[list[str]], row: int, column: int, stat: str = "Sum"
) -> Mapping[str, object]:
    """A widget of a dashboard that is two columns wide (CloudWatch, "Dashboard body structure and syntax")."""
    return {
        "type": "metric",
        "x": column * 12,
        "y": row * 6,
        "width": 12,
        "height": 6,
        "properties": {"title": title, "region": region, "stat": stat, "period": MINUTE, "metrics": metrics},
    }
