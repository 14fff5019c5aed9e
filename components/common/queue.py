"""A work queue with its dead-letter queue, and a dead-letter queue for what never was in a queue.

All are durable: a message that waits is somebody's document. Every release declares them alike.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from stacks.function import QueueSettings

LARGEST_MESSAGE = 262_144
"""Bytes: the provider's own default, said so that a queue which was made by other means is compared with it."""


def dead_letter_queue(
    name: str, physical_name: str, settings: QueueSettings, tags: Mapping[str, str], parent: pulumi.Resource
) -> aws.sqs.Queue:
    """Where what can't be worked on is kept, for as long as the settings say; ``name`` is the resource's."""
    return aws.sqs.Queue(
        name,
        name=physical_name,
        message_retention_seconds=settings.dead_letter_retention,
        max_message_size=LARGEST_MESSAGE,
        sqs_managed_sse_enabled=True,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


class WorkQueue(pulumi.ComponentResource):
    """The queue, its dead-letter queue, and the redrive between them."""

    def __init__(
        self,
        name: str,
        physical_name: str,
        settings: QueueSettings,
        tags: Mapping[str, str],
        opts: pulumi.ResourceOptions | None = None,
        dead_letters: str | None = None,
    ) -> None:
        """``dead_letters``: the physical name of the dead-letter queue, where it isn't ``<physical name>-dlq``."""
        super().__init__("rollback:parts:WorkQueue", name, None, opts)
        self.dead_letters = dead_letter_queue(
            f"{name}-dlq", dead_letters or f"{physical_name}-dlq", settings, tags, self
        )
        self.queue = aws.sqs.Queue(
            f"{name}-queue",
            name=physical_name,
            visibility_timeout_seconds=settings.visibility_timeout,
            receive_wait_time_seconds=settings.receive_wait,
            message_retention_seconds=settings.retention,
            max_message_size=LARGEST_MESSAGE,
            sqs_managed_sse_enabled=True,
            redrive_policy=self.dead_letters.arn.apply(
                lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": settings.max_receive_count})
            ),
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"url": self.queue.url, "deadLetters": self.dead_letters.url})
