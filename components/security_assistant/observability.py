"""Alarms and dashboard of security-assistant: what stops a deployment while it shifts

Source: runbook security-assistant, automatic rollback.."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

from components.common.alarms import MINUTE, Alarms, graph
from components.common.context import Context
from components.security_assistant.names import SYSTEM, function_name
from components.security_assistant.stores import Stores
from stacks.security_assistant import FUNCTIONS, SecurityAssistantSettings

MILLISECONDS = 1000


class Observability(pulumi.ComponentResource):
    """The topic, the alarms that speak to it, and one dashboard."""

    def __init__(
        self, context: Context, settings: SecurityAssistantSettings, stores: Stores, opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__("rollback:security-assistant:Observability", f"{SYSTEM}-observability", None, opts)
        self.context, self.settings = context, settings
        stack, bounds = context.stack, settings.alarms
        self.topic = aws.sns.Topic(
            f"{SYSTEM}-alarms",
            name=f"{SYSTEM}-alarms-{stack}",
            tags=context.tags(SYSTEM),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.alarms = Alarms(SYSTEM, f"{SYSTEM}-{stack}", self.topic, context, self)
        dead = self.alarms.dead_letters("processing", stores.processing.dead_letters.name)
        server_errors = self._server_errors()
        self.guards: dict[str, list[aws.cloudwatch.MetricAlarm]] = {}
        """Function -> the alarms that stop its deployment."""
        for name in FUNCTIONS:
            physical = function_name(stack, name)
            failing = self.alarms.error_rate(name, physical, bounds.error_rate_above, periods=2, breaching=2)
            self.guards[name] = [failing, dead, *([server_errors] if name == "api" else [])]
            self._slow(name, physical)
        self.alarms.backlog("processing", stores.processing.queue.name, bounds.queue_age_above)
        self._dashboard()
        self.register_outputs({"topic": self.topic.arn})

    def _server_errors(self) -> aws.cloudwatch.MetricAlarm:
        bounds, stack = self.settings.alarms, self.context.stack
        return self.alarms.add(
            "api-5xx",
            f"More than {bounds.server_errors_above} answers of 500 and above "
            f"in {bounds.server_errors_minutes} minutes: roll back",
            namespace="AWS/ApiGateway",
            metric_name="5XXError",
            dimensions={"ApiName": f"{SYSTEM}-{stack}", "Stage": stack},
            statistic="Sum",
            period=bounds.server_errors_minutes * MINUTE,
            comparison_operator="GreaterThanThreshold",
            threshold=bounds.server_errors_above,
            evaluation_periods=1,
        )

    def _slow(self, name: str, physical: str) -> None:
        """Runbook security-assistant, scenario 2: rising durations, up to time-outs."""
        limit, share = self.settings.size(name).timeout, self.settings.alarms.duration_above
        self.alarms.add(
            f"{name}-duration",
            f"{name} takes more than {share:g} % of its {limit} seconds on average",
            namespace="AWS/Lambda",
            metric_name="Duration",
            dimensions={"FunctionName": physical},
            statistic="Average",
            period=5 * MINUTE,
            comparison_operator="GreaterThanThreshold",
            threshold=limit * MILLISECONDS * share / 100,
            evaluation_periods=1,
        )

    def _dashboard(self) -> None:
        stack, region = self.context.stack, self.context.settings.region
        api = ["ApiName", f"{SYSTEM}-{stack}", "Stage", stack]
        queues = [f"{SYSTEM}-processing-{stack}", f"{SYSTEM}-processing-dlq-{stack}"]

        def of_functions(metric: str) -> list[list[str]]:
            return [["AWS/Lambda", metric, "FunctionName", function_name(stack, name)] for name in FUNCTIONS]

        answers = [["AWS/ApiGateway", metric, *api] for metric in ("Count", "4XXError", "5XXError")]
        waiting = [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name] for name in queues]
        widgets = [
            graph(region, "Errors", of_functions("Errors"), 0, 0),
            graph(region, "Invocations", of_functions("Invocations"), 0, 1),
            graph(region, "Duration (ms)", of_functions("Duration"), 1, 0, "Average"),
            graph(region, "Answers of the API", answers, 1, 1),
            graph(region, "Waiting jobs", waiting, 2, 0, "Maximum"),
        ]
        aws.cloudwatch.Dashboard(
            f"{SYSTEM}-dashboard",
            dashboard_name=f"{SYSTEM}-{stack}",
            dashboard_body=json.dumps({"widgets": widgets}, sort_keys=True),
            opts=pulumi.ResourceOptions(parent=self),
        )
