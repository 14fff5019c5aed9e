"""An event that AWS hands to a function by itself isn't lost when the function fails.

S3, SNS and EventBridge invoke asynchronously: after two more tries the event is gone, unless the function has a
dead-letter queue or a destination for failures (Lambda developer guide, "Retaining records of asynchronous
invocations"). checkov's own CKV_AWS_116 asks for one of every function, also of those that a queue or an API invokes.
"""

from __future__ import annotations

from typing import Any

from checkov.common.models.enums import CheckCategories, CheckResult  # type: ignore[import-not-found]
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck  # type: ignore[import-not-found]

ASYNCHRONOUS = ("s3.amazonaws.com", "sns.amazonaws.com", "events.amazonaws.com")


class AsynchronousFailures(BaseResourceCheck):  # type: ignore[misc]
    """Judges the permission that lets such a service invoke a function: it names both."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure that a function which AWS invokes asynchronously keeps the events it fails on",
            id="CKV_LOSS_1",
            categories=[CheckCategories.BACKUP_AND_RECOVERY],
            supported_resources=["aws_lambda_permission"],
        )

    def scan_resource_conf(self, conf: dict[str, Any]) -> CheckResult:
        """Unknown where the function isn't among the resources."""
        self.evaluated_keys = ["principal"]
        if (conf.get("principal") or [None])[0] not in ASYNCHRONOUS:
            return CheckResult.PASSED
        functions = self._functions(conf["__address__"]) if self.graph else []
        if not functions:
            return CheckResult.UNKNOWN
        return CheckResult.PASSED if all(self._keeps(each) for each in functions) else CheckResult.FAILED

    def _functions(self, permission: str) -> list[int]:
        """The functions that a permission refers to, as places in checkov's graph (rustworkx: index, attributes)."""
        return [
            other
            for index in self.graph.node_indices()
            if self._attributes(index).get("__address__") == permission
            for _, other, _ in self.graph.out_edges(index)
            if self._attributes(other).get("resource_type") == "aws_lambda_function"
        ]

    def _keeps(self, function: int) -> bool:
        """By a dead-letter queue of its own, or by the settings of its asynchronous invocations."""
        around = [self._attributes(other) for other, _, _ in self.graph.in_edges(function)]
        return "dead_letter_config" in self._attributes(function) or any(
            each.get("resource_type") == "aws_lambda_function_event_invoke_config"
            and "destination_config.on_failure" in each
            for each in around
        )

    def _attributes(self, index: int) -> dict[str, Any]:
        attributes: dict[str, Any] = self.graph[index][1]
        return attributes


check = AsynchronousFailures()
