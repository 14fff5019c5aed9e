"""The functions of security-assistant: what each may touch, what it is told, how it moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from components.common.context import Context
from components.common.function import FunctionSpec, VersionedFunction
from components.common.logs import FunctionLogs
from components.common.statements import CONSUME, Statement, all_of, allow
from components.security_assistant.names import SYSTEM, function_name
from components.security_assistant.shifting import Shifting
from components.security_assistant.stores import Stores
from stacks.security_assistant import FUNCTIONS, HOOKS, SecurityAssistantRelease, SecurityAssistantSettings
from stacks.selection import Selected


def declare(
    context: Context,
    selected: Selected,
    release: SecurityAssistantRelease,
    stores: Stores,
    shifting: Shifting,
    parent: pulumi.Resource,
) -> dict[str, VersionedFunction]:
    """All functions by name: the hooks first, because they decide about the others."""
    settings = context.settings.of(SecurityAssistantSettings)
    names = {name: function_name(context.stack, name) for name in (*HOOKS, *FUNCTIONS)}
    logs = FunctionLogs(SYSTEM, names, settings.log_retention_days, context, parent)
    environment = _environment(context, selected, stores)
    permissions = _permissions(context, stores)

    def spec(name: str) -> FunctionSpec:
        return FunctionSpec(
            system=SYSTEM,
            name=name,
            physical_name=names[name],
            artifact=release.functions[name],
            size=settings.size(name),
            environment=environment[name],
            statements=permissions[name],
            logs=logs.of[name],
            republish=settings.republish,
            shift=shifting.of(name) if name in FUNCTIONS else None,
        )

    hooks = {name: VersionedFunction(spec(name), context, pulumi.ResourceOptions(parent=parent)) for name in HOOKS}
    ready = [hook.alias for hook in hooks.values()]
    opts = pulumi.ResourceOptions(parent=parent, depends_on=ready)
    return {**hooks, **{name: VersionedFunction(spec(name), context, opts) for name in FUNCTIONS}}


def _environment(context: Context, selected: Selected, stores: Stores) -> dict[str, Mapping[str, pulumi.Input[str]]]:
    common: dict[str, pulumi.Input[str]] = {"STAGE": context.stack}
    work = {**common, "JOBS_TABLE": stores.jobs.name, "RELEASE": selected.version}
    return {
        "api": {**work, "PROCESSING_QUEUE_URL": stores.processing.queue.url},
        "worker": work,
        **dict.fromkeys(HOOKS, common),
    }


def _permissions(context: Context, stores: Stores) -> dict[str, pulumi.Output[Sequence[Statement]]]:
    """Per function its IAM statements: single actions on single resources."""
    queue = stores.processing.queue.arn
    read_write = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DescribeTable"]
    hook = all_of(*_hook_rights(context))
    return {
        "api": all_of(allow(read_write, stores.jobs.arn), allow(["sqs:SendMessage", "sqs:GetQueueAttributes"], queue)),
        "worker": all_of(allow(read_write, stores.jobs.arn), allow(CONSUME, queue)),
        **dict.fromkeys(HOOKS, hook),
    }


def _hook_rights(context: Context) -> list[pulumi.Output[Statement]]:
    region, stack = context.settings.region, context.stack

    def arns(account: str) -> tuple[str, list[str]]:
        group = f"arn:aws:codedeploy:{region}:{account}:deploymentgroup:{SYSTEM}-{stack}/*"
        lambdas = f"arn:aws:lambda:{region}:{account}:function"
        return group, [f"{lambdas}:{function_name(stack, name)}:*" for name in FUNCTIONS]

    report = ["codedeploy:GetDeployment", "codedeploy:PutLifecycleEventHookExecutionStatus"]
    asked = context.account.id.apply(arns)
    return [
        asked.apply(lambda found: {"Effect": "Allow", "Action": report, "Resource": found[0]}),
        asked.apply(
            lambda found: {
                "Effect": "Allow",
                "Action": ["lambda:InvokeFunction", "lambda:GetAlias"],
                "Resource": found[1],
            }
        ),
    ]
