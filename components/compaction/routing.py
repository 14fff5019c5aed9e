"""What wakes the functions of compaction: the table's stream and the two queues."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.compaction.functions import SYSTEM
from components.compaction.stores import Stores
from components.parts.context import Context
from components.parts.function import VersionedFunction
from stacks.compaction import CompactionSettings

STREAM_RETRIES = 10
"""Times that a batch of the stream is tried again, halved each time, before it is left behind."""


def consume(
    context: Context,
    settings: CompactionSettings,
    functions: dict[str, VersionedFunction],
    stores: Stores,
    parent: pulumi.Resource,
) -> None:
    """The event source mappings, all of them to live aliases."""
    tags = context.tags(SYSTEM)
    processor = functions["stream_processor"]
    aws.lambda_.EventSourceMapping(
        f"{SYSTEM}-stream-consumer",
        event_source_arn=stores.receipts.stream_arn,
        function_name=processor.arn,
        starting_position="TRIM_HORIZON",
        batch_size=settings.stream_batch,
        bisect_batch_on_function_error=True,
        maximum_retry_attempts=STREAM_RETRIES,
        function_response_types=["ReportBatchItemFailures"],
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[processor.policy]),
    )
    for name, queue in (("metadata_handler", stores.metadata), ("label_handler", stores.labels)):
        aws.lambda_.EventSourceMapping(
            f"{SYSTEM}-{name}-consumer",
            event_source_arn=queue.queue.arn,
            function_name=functions[name].arn,
            batch_size=settings.queues.batch_size,
            function_response_types=["ReportBatchItemFailures"],
            tags=tags,
            opts=pulumi.ResourceOptions(parent=parent, depends_on=[functions[name].policy]),
        )
