"""What wakes the functions of compaction: the table's stream and the two queues."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.common.context import Context
from components.common.function import VersionedFunction
from components.compaction.functions import SYSTEM
from components.compaction.stores import Stores
from stacks.compaction import CompactionSettings

STREAM_RETRIES = 10
"""Times that a batch of the stream is tried again, halved each time, before it is left behind.

Its place in the stream is then noted in the stream's dead-letter queue (Lambda developer guide, "Retaining discarded
records for a DynamoDB data source"). The receipts themselves stay in the table, from which a repair reads them.
"""


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
        destination_config=aws.lambda_.EventSourceMappingDestinationConfigArgs(
            on_failure=aws.lambda_.EventSourceMappingDestinationConfigOnFailureArgs(
                destination_arn=stores.stream_dead_letters.arn
            )
        ),
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
