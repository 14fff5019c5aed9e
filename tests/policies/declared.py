"""What the program declares, as the engine would show it to the policies: in an update, or in a first preview."""

from __future__ import annotations

import functools
import json
import runpy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import pulumi
import pulumi.runtime.config
import yaml
from pulumi.runtime.mocks import MockMonitor, MockResourceArgs

from policies.subject import Resource, Stack
from policies.wire import properties
from tests.components import mocked
from tests.components.mocked import ACCOUNT, ROOT, Recorder

REGION = "us-east-1"


def _arn(service: str, name: str, region: str = REGION, account: str = ACCOUNT) -> str:
    return f"arn:aws:{service}:{region}:{account}:{name}"


class Account(Recorder):
    """Answers with ARNs as AWS forms them."""

    def __init__(self, known: bool) -> None:
        super().__init__()
        self.known = known

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        identifier, outputs = super().new_resource(args)
        if not self.known and args.custom:
            return "", dict(args.inputs)
        return identifier, outputs | _computed(args.typ, args.inputs)


def _computed(kind: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    name = str(inputs.get("name") or inputs.get("bucket") or inputs.get("identifier"))
    arns = {
        "aws:lambda/function:Function": _arn("lambda", f"function:{name}"),
        "aws:lambda/layerVersion:LayerVersion": _arn("lambda", f"layer:{inputs.get('layerName')}:1"),
        "aws:lambda/alias:Alias": _arn("lambda", f"function:{inputs.get('functionName')}:{name}"),
        "aws:sqs/queue:Queue": _arn("sqs", name),
        "aws:dynamodb/table:Table": _arn("dynamodb", f"table/{name}"),
        "aws:s3/bucket:Bucket": _arn("s3", name, "", ""),
        "aws:iam/role:Role": _arn("iam", f"role/{name}", ""),
        "aws:sns/topic:Topic": _arn("sns", name),
        "aws:cloudwatch/logGroup:LogGroup": _arn("logs", f"log-group:{name}"),
    }
    found: dict[str, Any] = {"arn": arns[kind]} if kind in arns else {}
    if kind == "aws:lambda/alias:Alias":
        path = f"path/2015-03-31/functions/{arns[kind]}/invocations"
        found["invokeArn"] = _arn("apigateway", path, account="lambda")
    if kind in ("aws:apigatewayv2/api:Api", "aws:apigateway/restApi:RestApi"):
        found["executionArn"] = _arn("execute-api", name)
    if kind == "aws:dynamodb/table:Table":
        found["streamArn"] = f"{arns[kind]}/stream/2026-01-01T00:00:00.000"
    if kind == "aws:rds/instance:Instance":
        found["masterUserSecrets"] = [{"secretArn": _arn("secretsmanager", f"secret:rds!{name}-AbCdEf")}]
    return found


class Monitor(MockMonitor):
    """Keeps every request as a policy would see it, and what came back."""

    mocks: Account

    def __init__(self, mocks: Account) -> None:
        super().__init__(mocks)
        self.before: list[Resource] = []
        self.after: dict[str, Resource] = {}

    def RegisterResource(self, request: Any) -> Any:
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        deferred = request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None
        resource = Resource(
            type=request.type,
            name=request.name,
            urn=answer.urn,
            given=properties(request.object),
            protect=request.protect,
            delete_before_replace=deferred,
            parent=request.parent or None,
            custom=request.custom,
            dependencies=tuple(request.dependencies),
            sources={path: tuple(found.urns) for path, found in request.propertyDependencies.items()},
        )
        self.before.append(resource)
        # A preview knows the inputs alone; a component has what it says in register_outputs, and nothing else.
        made = request.custom and self.mocks.known
        outputs = properties(answer.object) if made else {}
        self.after[answer.urn] = replace(resource, given={**(resource.given if request.custom else {}), **outputs})
        return answer

    def RegisterResourceOutputs(self, request: Any) -> Any:
        if request.urn in self.after:
            outputs = properties(request.outputs)
            self.after[request.urn] = replace(self.after[request.urn], given=outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Declared:
    """A program's resources before they are made, and the stack that comes of it."""

    resources: tuple[Resource, ...]
    stack: Stack


@functools.cache
def declare(stack: str, version: str, known: bool = True, **changes: str) -> Declared:
    """The program with a stack's committed settings at a release; not ``known``: a preview before anything exists."""
    account = Account(known)
    monitor = Monitor(account)
    mocked.answer_with(account, project="rollback-stack", stack=stack, preview=not known, monitor=monitor)
    texts = settings(stack)
    named = {key.replace("__", ":").replace("_", "-", 1): value for key, value in changes.items()}
    pulumi.runtime.config.set_all_config({**texts, "rollback-stack:version": version, **named}, [])
    program = pulumi.runtime.test(lambda: runpy.run_path(str(ROOT / "__main__.py")))  # type: ignore[no-untyped-call]
    with patch("pulumi.resource_hooks.register_resource_hook", mocked._registered):
        program()
    return Declared(tuple(monitor.before), Stack(monitor.after.values()))


def settings(stack: str) -> dict[str, str]:
    """A stack's committed settings as the engine hands them on."""
    committed = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in committed.items()}
