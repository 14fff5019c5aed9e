"""An alias moves as CodeDeploy moves it, and never half; an emulated minute lasts half a second."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from codedeploy import deployments as codedeploy
from codedeploy.alias import AliasShift
from codedeploy.deployments import DeploymentError, Group
from tests.sandbox.account.conftest import Account, wait_for
from tests.sandbox.account.test_alarms import alarm, reaches
from tests.sandbox.account.test_codedeploy import group, revision, routing, start, traffic
from tests.sandbox.account.test_codedeploy_alarms import ON_ALARM


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codedeploy, "PAUSE", 0.05)


def move(
    account: Account, name: str, version: str, back: bool = False, said: list[str] | None = None, **hooks: str
) -> list[str]:
    """Move the alias ``live`` of a function; what was said."""
    said = [] if said is None else said
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


def ring(account: Account, name: str) -> None:
    account.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill: 7 of 5")


def test_an_alarm_ends_the_move_with_the_old_version_live(account: Account) -> None:
    guarded(account, "ringing")
    said: list[str] = []
    with ThreadPoolExecutor(1) as aside:
        moving = aside.submit(move, account, "ringing", "2", said=said)
        wait_for(lambda: any("10 % on version 2" in line for line in said), what="the canary")
        ring(account, "ringing")
        caught = moving.exception(timeout=30)
    assert isinstance(caught, DeploymentError)
    message = str(caught)
    assert "Activated alarms: <ringing>; alarm ringing (a drill: 7 of 5; rings at >" in message
    assert message.endswith("the alias live serves version 1")
    assert "\n" not in message
    assert traffic(account, "ringing") == ("1", {})
    (deployment,) = {each for each in deployments(account, "ringing") if config_of(account, each) == "ringing"}
    assert f"ringing: 10 % on version 2, deployment {deployment}, InProgress" in said
    assert any(f"deployment {deployment} stopped: One or more alarms" in line and "7 of 5" in line for line in said)


def test_a_move_forward_is_refused_before_its_start_while_an_alarm_rings(account: Account) -> None:
    guarded(account, "refused")
    ring(account, "refused")
    with pytest.raises(DeploymentError) as caught:
        move(account, "refused", "2")
    message = str(caught.value)
    assert message.startswith("refused can't move to version 2: alarm refused (a drill: 7 of 5; rings at >")
    assert message.endswith("Nothing was started; the alias live serves version 1")
    assert deployments(account, "refused") == []


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
    assert f"deployment {canary} is stopped and rolled back" in said
    assert traffic(account, "cancelled") == ("1", {})
    info = account.client("codedeploy").get_deployment(deploymentId=canary)["deploymentInfo"]
    assert info["status"] == "Stopped"


def test_a_move_that_is_under_way_already_is_followed(account: Account) -> None:
    guarded(account, "followed", minutes=5)
    first = start(account, "followed")
    said = move(account, "followed", "2")
    assert f"deployment {first} already moves there: following it" in said
    assert traffic(account, "followed") == ("2", {})
    assert deployments(account, "followed") == [first]


def test_the_way_back_never_follows_a_canary_that_leads_where_it_goes(account: Account) -> None:
    guarded(account, "promoted")
    account.client("lambda").update_alias(FunctionName="promoted", Name="live", FunctionVersion="2")
    canary = start(account, "promoted", revision("promoted", 2, 1))
    wait_for(lambda: traffic(account, "promoted") == ("2", {"1": 0.1}), what="the canary")
    said = move(account, "promoted", "1", back=True)
    assert f"deployment {canary} is stopped and rolled back" in said
    assert traffic(account, "promoted") == ("1", {})
    newest = deployments(account, "promoted")[0]
    assert newest != canary
    assert config_of(account, newest) == "CodeDeployDefault.LambdaAllAtOnce"


def test_weights_that_nobody_shifts_are_taken_off_at_once(account: Account) -> None:
    guarded(account, "byhand")
    split = {"AdditionalVersionWeights": {"2": 0.5}}
    account.client("lambda").update_alias(FunctionName="byhand", Name="live", RoutingConfig=split)
    assert move(account, "byhand", "1") == ["byhand: all requests go to version 1 again, at once"]
    assert traffic(account, "byhand") == ("1", {})
    assert deployments(account, "byhand") == []


def test_told_to_end_it_stops_the_deployment_which_is_then_taken_back(account: Account) -> None:
    guarded(account, "interrupted")

    def interrupt() -> None:
        wait_for(lambda: traffic(account, "interrupted") == ("1", {"2": 0.1}), what="the canary")
        os.kill(os.getpid(), signal.SIGTERM)

    aside = threading.Thread(target=interrupt)
    aside.start()
    with pytest.raises(DeploymentError, match=r"interrupted: deployment d-.* is stopped, and CodeDeploy takes it back"):
        move(account, "interrupted", "2")
    aside.join()
    wait_for(lambda: traffic(account, "interrupted") == ("1", {}), what="the old version alone")


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
