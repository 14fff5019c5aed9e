"""A REST API as SAM makes one, declared with the real SDK and brought up by the real engine."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.account.export import diff
from sandbox.paths import ROOT
from sandbox.providers.aws import VERSION
from sandbox.providers.install import install
from sandbox.setup import no_engine_logs
from tests.sandbox.account.conftest import Account
from tests.sandbox.account.gateway import ask, function
from tests.sandbox.providers.aws.test_engine import Stack
from tests.toolchain.trial_project import Project
from toolchain import pulumi_cli
from toolchain.paths import cache
from toolchain.progress import Progress

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

PROGRAM = """
import hashlib, json, os
import pulumi
import pulumi_aws as aws

say = json.loads(os.environ["SAY"])
name = "trial-prod"
uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{say['alias']}/invocations"
integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}
paths = {
    path: {verb: {"x-amazon-apigateway-integration": integration, "responses": {}}}
    for path, verb in say["routes"]
}
body = json.dumps({"openapi": "3.0.1", "info": {"title": name, "version": "1.0"}, "paths": paths}, sort_keys=True)
api = aws.apigateway.RestApi("api", name=name, body=body, endpoint_configuration={"types": "REGIONAL"})
deployment = aws.apigateway.Deployment(
    "deployment", rest_api=api.id, triggers={"body": hashlib.sha256(body.encode()).hexdigest()}
)
stage = aws.apigateway.Stage("stage", rest_api=api.id, deployment=deployment.id, stage_name="prod")
aws.apigateway.MethodSettings(
    "throttle", rest_api=api.id, stage_name=stage.stage_name, method_path="*/*",
    settings={"throttling_rate_limit": 100, "throttling_burst_limit": 200, "metrics_enabled": True},
)
aws.lambda_.Permission(
    "from-api", action="lambda:InvokeFunction", function=say["alias"].split(":")[6], qualifier="live",
    principal="apigateway.amazonaws.com", source_arn=pulumi.Output.concat(api.execution_arn, "/*"),
)
pulumi.export("url", stage.invoke_url)
pulumi.export("api", api.id)
"""


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[tuple[Stack, Account]]:
    (tmp_path / "account").mkdir()
    account = Account(tmp_path / "account" / "state").start()
    tools = pulumi_cli.ensure(cache(), Progress(quiet=True))
    project = Project.at(tmp_path, tools)
    install(tmp_path / "home", "aws", VERSION, "sandbox.providers.aws", Path(sys.executable), ROOT)
    no_engine_logs(tmp_path / "home")
    project.environment.update(AWS_ENDPOINT_URL=account.url, AWS_REGION=account.region)
    project.runtime(virtualenv=sys.prefix)
    project.program(PROGRAM)
    made = Stack(project)
    made.told = {"alias": function(account, "behind"), "routes": [["/health", "get"], ["/jobs/{job_id}", "get"]]}
    made.run("stack", "init", "dev")
    yield made, account
    account.stop()


@pytest.mark.long
def test_an_api_goes_forth_and_back_and_an_emergency_stop_is_undone(stack: tuple[Stack, Account]) -> None:
    trial, account = stack
    trial.up()
    url = trial.outputs()["url"]

    def statuses() -> list[int]:
        return [ask(url + path).status for path in ("/health", "/jobs/1", "/more")]

    assert statuses() == [200, 200, 403]
    assert ask(url + "/jobs/1").json["parameters"] == {"job_id": "1"}
    trial.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    assert trial.steps() == {}
    before = exported(account)

    trial.told["routes"].append(["/more", "get"])
    steps = trial.steps()
    assert steps["api"] == steps["stage"] == "update"
    assert "replace" in steps["deployment"]
    trial.up()
    assert statuses() == [200, 200, 200]
    trial.told["routes"].pop()
    trial.up()
    assert statuses() == [200, 200, 403]
    assert diff(before, exported(account)) == []

    account.client("apigateway").update_stage(
        restApiId=trial.outputs()["api"],
        stageName="prod",
        patchOperations=[{"op": "replace", "path": "/throttle/rateLimit", "value": "0"}],
    )
    assert statuses()[:2] == [429, 429]
    assert trial.steps("--refresh") == {"throttle": "update"}
    trial.run("up", "--refresh", "--yes", "--skip-preview")
    assert statuses() == [200, 200, 403]
    trial.run("destroy", "--yes", "--skip-preview")


def exported(account: Account) -> Any:
    return json.loads(account.get("/_sandbox/account"))
