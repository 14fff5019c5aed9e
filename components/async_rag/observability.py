"""Alarms and dashboard of async-rag: the triggers of runbook async-rag, when to go back."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

from components.async_rag.functions import physical_name
from components.async_rag.stores import Stores
from components.common.alarms import MINUTE, Alarms, graph, lambda_sum
from components.common.context import Context
from components.common.function import VersionedFunction
from stacks.async_rag import AsyncRagSettings

PIPELINE = ("async_document_processor", "vdr_processor", "text_rag_processor")


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
        prefix = f"amplify-rag-{context.stack}"
        self.alarms = Alarms("async-rag", prefix, self.topic, context, self)
        pipeline = [name for name in PIPELINE if name in functions]
        if pipeline:
            self._success_rate(pipeline)
        for name in sorted(functions):
            above = settings.triggers.lambda_error_rate_above
            self.alarms.error_rate(name, physical_name(context.stack, name), above, periods=5, breaching=3)
        for table in (stores.status, stores.connections):
            self._throttling(table)
        for queue in (stores.vdr, stores.text_rag):
            name = queue._name.removeprefix("async-rag-")
            self.alarms.dead_letters(name, queue.dead_letters.name)
            self.alarms.backlog(name, queue.queue.name, settings.triggers.queue_age_above)
        self.alarms.dead_letters("uploads", stores.uploads_dead_letters.name)
        self._cost()
        self._dashboard(sorted(functions))
        self.register_outputs({"topic": self.topic.arn})

    def _success_rate(self, pipeline: list[str]) -> None:
        triggers = self.settings.triggers
        errors, calls = [f"e{i}" for i in range(len(pipeline))], [f"i{i}" for i in range(len(pipeline))]
        physical = [physical_name(self.context.stack, name) for name in pipeline]
        queries = [lambda_sum(errors[i], "Errors", name) for i, name in enumerate(physical)]
        queries += [lambda_sum(calls[i], "Invocations", name) for i, name in enumerate(physical)]
        total = f"({'+'.join(calls)})"
        queries.append(
            aws.cloudwatch.MetricAlarmMetricQueryArgs(
                id="rate",
                label="success rate (%)",
                expression=f"100*({total}-({'+'.join(errors)}))/{total}",
                return_data=True,
            )
        )
        self.alarms.add(
            "success-rate",
            f"Fewer than {triggers.success_rate_below:g} % of the pipeline's runs succeed "
            f"for {triggers.watched_minutes} minutes: roll back (level 1)",
            metric_queries=queries,
            comparison_operator="LessThanThreshold",
            threshold=triggers.success_rate_below,
            evaluation_periods=triggers.watched_minutes,
            datapoints_to_alarm=max(1, triggers.watched_minutes * 2 // 3),
        )

    def _throttling(self, table: aws.dynamodb.Table) -> None:
        name = table._name.removeprefix("async-rag-")
        self.alarms.add(
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

    def _cost(self) -> None:
        triggers = self.settings.triggers
        self.alarms.add(
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

        def of_functions(metric: str) -> list[list[str]]:
            return [["AWS/Lambda", metric, "FunctionName", physical_name(stack, name)] for name in functions]

        queues = [f"amplify-rag-{stack}-{kind}{suffix}" for kind in ("vdr", "text-rag") for suffix in ("", "-dlq")]
        queues.append(f"amplify-rag-{stack}-uploads-dlq")
        tables = [f"document-processing-status-{stack}", f"websocket-connections-{stack}"]
        waiting = [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name] for name in queues]
        throttled = [["AWS/DynamoDB", "ThrottledRequests", "TableName", name] for name in tables]
        widgets = [
            graph(region, "Errors", of_functions("Errors"), 0, 0),
            graph(region, "Invocations", of_functions("Invocations"), 0, 1),
            graph(region, "Duration (ms)", of_functions("Duration"), 1, 0),
            graph(region, "Waiting messages", waiting, 1, 1),
            graph(region, "Throttled requests", throttled, 2, 0),
        ]
        aws.cloudwatch.Dashboard(
            "async-rag-dashboard",
            dashboard_name=f"amplify-rag-{stack}",
            dashboard_body=json.dumps({"widgets": widgets}, sort_keys=True),
            opts=pulumi.ResourceOptions(parent=self),
        )
