"""Status tells what users get, whoever brought it about; an update puts right what was changed by hand."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.project import Project
from tests.support.sandbox import RunningSandbox

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

API, WORKER = "security-assistant-api-prod", "security-assistant-worker-prod"
ADDRESS = "/cryptique/prod/address"
HALF = [
    {
        "route": [
            {"destination": {"host": "rag-api", "subset": subset, "port": {"number": 80}}, "weight": 50}
            for subset in ("stable", "canary")
        ]
    },
]


def rows(prod: Project, *arguments: str) -> dict[str, dict[str, Any]]:
    done = prod.rollback("status", *arguments, "--output", "json")
    found = {row["system"]: row for row in json.loads(done.output)}
    assert done.code == int(any(row["differs"] for row in found.values())), done.said
    return found


def drift(row: dict[str, Any], *words: str) -> bool:
    """Whether one of the row's lines has all the words."""
    return any(all(word in line for word in words) for line in row["drift"])


def split(sandbox: RunningSandbox, share: float) -> None:
    """Send a share of the API's requests to its code of v1.2.2."""
    lambdas = sandbox.client("lambda")
    from stacks.releases import load
    from stacks.security_assistant import SecurityAssistantRelease

    release = load("v1.2.2").systems.of(SecurityAssistantRelease)
    assert release is not None
    code = release.functions["api"]
    key = f"functions/security-assistant/api/{code.version}/{code.sha256}.zip"
    made = lambdas.update_function_code(FunctionName=API, S3Bucket="rollback-stack-artifacts", S3Key=key, Publish=True)[
        "Version"
    ]
    weights = {"AdditionalVersionWeights": {made: share}}
    lambdas.update_alias(FunctionName=API, Name="live", RoutingConfig=weights)


def consumer(sandbox: RunningSandbox, function: str, *, enabled: bool) -> None:
    lambdas = sandbox.client("lambda")
    for mapping in lambdas.list_event_source_mappings(FunctionName=f"{function}:live")["EventSourceMappings"]:
        lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)


def route(prod: Project, http: list[Any]) -> None:
    patch = json.dumps({"spec": {"http": http}})
    done = prod.run("kubectl", "-n", "production", "patch", "virtualservice", "rag-api", "--type=merge", "-p", patch)
    assert done.code == 0, done.said


def throttle(sandbox: RunningSandbox, rate: str) -> None:
    gateway = sandbox.client("apigateway")
    (api,) = [each["id"] for each in gateway.get_rest_apis()["items"] if each["name"] == "security-assistant-prod"]
    change = {"op": "replace", "path": "/*/*/throttling/rateLimit", "value": rate}
    gateway.update_stage(restApiId=api, stageName="prod", patchOperations=[change])


