"""The durable stores of security-assistant: jobs and the jobs that wait. Every release declares them alike."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.common.context import Context
from components.common.queue import WorkQueue
from components.common.table import data_table
from stacks.security_assistant import SecurityAssistantSettings


class Stores(pulumi.ComponentResource):
    """The jobs table, the processing queue and its dead letters."""

    def __init__(self, context: Context, settings: SecurityAssistantSettings, opts: pulumi.ResourceOptions) -> None:
        super().__init__("rollback:security-assistant:Stores", "security-assistant-stores", None, opts)
        tags, stack = context.tags("security-assistant"), context.stack
        self.jobs = data_table("security-assistant-jobs", f"security-assistant-jobs-{stack}", "job_id", tags, self)
        self.processing = WorkQueue(
            "security-assistant-processing",
            f"security-assistant-processing-{stack}",
            settings.queue,
            tags,
            pulumi.ResourceOptions(parent=self),
            dead_letters=f"security-assistant-processing-dlq-{stack}",
        )
        self.register_outputs({})

    def names(self) -> Mapping[str, pulumi.Output[str]]:
        """The stores by the names that the stack's output uses."""
        return {
            "jobsTable": self.jobs.name,
            "processingQueue": self.processing.queue.url,
            "processingDeadLetters": self.processing.dead_letters.url,
        }
