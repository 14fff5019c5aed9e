"""The durable stores of async-rag: bucket, tables, database, queues. Every release declares them alike."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.common.bucket import data_bucket
from components.common.context import Context
from components.common.queue import WorkQueue, dead_letter_queue
from components.common.table import data_table
from stacks.async_rag import AsyncRagSettings, DatabaseSettings

DATABASE = "rag"
DATABASE_USER = "rag"


class Stores(pulumi.ComponentResource):
    """Everything of async-rag that a rollback must not lose."""

    def __init__(self, context: Context, settings: AsyncRagSettings, opts: pulumi.ResourceOptions) -> None:
        super().__init__("rollback:async-rag:Stores", "async-rag-stores", None, opts)
        self.tags = context.tags("async-rag")
        stack = context.stack
        self.bucket = data_bucket("async-rag-documents", f"amplify-files-{stack}", self.tags, self)
        self.status = self._table("status", f"document-processing-status-{stack}", "document_id")
        self.connections = self._table(
            "connections",
            f"websocket-connections-{stack}",
            "connection_id",
            index=("by-document", "document_id"),
            expires="expires_at",
        )
        self.database = self._database(f"rag-postgres-{stack}", settings.database)
        child = pulumi.ResourceOptions(parent=self)
        self.vdr = WorkQueue("async-rag-vdr", f"amplify-rag-{stack}-vdr", settings.queues, self.tags, child)
        self.text_rag = WorkQueue(
            "async-rag-text-rag", f"amplify-rag-{stack}-text-rag", settings.queues, self.tags, child
        )
        self.uploads_dead_letters = dead_letter_queue(
            "async-rag-uploads-dlq", f"amplify-rag-{stack}-uploads-dlq", settings.queues, self.tags, self
        )
        self.register_outputs({})

    @property
    def database_secret(self) -> pulumi.Output[str]:
        """ARN of the secret with the database's credentials, which RDS manages and rotates."""
        arn: pulumi.Output[str] = self.database.master_user_secrets.apply(
            lambda secrets: str(secrets[0]["secret_arn"]) if secrets else ""
        )
        return arn

    def names(self) -> Mapping[str, pulumi.Output[str]]:
        """The stores by the names that the stack's output uses."""
        return {
            "bucket": self.bucket.bucket,
            "statusTable": self.status.name,
            "connectionsTable": self.connections.name,
            "database": self.database.identifier,
            "vdrQueue": self.vdr.queue.url,
            "vdrDeadLetters": self.vdr.dead_letters.url,
            "textRagQueue": self.text_rag.queue.url,
            "textRagDeadLetters": self.text_rag.dead_letters.url,
            "uploadsDeadLetters": self.uploads_dead_letters.url,
        }

    def _table(
        self,
        name: str,
        physical_name: str,
        key: str,
        index: tuple[str, str] | None = None,
        expires: str | None = None,
    ) -> aws.dynamodb.Table:
        return data_table(
            f"async-rag-{name}",
            physical_name,
            key,
            self.tags,
            self,
            attributes=(index[1],) if index else (),
            global_secondary_indexes=[self._index(*index)] if index else None,
            ttl=aws.dynamodb.TableTtlArgs(attribute_name=expires, enabled=True) if expires else None,
        )

    @staticmethod
    def _index(name: str, key: str) -> aws.dynamodb.TableGlobalSecondaryIndexArgs:
        hash_key = aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs(attribute_name=key, key_type="HASH")
        return aws.dynamodb.TableGlobalSecondaryIndexArgs(name=name, key_schemas=[hash_key], projection_type="ALL")

    def _database(self, identifier: str, settings: DatabaseSettings) -> aws.rds.Instance:
        return aws.rds.Instance(
            "async-rag-database",
            identifier=identifier,
            engine="postgres",
            engine_version=settings.engine_version,
            instance_class=settings.instance_class,
            allocated_storage=settings.storage,
            db_name=DATABASE,
            username=DATABASE_USER,
            manage_master_user_password=True,
            storage_encrypted=True,
            publicly_accessible=False,
            multi_az=settings.multi_az,
            backup_retention_period=settings.backup_days,
            copy_tags_to_snapshot=True,
            deletion_protection=True,
            skip_final_snapshot=False,
            final_snapshot_identifier=f"{identifier}-final",
            delete_automated_backups=False,
            auto_minor_version_upgrade=False,
            db_subnet_group_name=settings.subnet_group,
            vpc_security_group_ids=list(settings.security_groups) or None,
            enabled_cloudwatch_logs_exports=["postgresql"],
            tags=self.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
