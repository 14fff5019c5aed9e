"""The durable stores of compaction: receipts, the Chroma store's snapshots and deltas, updates that wait or failed."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.common.bucket import data_bucket
from components.common.context import Context
from components.common.queue import WorkQueue, dead_letter_queue
from components.common.table import data_table
from stacks.compaction import CompactionSettings


class Stores(pulumi.ComponentResource):
    """Everything of compaction that a rollback must not lose. Every release declares them alike."""

    def __init__(self, context: Context, settings: CompactionSettings, opts: pulumi.ResourceOptions) -> None:
        super().__init__("rollback:compaction:Stores", "compaction-stores", None, opts)
        tags, stack = context.tags("compaction"), context.stack
        self.receipts = data_table(
            "compaction-receipts",
            f"receipts-{stack}",
            "receipt_id",
            tags,
            self,
            stream_enabled=True,
            stream_view_type="NEW_AND_OLD_IMAGES",
        )
        self.chroma = data_bucket("compaction-chroma", f"receipt-chroma-{stack}", tags, self)
        child = pulumi.ResourceOptions(parent=self)
        self.metadata, self.labels = (
            WorkQueue(f"compaction-{kind}", f"receipt-{kind}-updates-{stack}", settings.queues, tags, child)
            for kind in ("metadata", "label")
        )
        self.stream_dead_letters = dead_letter_queue(
            "compaction-stream-dlq", f"receipt-stream-{stack}-dlq", settings.queues, tags, self
        )
        self.register_outputs({})

    def names(self) -> Mapping[str, pulumi.Output[str]]:
        """The stores by the names that the stack's output uses."""
        return {
            "receiptsTable": self.receipts.name,
            "chromaBucket": self.chroma.bucket,
            "metadataQueue": self.metadata.queue.url,
            "metadataDeadLetters": self.metadata.dead_letters.url,
            "labelQueue": self.labels.queue.url,
            "labelDeadLetters": self.labels.dead_letters.url,
            "streamDeadLetters": self.stream_dead_letters.url,
        }
