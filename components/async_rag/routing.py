"""Where documents go: the bucket's notification and the queues' consumers (runbook async-rag, level 1).

``route=legacy`` is level 1: the notification points at the synchronous function and the consumers pause, everything
else stays. A release without the async path (level 2) takes the same route, because nothing else is there.
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.async_rag.stores import Stores
from components.common.context import Context
from components.common.function import VersionedFunction
from stacks.async_rag import AsyncRagRelease, AsyncRagSettings

NOTIFICATION_ID = "RagDocumentProcessing"
"""The notification's id in runbook async-rag, level 1, step 2."""
PROCESSOR, LEGACY = "async_document_processor", "process_document_for_rag"
UPLOAD_RETRIES = 2
"""Times that Lambda tries a failed event again: its own default, said so that the program decides."""


def takes_async_path(settings: AsyncRagSettings, release: AsyncRagRelease) -> bool:
    """Whether new documents go to the queues."""
    return settings.route == "async" and release.async_path


class Routing(pulumi.ComponentResource):
    """The notification, the bucket's right to invoke, where failed uploads go, and the consumers of both queues."""

    def __init__(
        self,
        context: Context,
        settings: AsyncRagSettings,
        release: AsyncRagRelease,
        stores: Stores,
        functions: dict[str, VersionedFunction],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("rollback:async-rag:Routing", "async-rag-routing", None, opts)
        asynchronous = takes_async_path(settings, release)
        invoked = [name for name in (PROCESSOR, LEGACY) if name in functions]
        permissions = [self._permit(name, functions[name], stores) for name in invoked]
        failures = [self._keep_failures(name, functions[name], stores) for name in invoked]
        target = functions[PROCESSOR if asynchronous else LEGACY]
        self.notification = aws.s3.BucketNotification(
            "async-rag-upload",
            bucket=stores.bucket.bucket,
            lambda_functions=[
                aws.s3.BucketNotificationLambdaFunctionArgs(
                    id=NOTIFICATION_ID,
                    lambda_function_arn=target.arn,
                    events=["s3:ObjectCreated:*"],
                    filter_suffix=".pdf",
                )
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*permissions, *failures]),
        )
        consuming = asynchronous or settings.drain
        for name, queue in (("vdr_processor", stores.vdr), ("text_rag_processor", stores.text_rag)):
            if name in functions:
                self._consume(context, settings, name, functions[name], queue.queue.arn, consuming)
        self.register_outputs({})

    def _permit(self, name: str, function: VersionedFunction, stores: Stores) -> aws.lambda_.Permission:
        return aws.lambda_.Permission(
            f"async-rag-{name}-from-bucket",
            statement_id="from-documents-bucket",
            action="lambda:InvokeFunction",
            function=function.function.name,
            qualifier=function.alias.name,
            principal="s3.amazonaws.com",
            source_arn=stores.bucket.arn,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _keep_failures(
        self, name: str, function: VersionedFunction, stores: Stores
    ) -> aws.lambda_.FunctionEventInvokeConfig:
        """A bucket invokes asynchronously: without a destination, the document is lost with the last failed try.

        What lands there is the event with the error (Lambda developer guide, "Capturing records of Lambda asynchronous
        invocations").
        """
        return aws.lambda_.FunctionEventInvokeConfig(
            f"async-rag-{name}-failures",
            function_name=function.function.name,
            qualifier=function.alias.name,
            maximum_retry_attempts=UPLOAD_RETRIES,
            destination_config=aws.lambda_.FunctionEventInvokeConfigDestinationConfigArgs(
                on_failure=aws.lambda_.FunctionEventInvokeConfigDestinationConfigOnFailureArgs(
                    destination=stores.uploads_dead_letters.arn
                )
            ),
            # Lambda refuses a destination that the role may not send to.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[function.policy]),
        )

    def _consume(
        self,
        context: Context,
        settings: AsyncRagSettings,
        name: str,
        function: VersionedFunction,
        queue_arn: pulumi.Output[str],
        enabled: bool,
    ) -> None:
        aws.lambda_.EventSourceMapping(
            f"async-rag-{name}-consumer",
            event_source_arn=queue_arn,
            function_name=function.arn,
            batch_size=settings.queues.batch_size,
            function_response_types=["ReportBatchItemFailures"],
            enabled=enabled,
            tags=context.tags("async-rag"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[function.policy]),
        )
