"""An alias moves as CodeDeploy moves it, and never half; an emulated minute lasts half a second."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from deployments import codedeploy
from deployments.alias import AliasShift
from deployments.codedeploy import DeploymentError, Group
from tests.sandbox.account.conftest import Account, wait_for
from tests.sandbox.account.test_alarms import alarm, reaches
from tests.sandbox.account.test_codedeploy import group, routing, start, traffic
from tests.sandbox.account.test_codedeploy_alarms import ON_ALARM


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codedeploy, "PAUSE", 0.05)


def move(account: Account, name: str, version: str, back: bool = False, **hooks: str) -> list[str]:
    """Move the alias ``live`` of a function; what was said."""
    said: list[str] = []
    shift = AliasShift(Group(name, name, account.region), hooks, back)
    # Not asyncio.run, which leaves no loop behind: Pulumi's mocks need one in the same process.
    with contextlib.closing(asyncio.new_event_loop()) as loop:
        loop.run_until_complete(shift.move(name, "live", version, said.append))
    return said


def deployments(account: Account, name: str) -> list[str]:
    found = account.client("codedeploy").list_deployments(applicationName=name, deploymentGroupName=name)
    return list(found["deployments"])


def config_of(account: Account, deployment: str) -> str:
    info = account.client("codedeploy").get_deployment(deploymentId=deployment)["deploymentInfo"]
    return str(info["deploymentConfigName"])


def guarded(account: Account, name: str, minutes: int = 600) -> None:
    """A group with a canary and an alarm."""
    alarm(account, name, TreatMissingData="notBreaching")
    reaches(account, name, "OK")
    group(
        account,
        name,
        routing(account, name, 10, minutes),
        alarmConfiguration={"enabled": True, "alarms": [{"name": name}]},
        autoRollbackConfiguration=ON_ALARM,
    )


def test_a_new_version_goes_the_groups_way_and_a_second_move_does_nothing(account: Account) -> None:
    guarded(account, "forward", minutes=5)
    said = move(account, "forward", "2")
    assert traffic(account, "forward") == ("2", {})
    (deployment,) = deployments(account, "forward")
    assert config_of(account, deployment) == "forward"
    assert any(deployment in line for line in said)
    assert move(account, "forward", "2") == []
    assert deployments(account, "forward") == [deployment]


def test_an_alarm_ends_the_move_with_the_old_version_live(account: Account) -> None:
    guarded(account, "ringing")
    account.client("cloudwatch").set_alarm_state(AlarmName="ringing", StateValue="ALARM", StateReason="a drill")
    with pytest.raises(DeploymentError) as caught:
        move(account, "ringing", "2")
    message = str(caught.value)
    assert "Activated alarms: <ringing>" in message
    assert message.endswith("the alias live serves version 1")
    assert "\n" not in message
    assert traffic(account, "ringing") == ("1", {})


def test_going_back_is_at_once_and_not_stopped_by_the_alarm_that_is_its_reason(account: Account) -> None:
    guarded(account, "back")
    account.client("lambda").update_alias(FunctionName="back", Name="live", FunctionVersion="2")
    account.client("cloudwatch").set_alarm_state(AlarmName="back", StateValue="ALARM", StateReason="a drill")
    move(account, "back", "1", back=True)
    assert traffic(account, "back") == ("1", {})
    (deployment,) = deployments(account, "back")
    assert config_of(account, deployment) == "CodeDeployDefault.LambdaAllAtOnce"


def test_going_back_ends_a_canary_that_is_under_way(account: Account) -> None:
    guarded(account, "cancelled")
    canary = start(account, "cancelled")
    wait_for(lambda: traffic(account, "cancelled") == ("1", {"2": 0.1}), what="the canary")
    said = move(account, "cancelled", "1", back=True)
    assert f"deployment {canary} is stopped and taken back" in said
    assert traffic(account, "cancelled") == ("1", {})
    info = account.client("codedeploy").get_deployment(deploymentId=canary)["deploymentInfo"]
    assert info["status"] == "Stopped"


def test_a_move_that_is_under_way_already_is_followed(account: Account) -> None:
    guarded(account, "followed", minutes=5)
    first = start(account, "followed")
    said = move(account, "followed", "2")
    assert f"deployment {first} leads there already" in said
    assert traffic(account, "followed") == ("2", {})
    assert deployments(account, "followed") == [first]


def test_a_hook_that_says_no_ends_the_move(account: Account) -> None:
    guarded(account, "hooked")
    account.function("refuses", REFUSES)
    with pytest.raises(DeploymentError, match="the alias live serves version 1"):
        move(account, "hooked", "2", BeforeAllowTraffic="refuses")
    assert traffic(account, "hooked") == ("1", {})


REFUSES = """
import boto3

def handler(event, context):
    boto3.client("codedeploy").put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"],
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status="Failed",
    )
"""
