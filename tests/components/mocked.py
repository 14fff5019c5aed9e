"""The program under Pulumi's mocks: what it declares, without an engine."""

from __future__ import annotations

import asyncio
import functools
import json
import runpy
from typing import Any
from unittest.mock import patch

import grpc
import pulumi
import pulumi.runtime.config
import yaml
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks
from pulumi.runtime.settings import set_root_resource

from stacks.releases import RELEASES

ROOT = RELEASES.parent.parent
FUNCTION = "aws:lambda/function:Function"
ACCOUNT, CLUSTER = "123456789012", "00000000-0000-0000-0000-000000000001"


class NotThereError(grpc.RpcError):  # type: ignore[misc]
    """What the engine answers where a provider found nothing."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return str(self)


class Recorder(Mocks):
    """Answers as AWS and Kubernetes would, and keeps what was asked for."""

    def __init__(self) -> None:
        self.resources: dict[str, MockResourceArgs] = {}

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.resources[args.name] = args
        outputs = {"arn": f"arn:aws:mock:us-east-1:{ACCOUNT}:{args.name}", **args.inputs}
        match args.typ:
            case "aws:rds/instance:Instance":
                outputs |= {"address": "db.internal", "port": 5432, "masterUserSecrets": [{"secretArn": "arn:secret"}]}
            case typ if typ == FUNCTION:
                outputs["version"] = "7"
            case "aws:sqs/queue:Queue":
                outputs["url"] = f"https://queue/{args.inputs['name']}"
            case "aws:apigatewayv2/api:Api":
                scheme = "wss" if args.inputs["protocolType"] == "WEBSOCKET" else "https"
                outputs |= {"apiEndpoint": f"{scheme}://api", "executionArn": "arn:aws:execute-api"}
            case "aws:dynamodb/table:Table":
                outputs["streamArn"] = f"{outputs['arn']}/stream/1"
            case "aws:apigateway/restApi:RestApi":
                outputs |= {"executionArn": "arn:aws:execute-api", "rootResourceId": "root"}
            case "aws:apigateway/stage:Stage":
                outputs["invokeUrl"] = f"https://rest/{args.inputs['stageName']}"
            case "kubernetes:core/v1:Namespace":
                outputs["metadata"] = {"uid": CLUSTER, "name": "kube-system", **args.inputs.get("metadata", {})}
        return f"{args.name}-id", outputs

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        if args.token == "pulumi:pulumi:readStackResourceOutputs":
            return {"name": args.args["stackName"], "outputs": {}}, []
        if args.token == "aws:s3/getObject:getObject":
            return {"key": args.args["key"]}, []
        if args.token == "aws:lambda/getFunction:getFunction":
            return self._function_version(args.args["functionName"], args.args.get("qualifier")), []
        assert args.token == "aws:index/getCallerIdentity:getCallerIdentity"
        return {"accountId": ACCOUNT, "arn": "arn", "userId": "user", "id": ACCOUNT}, []

    def _function_version(self, name: str, version: str | None) -> dict[str, Any]:
        """The one version of a function that was declared: what it was declared with."""
        made = next((inputs for inputs in self.of_type(FUNCTION).values() if inputs["name"] == name), None)
        if made is None or version not in ("7", None):
            raise NotThereError(f"ResourceNotFoundException: Function not found: {name}:{version}")
        return {**made, "codeSha256": made["sourceCodeHash"], "version": "7"}

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The inputs of every resource of one type, by the resource's name."""
        # Others are declared meanwhile, by other threads.
        return {name: args.inputs for name, args in list(self.resources.items()) if args.typ == kind}


def answer_with(recorder: Recorder, **settings: Any) -> None:
    """Have the next program answered by these mocks, as if it were the first of its process. settings: of `set_mocks`.

    The SDK keeps one stack for all programs of a process, and in it whatever they declared: 7 MB each, and 1 GB in a
    worker of the suite, which took 10 s to end (2026-11-26).
    """
    asyncio.set_event_loop(asyncio.new_event_loop())  # another test's asyncio.run leaves none behind
    set_root_resource(None)  # type: ignore[arg-type]
    pulumi.runtime.set_mocks(recorder, **settings)


@functools.cache
def run_program(stack: str = "prod", **changes: str) -> Recorder:
    """Run ``__main__.py`` with the committed settings of a stack; ``changes`` are keys with ``__`` for ``:``.

    A run takes about a second and tests only read what was recorded, so equal runs are made once.
    """
    recorder = Recorder()
    answer_with(recorder, project="rollback-stack", stack=stack)
    committed = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text())["config"]
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in committed.items()}
    named = {key.replace("__", ":").replace("_", "-", 1): value for key, value in changes.items()}
    pulumi.runtime.config.set_all_config({**texts, **named}, [])

    program = pulumi.runtime.test(lambda: runpy.run_path(str(ROOT / "__main__.py")))  # type: ignore[no-untyped-call]
    # Mocks have nobody who calls a hook; what the hooks do is tested with the real engine.
    with patch("pulumi.resource_hooks.register_resource_hook", _registered):
        program()
    return recorder


def _registered(_hook: pulumi.ResourceHook) -> asyncio.Future[None]:
    done: asyncio.Future[None] = asyncio.get_event_loop().create_future()
    done.set_result(None)
    return done
