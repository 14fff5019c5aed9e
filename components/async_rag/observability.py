"""Alarms and dashboard of async-rag: the triggers of seed 000, "When to Rollback", as CloudWatch sees them."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

from components.async_rag.functions import physical_name
from components.async_rag.stores import Stores
from components.parts.context import Context
from components.parts.function import VersionedFunction
from components.parts.queue import WorkQueue
from stacks.async_rag import AsyncRagSettings

PIPELINE = ("async_document_processor", "vdr_processor", "text_rag_processor")
MINUTE = 60
"""Seconds."""


class Observability(pulumi.ComponentResource):
    """The topic, the alarms that speak to it, and one dashboard."""

    def __init__(
        self,
        context: Context,
        settings: AsyncRagSettings,
        stores: Stores,
        functions: dict[str, VersionedFunction],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("rollback:async-rag:Observability", "async-rag-observability", None, opts)
        self.context, self.settings = context, settings
        self.topic = aws.sns.Topic(
            "async-rag-alarms",
            name=f"amplify-rag-{context.stack}-rollback",
            tags=context.tags("async-rag"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.alarms: dict[str, aws.cloudwatch.MetricAlarm] = {}
        pipeline = [name for name in PIPELINE if name in functions]
        if pipeline:
            self._success_rate(pipeline)
        for name in sorted(functions):
            self._error_rate(name)
        for table in (stores.status, stores.connections):
            self._throttling(table)
        for queue in (stores.vdr, stores.text_rag):
            self._queue(queue)
        self._cost()
        self._dashboard(sorted(functions))
        self.register_outputs({"topic": self.topic.arn})

    def _alarm(self, name: str, description: str, **rule: object) -> None:
        self.alarms[name] = aws.cloudwatch.MetricAlarm(
            f"async-rag-{name}",
            name=f"amplify-rag-{self.context.stack}-{name}",
            alarm_description=description,
            alarm_actions=[self.topic.arn],
            ok_actions=[self.topic.arn],
            tags=self.context.tags("async-rag"),
            opts=pulumi.ResourceOptions(parent=self),
            **{"treat_missing_data": "notBreaching", **rule},
        )

    def _sum(self, identifier: str, metric: str, function: str) -> aws.cloudwatch.MetricAlarmMetricQueryArgs:
        return aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id=identifier,
            metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
                namespace="AWS/Lambda",
                metric_name=metric,
                period=MINUTE,
                stat="Sum",
                dimensions={"FunctionName": physical_name(self.context.stack, function)},
            ),
        )

    def _success_rate(self, pipeline: list[str]) -> None:
        triggers = self.settings.triggers
        errors, calls = [f"e{i}" for i in range(len(pipeline))], [f"i{i}" for i in range(len(pipeline))]
        queries = [self._sum(errors[i], "Errors", name) for i, name in enumerate(pipeline)]
        queries += [self._sum(calls[i], "Invocations", name) for i, name in enumerate(pipeline)]
        total = f"({'+'.join(calls)})"
        queries.append(
            aws.cloudwatch.MetricAlarmMetricQueryArgs(
                id="rate",
                label="success rate (%)",
                expression=f"100*({total}-({'+'.join(errors)}))/{total}",
                return_data=True,
            )
        )
        self._alarm(
            "success-rate",
            f"Fewer than {triggers.success_rate_below:g} % of the pipeline's runs succeed "
            f"for {triggers.watched_minutes} minutes: roll back (level 1)",
            metric_queries=queries,
            comparison_operator="LessThanThreshold",
            threshold=triggers.success_rate_below,
            evaluation_periods=triggers.watched_minutes,
            datapoints_to_alarm=max(1, triggers.watched_minutes * 2 // 3),
        )

    def _error_rate(self, function: str) -> None:
        triggers = self.settings.triggers
        self._alarm(
            f"{function}-error-rate",
            f"More than {triggers.lambda_error_rate_above:g} % of the runs of {function} fail: roll back",
            metric_queries=[
                self._sum("errors", "Errors", function),
                self._sum("calls", "Invocations", function),
                aws.cloudwatch.MetricAlarmMetricQueryArgs(
                    id="rate", label="error rate (%)", expression="100*errors/calls", return_data=True
                ),
            ],
            comparison_operator="GreaterThanThreshold",
            threshold=triggers.lambda_error_rate_above,
            evaluation_periods=5,
            datapoints_to_alarm=3,
        )

    def _throttling(self, table: aws.dynamodb.Table) -> None:
        name = table._name.removeprefix("async-rag-")
        self._alarm(
            f"{name}-throttling",
            f"DynamoDB keeps throttling the {name} table: roll back",
            namespace="AWS/DynamoDB",
            metric_name="ThrottledRequests",
            dimensions={"TableName": table.name},
            statistic="Sum",
            period=5 * MINUTE,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            evaluation_periods=3,
        )

    def _queue(self, queue: WorkQueue) -> None:
        name = queue._name.removeprefix("async-rag-")
        self._alarm(
            f"{name}-dead-letters",
            f"Messages lie in the dead-letter queue of {name}",
            namespace="AWS/SQS",
            metric_name="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": queue.dead_letters.name},
            statistic="Maximum",
            period=MINUTE,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            evaluation_periods=1,
        )
        self._alarm(
            f"{name}-backlog",
            f"The oldest message of {name} waits for longer than {self.settings.triggers.queue_age_above} seconds",
            namespace="AWS/SQS",
            metric_name="ApproximateAgeOfOldestMessage",
            dimensions={"QueueName": queue.queue.name},
            statistic="Maximum",
            period=MINUTE,
            comparison_operator="GreaterThanThreshold",
            threshold=self.settings.triggers.queue_age_above,
            evaluation_periods=5,
        )

    def _cost(self) -> None:
        triggers = self.settings.triggers
        self._alarm(
            "cost",
            f"The account costs more than {triggers.cost_factor_above:g} times the expected rate a day",
            metric_queries=[
                aws.cloudwatch.MetricAlarmMetricQueryArgs(
                    id="charges",
                    metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
                        namespace="AWS/Billing",
                        metric_name="EstimatedCharges",
                        period=24 * 60 * MINUTE,
                        stat="Maximum",
                        dimensions={"Currency": "USD"},
                    ),
                ),
                aws.cloudwatch.MetricAlarmMetricQueryArgs(
                    id="daily", label="US dollars a day", expression="DIFF(charges)", return_data=True
                ),
            ],
            comparison_operator="GreaterThanThreshold",
            threshold=triggers.cost_factor_above * triggers.expected_daily_cost,
            evaluation_periods=1,
        )

    def _dashboard(self, functions: list[str]) -> None:
        stack, region = self.context.stack, self.context.settings.region

        def graph(title: str, metrics: list[list[str]], row: int, column: int) -> dict[str, object]:
            return {
                "type": "metric",
                "x": column * 12,
                "y": row * 6,
                "width": 12,
                "height": 6,
                "properties": {"title": title, "region": region, "stat": "Sum", "period": MINUTE, "metrics": metrics},
            }

        def of_functions(metric: str) -> list[list[str]]:
            return [["AWS/Lambda", metric, "FunctionName", physical_name(stack, name)] for name in functions]

        queues = [f"amplify-rag-{stack}-{kind}{suffix}" for kind in ("vdr", "text-rag") for suffix in ("", "-dlq")]
        tables = [f"document-processing-status-{stack}", f"websocket-connections-{stack}"]
        waiting = [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name] for name in queues]
        throttled = [["AWS/DynamoDB", "ThrottledRequests", "TableName", name] for name in tables]
        widgets = [
            graph("Errors", of_functions("Errors"), 0, 0),
            graph("Invocations", of_functions("Invocations"), 0, 1),
            graph("Duration (ms)", of_functions("Duration"), 1, 0),
            graph("Waiting messages", waiting, 1, 1),
            graph("Throttled requests", throttled, 2, 0),
        ]
        aws.cloudwatch.Dashboard(
            "async-rag-dashboard",
            dashboard_name=f"amplify-rag-{stack}",
            dashboard_body=json.dumps({"widgets": widgets}, sort_keys=True),
            opts=pulumi.ResourceOptions(parent=self),
        )
