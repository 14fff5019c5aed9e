"""The worker's consumption of the processing queue."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.common.context import Context
from components.common.function import VersionedFunction
from components.security_assistant.names import SYSTEM
from components.security_assistant.stores import Stores
from stacks.security_assistant import SecurityAssistantSettings


def consume(
    context: Context,
    settings: SecurityAssistantSettings,
    worker: VersionedFunction,
    stores: Stores,
    parent: pulumi.Resource,
) -> None:
    """Hand the queue's jobs to the worker's live alias; not while the system is stopped."""
    aws.lambda_.EventSourceMapping(
        f"{SYSTEM}-worker-consumer",
        event_source_arn=stores.processing.queue.arn,
        function_name=worker.arn,
        batch_size=settings.queue.batch_size,
        function_response_types=["ReportBatchItemFailures"],
        enabled=not settings.stopped,
        tags=context.tags(SYSTEM),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[worker.policy]),
    )
