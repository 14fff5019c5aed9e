"""The functions of async-rag: what each may touch, what it is told, and which of them a release has."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components.async_rag.stores import DATABASE, Stores
from components.common.context import Context
from components.common.function import FunctionSpec, VersionedFunction
from components.common.logs import FunctionLogs
from components.common.statements import CONSUME, Statement, all_of, allow
from stacks.async_rag import ASYNC_PATH_FUNCTIONS, LASTING_FUNCTIONS, AsyncRagRelease, AsyncRagSettings
from stacks.selection import Selected

KNOWS_ITS_RELEASE = ("process_document_for_rag", "query_handler")
"""Functions that answer with the release they run. The others aren't told, so that code which didn't change between
two releases keeps its published version."""


def physical_name(stack: str, function: str) -> str:
    """The deployed name of a function, as in runbook async-rag: ``amplify-rag-dev-process_document_for_rag``."""
    return f"amplify-rag-{stack}-{function}"


def declare(
    context: Context,
    settings: AsyncRagSettings,
    selected: Selected,
    release: AsyncRagRelease,
    stores: Stores,
    websocket_endpoint: pulumi.Output[str],
    parent: pulumi.Resource,
) -> dict[str, VersionedFunction]:
    """The functions that a release has, by the runbook's names."""
    names = {name: physical_name(context.stack, name) for name in (*LASTING_FUNCTIONS, *ASYNC_PATH_FUNCTIONS)}
    logs = FunctionLogs("async-rag", names, settings.log_retention_days, context, parent)
    environment = _environment(context, stores, websocket_endpoint)
    permissions = _permissions(context, stores)
    functions = {}
    for name, artifact in sorted(release.functions.items()):
        own = {"RELEASE": selected.version} if name in KNOWS_ITS_RELEASE else {}
        spec = FunctionSpec(
            system="async-rag",
            name=name,
            physical_name=names[name],
            artifact=artifact,
            size=settings.size(name),
            environment={**environment, **own},
            statements=permissions[name],
            logs=logs.of[name],
            subnets=settings.subnets,
            security_groups=settings.security_groups,
            republish=settings.republish,
        )
        functions[name] = VersionedFunction(spec, context, pulumi.ResourceOptions(parent=parent))
    return functions


def _environment(
    context: Context, stores: Stores, websocket_endpoint: pulumi.Output[str]
) -> dict[str, pulumi.Input[str]]:
    return {
        "STAGE": context.stack,
        "DOCUMENTS_BUCKET": stores.bucket.bucket,
        "VDR_QUEUE_URL": stores.vdr.queue.url,
        "TEXT_RAG_QUEUE_URL": stores.text_rag.queue.url,
        "STATUS_TABLE": stores.status.name,
        "CONNECTIONS_TABLE": stores.connections.name,
        "DB_HOST": stores.database.address,
        "DB_PORT": stores.database.port.apply(str),
        "DB_NAME": DATABASE,
        "DB_SECRET_ARN": stores.database_secret,
        "WEBSOCKET_ENDPOINT": websocket_endpoint,
    }


def _permissions(context: Context, stores: Stores) -> dict[str, pulumi.Output[Sequence[Statement]]]:
    """Per function its IAM statements: single actions on single resources."""
    read_documents = allow(["s3:GetObject"], stores.bucket.arn.apply(lambda arn: f"{arn}/*"))
    write_status = allow(["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:GetItem"], stores.status.arn)
    credentials = allow(["secretsmanager:GetSecretValue"], stores.database_secret)
    find_listeners = allow(["dynamodb:Query"], stores.connections.arn.apply(lambda arn: f"{arn}/index/by-document"))
    forget_listener = allow(["dynamodb:DeleteItem"], stores.connections.arn)
    post = allow(
        ["execute-api:ManageConnections"],
        pulumi.Output.from_input(f"arn:aws:execute-api:{context.settings.region}:*:*/{context.stack}/*/@connections/*"),
    )
    send = [allow(["sqs:SendMessage"], queue.queue.arn) for queue in (stores.vdr, stores.text_rag)]
    # Lambda itself writes a failed event to its destination, with the rights of the function's role.
    bury_upload = allow(["sqs:SendMessage"], stores.uploads_dead_letters.arn)
    connection = allow(
        ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:GetItem"], stores.connections.arn
    )
    worker = [read_documents, write_status, credentials, find_listeners, forget_listener, post]
    return {
        "async_document_processor": all_of(
            read_documents, write_status, find_listeners, forget_listener, post, *send, bury_upload
        ),
        "vdr_processor": all_of(*worker, allow(CONSUME, stores.vdr.queue.arn)),
        "text_rag_processor": all_of(*worker, allow(CONSUME, stores.text_rag.queue.arn)),
        "process_document_for_rag": all_of(read_documents, credentials, bury_upload),
        "query_handler": all_of(credentials),
        **{
            f"websocket_{event}": all_of(connection, write_status, post)
            for event in ("connect", "disconnect", "subscribe", "default")
        },
    }
