"""security-assistant as its runbook asks for it: names, thresholds per environment, shifting, the emergency stop."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from components.common.context import Context
from components.common.memory import Memory
from stacks.releases import load, versions
from stacks.security_assistant import SecurityAssistantRelease
from stacks.selection import Selected
from stacks.settings import parse
from tests.components.mocked import run_program

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
GROUP = "aws:codedeploy/deploymentGroup:DeploymentGroup"


def test_everything_bears_the_names_of_the_runbook() -> None:
    recorder = run_program("prod")
    names = {
        "aws:apigateway/restApi:RestApi": ("name", {"security-assistant-prod"}),
        "aws:apigateway/stage:Stage": ("stageName", {"prod"}),
        "aws:codedeploy/application:Application": ("name", {"security-assistant-prod", "cryptique-prod"}),
    }
    for kind, (key, wanted) in names.items():
        assert {inputs[key] for inputs in recorder.of_type(kind).values()} == wanted
    functions = {inputs["name"] for inputs in recorder.of_type("aws:lambda/function:Function").values()}
    assert {"security-assistant-api-prod", "security-assistant-worker-prod"} <= functions
    assert {"CodeDeployHook_security-assistant-pre-prod", "CodeDeployHook_security-assistant-post-prod"} <= functions
    tables = {inputs["name"] for inputs in recorder.of_type("aws:dynamodb/table:Table").values()}
    assert "security-assistant-jobs-prod" in tables
    queues = {inputs["name"] for inputs in recorder.of_type("aws:sqs/queue:Queue").values()}
    assert {"security-assistant-processing-prod", "security-assistant-processing-dlq-prod"} <= queues


@pytest.mark.parametrize(("stack", "percent"), [("prod", 5), ("staging", 10)])
def test_the_alarms_have_the_thresholds_of_the_environment(stack: str, percent: float) -> None:
    alarms = run_program(stack).of_type(ALARM)
    for function in ("api", "worker"):
        assert alarms[f"security-assistant-{function}-error-rate"]["threshold"] == percent
    errors = alarms["security-assistant-api-5xx"]
    assert (errors["threshold"], errors["period"], errors["evaluationPeriods"]) == (5, 300, 1)
    assert errors["dimensions"] == {"ApiName": f"security-assistant-{stack}", "Stage": stack}
    dead = alarms["security-assistant-processing-dead-letters"]
    assert (dead["threshold"], dead["comparisonOperator"]) == (0, "GreaterThanThreshold")


@pytest.mark.parametrize(
    ("stack", "config"),
    [("prod", "CodeDeployDefault.LambdaCanary10Percent5Minutes"), ("dev", "CodeDeployDefault.LambdaAllAtOnce")],
)
def test_traffic_shifts_as_the_environment_wants_it(stack: str, config: str) -> None:
    groups = run_program(stack).of_type(GROUP)
    for function in ("api", "worker"):
        group = groups[f"security-assistant-{function}-group"]
        assert group["deploymentConfigName"] == config
        assert group["deploymentStyle"] == {
            "deploymentType": "BLUE_GREEN",
            "deploymentOption": "WITH_TRAFFIC_CONTROL",
        }
        assert group["autoRollbackConfiguration"]["enabled"]
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["autoRollbackConfiguration"]["events"]


def test_a_deployment_is_stopped_by_the_alarms_that_the_runbook_names() -> None:
    groups = run_program("prod").of_type(GROUP)
    api = groups["security-assistant-api-group"]["alarmConfiguration"]["alarms"]
    worker = groups["security-assistant-worker-group"]["alarmConfiguration"]["alarms"]
    dead = "security-assistant-prod-processing-dead-letters"
    assert set(api) == {"security-assistant-prod-api-error-rate", "security-assistant-prod-api-5xx", dead}
    assert set(worker) == {"security-assistant-prod-worker-error-rate", dead}


def test_the_emergency_stop_lets_nothing_through() -> None:
    stopped = run_program("prod", security_assistant__stopped="true")
    (settings,) = stopped.of_type("aws:apigateway/methodSettings:MethodSettings").values()
    assert settings["settings"]["throttlingRateLimit"] == 0
    consumer = stopped.of_type("aws:lambda/eventSourceMapping:EventSourceMapping")["security-assistant-worker-consumer"]
    assert consumer["enabled"] is False
    running = run_program("prod")
    (settings,) = running.of_type("aws:apigateway/methodSettings:MethodSettings").values()
    assert settings["settings"]["throttlingRateLimit"] == 100


@pytest.mark.parametrize("version", versions())
def test_every_release_runs_the_code_that_it_pins(version: str) -> None:
    recorder = run_program("prod", rollback_stack__version=version)
    release = load(version).systems.of(SecurityAssistantRelease)
    assert release
    functions = recorder.of_type("aws:lambda/function:Function")
    for name, artifact in release.functions.items():
        assert functions[f"security-assistant-{name}"]["s3Key"] == (
            f"functions/security-assistant/{name}/{artifact.version}/{artifact.sha256}.zip"
        )


def test_the_routes_do_not_depend_on_the_release() -> None:
    seen = [
        run_program("prod", rollback_stack__version=version).of_type("aws:apigateway/deployment:Deployment")
        for version in versions()
    ]
    assert all(each == seen[0] for each in seen)


def test_codedeploy_may_move_its_own_aliases_and_nothing_else() -> None:
    policy = run_program("prod").of_type("aws:iam/rolePolicy:RolePolicy")["security-assistant-codedeploy-policy"]
    assert '"lambda:*"' not in policy["policy"]
    assert "security-assistant-api-prod" in policy["policy"]
    assert "amplify-rag" not in policy["policy"]


@pytest.mark.parametrize(
    ("last", "wanted", "back"),
    [
        (None, "v1.2.3", False),
        ("v1.2.3", "v1.4.0", False),
        ("v1.4.0", "v1.2.3", True),
        # v1.4.0 failed half-way: the outputs still say v1.2.3, and one of the two aliases may serve v1.4.0.
        ("v1.2.3", "v1.2.3", True),
    ],
)
def test_the_way_back_is_also_the_one_from_an_update_that_failed(last: str | None, wanted: str, back: bool) -> None:
    memory = Memory({"systems": {"security-assistant": {"release": last}} if last else {}})
    release = load(wanted).systems.of(SecurityAssistantRelease)
    assert release
    context = Context(parse("prod", {"rollback-stack:version": wanted}), memory, Mock())
    assert context.goes_back(Selected("security-assistant", wanted, False, release)) is back
