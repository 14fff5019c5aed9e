"""Alarms and dashboard of compaction, on the metrics that the handlers count themselves.

Source: runbook compaction, verification.
"""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

from components.common.alarms import MINUTE, Alarms, graph
from components.common.context import Context
from components.compaction.functions import SYSTEM, metrics_namespace, physical_name
from components.compaction.stores import Stores
from stacks.compaction import FUNCTIONS, CompactionSettings

METRICS = (
    "CompactionLambdaSuccess",
    "CompactionLambdaError",
    "StreamProcessorProcessedRecords",
    "CompactionMetadataUpdates",
    "CompactionLabelUpdates",
)
MILLISECONDS = 1000


class Observability(pulumi.ComponentResource):
    """The topic, the alarms that speak to it, and one dashboard."""

    def __init__(
        self, context: Context, settings: CompactionSettings, stores: Stores, opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__("rollback:compaction:Observability", f"{SYSTEM}-observability", None, opts)
        self.context, bounds = context, settings.alarms
        self.topic = aws.sns.Topic(
            f"{SYSTEM}-alarms",
            name=f"{SYSTEM}-{context.stack}-rollback",
            tags=context.tags(SYSTEM),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.alarms = Alarms(SYSTEM, f"{SYSTEM}-{context.stack}", self.topic, context, self)
        self._errors(bounds.errors_above)
        self._stream_age(bounds.stream_age_above)
        for name, queue in (("metadata", stores.metadata), ("label", stores.labels)):
            self.alarms.dead_letters(name, queue.dead_letters.name)
            self.alarms.backlog(name, queue.queue.name, bounds.queue_age_above)
        self.alarms.dead_letters("stream", stores.stream_dead_letters.name)
        self._dashboard()
        self.register_outputs({"topic": self.topic.arn})

    def _errors(self, above: int) -> None:
        self.alarms.add(
            "errors",
            f"More than {above} compactions failed within five minutes: roll back",
            namespace=metrics_namespace(self.context.stack),
            metric_name="CompactionLambdaError",
            statistic="Sum",
            period=5 * MINUTE,
            comparison_operator="GreaterThanThreshold",
            threshold=above,
            evaluation_periods=1,
        )

    def _stream_age(self, seconds: int) -> None:
        self.alarms.add(
            "stream-age",
            f"Changes of receipts wait for longer than {seconds} seconds in the table's stream",
            namespace="AWS/Lambda",
            metric_name="IteratorAge",
            dimensions={"FunctionName": physical_name(self.context.stack, "stream_processor")},
            statistic="Maximum",
            period=MINUTE,
            comparison_operator="GreaterThanThreshold",
            threshold=seconds * MILLISECONDS,
            evaluation_periods=5,
        )

    def _dashboard(self) -> None:
        stack, region = self.context.stack, self.context.settings.region
        own = [[metrics_namespace(stack), name] for name in METRICS]

        def of_functions(metric: str) -> list[list[str]]:
            return [["AWS/Lambda", metric, "FunctionName", physical_name(stack, name)] for name in FUNCTIONS]

        widgets = [
            graph(region, "Compactions", own[:2], 0, 0),
            graph(region, "Records and updates", own[2:], 0, 1),
            graph(region, "Errors", of_functions("Errors"), 1, 0),
            graph(region, "Duration (ms)", of_functions("Duration"), 1, 1, "Average"),
        ]
        aws.cloudwatch.Dashboard(
            f"{SYSTEM}-dashboard",
            dashboard_name=f"{SYSTEM}-{stack}",
            dashboard_body=json.dumps({"widgets": widgets}, sort_keys=True),
            opts=pulumi.ResourceOptions(parent=self),
        )
