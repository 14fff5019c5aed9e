"""The functions of compaction: what each may touch, what it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from components.common.context import Context
from components.common.function import FunctionSpec, VersionedFunction
from components.common.logs import FunctionLogs
from components.common.statements import CONSUME, Statement, all_of, allow
from components.compaction.package import Package
from components.compaction.stores import Stores
from stacks.artifacts import Artifact
from stacks.compaction import FUNCTIONS, CompactionRelease, CompactionSettings
from stacks.selection import Selected

SYSTEM = "compaction"
ENHANCED = "enhanced_compaction_handler"


def physical_name(stack: str, function: str) -> str:
    """The deployed name of a function."""
    return f"chromadb-compaction-{stack}-{function}"


def metrics_namespace(stack: str) -> str:
    """Where the handlers count (``CompactionLambdaSuccess`` and its like)."""
    return f"Compaction/{stack}"


def declare(
    context: Context,
    selected: Selected,
    release: CompactionRelease,
    code: Mapping[str, Artifact],
    stores: Stores,
    package: Package,
    parent: pulumi.Resource,
) -> dict[str, VersionedFunction]:
    """All functions by name: the one that compacts first, because the others call it.

    ``code``: the handlers, which may be another release's.
    """
    settings = context.settings.of(CompactionSettings)
    names = {name: physical_name(context.stack, name) for name in FUNCTIONS}
    logs = FunctionLogs(SYSTEM, names, settings.log_retention_days, context, parent)
    environment = _environment(context, release, stores)
    permissions = _permissions(context, stores)
    found: dict[str, VersionedFunction] = {}

    def make(name: str, more: Mapping[str, pulumi.Input[str]]) -> None:
        spec = FunctionSpec(
            system=SYSTEM,
            name=name,
            physical_name=names[name],
            artifact=code[name],
            size=settings.size(name),
            environment={**environment, **more},
            statements=permissions[name],
            logs=logs.of[name],
            republish=settings.republish,
            layers=(package.layers[release.package.version],),
        )
        found[name] = VersionedFunction(spec, context, pulumi.ResourceOptions(parent=parent))

    make(ENHANCED, {"RELEASE": selected.version})
    for name in FUNCTIONS:
        if name != ENHANCED:
            make(name, {"COMPACTION_FUNCTION": found[ENHANCED].arn})
    return found


def _environment(context: Context, release: CompactionRelease, stores: Stores) -> dict[str, pulumi.Input[str]]:
    return {
        "STAGE": context.stack,
        "RECEIPTS_TABLE": stores.receipts.name,
        "METADATA_QUEUE_URL": stores.metadata.queue.url,
        "LABEL_QUEUE_URL": stores.labels.queue.url,
        "CHROMA_BUCKET": stores.chroma.bucket,
        "METRICS_NAMESPACE": metrics_namespace(context.stack),
        "USE_PACKAGE_COMPACTION": str(context.settings.of(CompactionSettings).use_package_compaction).lower(),
        "DATA_FORMAT": str(release.data_format.writes),
    }


def _permissions(context: Context, stores: Stores) -> dict[str, pulumi.Output[Sequence[Statement]]]:
    """Per function its IAM statements: single actions on single resources."""
    objects = stores.chroma.arn.apply(lambda arn: f"{arn}/*")
    count = pulumi.Output.from_input(
        {
            "Effect": "Allow",
            "Action": ["cloudwatch:PutMetricData"],
            # PutMetricData knows no resources; its namespace is what can be named.
            "Resource": "*",
            "Condition": {"StringEquals": {"cloudwatch:namespace": metrics_namespace(context.stack)}},
        }
    )
    list_bucket = allow(["s3:ListBucket"], stores.chroma.arn)
    deltas = allow(["s3:GetObject", "s3:PutObject"], objects)
    compact = context.account.id.apply(
        lambda account: {
            "Effect": "Allow",
            "Action": ["lambda:InvokeFunction"],
            "Resource": f"arn:aws:lambda:{context.settings.region}:{account}:function:"
            f"{physical_name(context.stack, ENHANCED)}:live",
        }
    )
    stream = ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream", "dynamodb:ListStreams"]
    send = [allow(["sqs:SendMessage"], queue.queue.arn) for queue in (stores.metadata, stores.labels)]
    # Lambda itself notes a batch that it gives up on, with the rights of the function's role.
    bury_batch = allow(["sqs:SendMessage"], stores.stream_dead_letters.arn)
    worker = [deltas, list_bucket, compact, count]
    return {
        "stream_processor": all_of(allow(stream, stores.receipts.stream_arn), *send, bury_batch, count),
        "metadata_handler": all_of(allow(CONSUME, stores.metadata.queue.arn), *worker),
        "label_handler": all_of(allow(CONSUME, stores.labels.queue.arn), *worker),
        ENHANCED: all_of(
            allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], objects),
            list_bucket,
            allow(["dynamodb:GetItem", "dynamodb:Scan"], stores.receipts.arn),
            count,
        ),
    }