@pytest.fixture
def changed(sandbox: RunningSandbox, prod: Project) -> Iterator[Project]:
    """prod, with everything changed by hand that a person would change in a hurry; put back by hand afterwards."""
    split(sandbox, 0.1)
    consumer(sandbox, "chromadb-compaction-prod-label_handler", enabled=False)
    throttle(sandbox, "0")
    route(prod, HALF)
    yield prod
    sandbox.client("lambda").update_alias(FunctionName=API, Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    consumer(sandbox, "chromadb-compaction-prod-label_handler", enabled=True)
    throttle(sandbox, "100")
    everything = {"destination": {"host": "rag-api", "subset": "stable", "port": {"number": 80}}}
    route(prod, [{"name": "stable", "route": [everything]}])


@pytest.mark.long
def test_what_was_changed_by_hand_is_told_and_a_host_that_is_down_hides_nothing(
    sandbox: RunningSandbox, changed: Project
) -> None:
    parameters = sandbox.client("ssm")
    address = parameters.get_parameter(Name=ADDRESS)["Parameter"]["Value"]
    parameters.put_parameter(Name=ADDRESS, Value="http://127.0.0.1:1", Overwrite=True)
    try:
        found = rows(changed)
    finally:
        parameters.put_parameter(Name=ADDRESS, Value=address, Overwrite=True)
    assistant = found["security-assistant"]
    assert assistant["release"] is None
    assert assistant["runs"] == "worker serves v1.2.3; api sends 10 % of requests to v1.2.2, the rest to v1.2.3"
    assert drift(assistant, "weights set by hand", "`rollback up -s prod` fixes it")
    assert drift(assistant, "the API answers nothing: its stage is throttled to 0")
    assert found["rag-api"]["release"] is None
    assert found["rag-api"]["runs"] == "50 % v1.2.3, 50 % no pods of canary"
    assert drift(found["rag-api"], "sends 50 % to stable, 50 % to canary; the settings ask for 100 % to stable")
    assert drift(found["rag-api"], "50 % of requests go to canary, which has no ready pods: they fail")
    assert drift(found["compaction"], "the consumer of label_handler is disabled")
    assert found["cryptique"]["release"] is None
    assert found["cryptique"]["runs"] == (
        "can't be told: its health address doesn't answer: [Errno 111] Connection refused"
    )
    assert (found["async-rag"]["release"], found["async-rag"]["differs"]) == ("v1.2.3", False)


@pytest.mark.long
def test_an_update_puts_right_what_was_changed_by_hand(changed: Project) -> None:
    done = changed.rollback("up")
    assert done.code == 0, done.said
    assert done.errors.count("not as the settings ask, this update puts it right: ") == 5
    assert not any(row["differs"] for row in rows(changed).values())
    assert changed.rollback("audit").code == 0
    again = changed.rollback("up")
    assert "nothing changed, it already runs what is pinned" in again.output


@pytest.mark.long
@pytest.mark.timeout(600)
def test_what_settings_ask_for_is_said_and_is_no_drift(prod: Project) -> None:
    prod.restore_settings()
    asked = {
        "rag-api:canary": '{"version": "v1.2.2", "weight": 20}',
        "async-rag:route": "legacy",
        "compaction:handlersFrom": "v1.2.2",
        "security-assistant:stopped": "true",
    }
    for key, value in asked.items():
        assert prod.pulumi("config", "set", key, value).code == 0
    done = prod.rollback("up")
    assert done.code == 0, done.said
    found = rows(prod)
    assert not any(row["differs"] or row["drift"] for row in found.values()), found
    assert found["rag-api"]["runs"] == "80 % v1.2.3, 20 % v1.2.2"
    assert found["rag-api"]["release"] is None
    assert found["compaction"]["runs"] == "v1.2.3 with handlers of v1.2.2"
    assert found["async-rag"]["notes"] == ["uploads take the legacy route (async-rag:route)"]
    assert found["security-assistant"]["notes"] == ["stopped: API and worker take nothing (security-assistant:stopped)"]
    prod.restore_settings()
    prod.up("v1.2.3")


def waited(what: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_ctrl_c_while_a_canary_shifts_stops_it_and_the_old_release_serves(
    sandbox: RunningSandbox, prod: Project
) -> None:
    log = prod.folder / "interrupted.log"
    command = [str(prod.folder / "scripts" / "bin" / "rollback"), "deploy", "v1.3.0", "--system", "security-assistant"]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=prod.folder, env=dict(prod.environment), stdout=output, stderr=subprocess.STDOUT
        )
        waited(lambda: "10 % on v1.3.0, deployment d-" in log.read_text() or process.poll() is not None, 180)
        os.kill(process.pid, signal.SIGINT)
        code = process.wait(timeout=180)
    said = log.read_text()
    assert code != 0
    assert "is stopped, and CodeDeploy takes it back" in said, said
    assert "EOF" not in said
    lambdas = sandbox.client("lambda")
    for function in (API, WORKER):
        alias = lambdas.get_alias(FunctionName=function, Name="live")
        assert not (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights"), alias
    (row,) = [line for line in said.splitlines() if "prod: security-assistant" in line]
    assert "still runs v1.2.3" in row
    prod.restore_settings()
    back = prod.rollback("deploy", "v1.2.3")
    assert back.code == 0, back.said
