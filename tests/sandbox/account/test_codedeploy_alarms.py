"""What stops a deployment, what rolls it back, and who hears of it; an emulated minute lasts half a second."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.account.export import diff
from tests.sandbox.account.conftest import Account, wait_for
from tests.sandbox.account.test_alarms import alarm, inbox, metric, reaches
from tests.sandbox.account.test_codedeploy import ends, group, info, revision, routing, start, target, traffic

ON_ALARM = {"enabled": True, "events": ["DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_FAILURE"]}
EVERY = [f"Deployment{end}" for end in ("Start", "Success", "Failure", "Stop", "Rollback")]


def guarded(account: Account, name: str, **more: Any) -> None:
    """Make a group with a slow canary and an alarm of its own, which is fine."""
    alarm(account, name, TreatMissingData="notBreaching")
    reaches(account, name, "OK")
    group(
        account,
        name,
        routing(account, name, 10, 600),
        alarmConfiguration={"enabled": True, "alarms": [{"name": name}]},
        **{"autoRollbackConfiguration": ON_ALARM, **more},
    )


def under_way(account: Account, name: str, **more: Any) -> str:
    deployment = start(account, name, **more)
    wait_for(lambda: traffic(account, name) == ("1", {"2": 0.1}), what="the canary")
    return deployment


def test_an_alarm_stops_a_deployment_and_takes_the_traffic_back(account: Account) -> None:
    guarded(account, "alarmed")
    deployment = under_way(account, "alarmed")
    metric(account, "alarmed", 100)
    found = ends(account, deployment)
    assert (found["status"], found["errorInformation"]["code"]) == ("Stopped", "ALARM_ACTIVE")
    assert "Activated alarms: <alarmed>" in found["errorInformation"]["message"]
    # At once: when the deployment is seen stopped, the traffic is back already.
    assert traffic(account, "alarmed") == ("1", {})
    back = ends(account, found["rollbackInfo"]["rollbackDeploymentId"])
    assert (back["status"], back["creator"]) == ("Succeeded", "codeDeployRollback")
    assert back["rollbackInfo"]["rollbackTriggeringDeploymentId"] == deployment
    shown = target(account, back["deploymentId"], "alarmed")["lambdaFunctionInfo"]
    assert (shown["currentVersion"], shown["targetVersion"]) == ("2", "1")
    assert account.invoke("alarmed", Qualifier="live")[0] == 1


@pytest.mark.long
def test_an_alarm_set_by_hand_for_a_moment_is_enough(account: Account) -> None:
    guarded(account, "moment")
    deployment = under_way(account, "moment")
    for state in ("ALARM", "OK"):
        account.client("cloudwatch").set_alarm_state(AlarmName="moment", StateValue=state, StateReason="a drill")
    assert info(account, deployment)["errorInformation"]["code"] == "ALARM_ACTIVE"


def test_an_active_alarm_lets_no_deployment_begin(account: Account) -> None:
    guarded(account, "unhealthy")
    account.client("cloudwatch").set_alarm_state(AlarmName="unhealthy", StateValue="ALARM", StateReason="a drill")
    found = ends(account, start(account, "unhealthy"))
    assert (found["status"], found["errorInformation"]["code"]) == ("Stopped", "ALARM_ACTIVE")
    assert traffic(account, "unhealthy") == ("1", {})
    ends(account, found["rollbackInfo"]["rollbackDeploymentId"])
    # Unless this one deployment is to ignore the alarm.
    deployment = start(account, "unhealthy", overrideAlarmConfiguration={"enabled": False, "alarms": []})
    wait_for(lambda: traffic(account, "unhealthy") == ("1", {"2": 0.1}), what="the canary")
    account.client("codedeploy").stop_deployment(deploymentId=deployment)


@pytest.mark.long
def test_an_alarm_that_cannot_be_polled_stops_unless_that_is_ignored(account: Account) -> None:
    missing = {"enabled": True, "alarms": [{"name": "no-such-alarm"}]}
    group(account, "blind", alarmConfiguration=missing)
    found = ends(account, start(account, "blind"))
    assert (found["status"], found["errorInformation"]["code"]) == ("Stopped", "ALARM_ACTIVE")
    account.client("codedeploy").update_deployment_group(
        applicationName="blind",
        currentDeploymentGroupName="blind",
        alarmConfiguration={**missing, "ignorePollAlarmFailure": True},
    )
    assert ends(account, start(account, "blind"))["status"] == "Succeeded"


def test_a_stop_by_hand_rolls_back_where_asked(account: Account) -> None:
    guarded(account, "by-hand-1")
    deployment = under_way(account, "by-hand-1")
    account.client("codedeploy").stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)
    assert traffic(account, "by-hand-1") == ("1", {})
    guarded(
        account,
        "by-hand-2",
        autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_STOP_ON_REQUEST"]},
    )
    deployment = under_way(account, "by-hand-2")
    account.client("codedeploy").stop_deployment(deploymentId=deployment)
    assert traffic(account, "by-hand-2") == ("1", {})
    assert info(account, deployment)["rollbackInfo"]["rollbackDeploymentId"]


@pytest.mark.long
def test_an_alias_that_somebody_else_moved_is_left_alone(account: Account) -> None:
    guarded(account, "moved")
    deployment = under_way(account, "moved")
    account.client("lambda").publish_version(FunctionName="moved")
    account.client("lambda").update_function_configuration(FunctionName="moved", Timeout=7)
    third = account.client("lambda").publish_version(FunctionName="moved")["Version"]
    account.client("lambda").update_alias(FunctionName="moved", Name="live", FunctionVersion=third, RoutingConfig={})
    account.client("codedeploy").stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)
    back = ends(account, info(account, deployment)["rollbackInfo"]["rollbackDeploymentId"])
    assert (back["status"], back["errorInformation"]["code"]) == ("Failed", "INVALID_LAMBDA_CONFIGURATION")
    assert traffic(account, "moved")[0] == third


@pytest.mark.long
def test_topics_hear_of_a_deployment(account: Account) -> None:
    topic, url = inbox(account, "deployments")
    trigger = {"triggerName": "all", "triggerTargetArn": topic, "triggerEvents": EVERY}
    guarded(account, "told", triggerConfigurations=[trigger])
    deployment = under_way(account, "told")
    metric(account, "told", 100)
    ends(account, ends(account, deployment)["rollbackInfo"]["rollbackDeploymentId"])
    ends(account, start(account, "told", deploymentConfigName="CodeDeployDefault.LambdaAllAtOnce", **unguarded()))
    found = messages(account, url, 6)
    own = [body for body in found if body["deploymentId"] == deployment]
    assert [body["status"] for body in own] == ["CREATED", "STOPPED"]
    assert json.loads(own[1]["errorInformation"])["ErrorCode"] == "ALARM_ACTIVE"
    back = json.loads(own[1]["rollbackInformation"])["RollbackDeploymentId"]
    order = [(body["deploymentId"] == deployment, body["status"]) for body in found[:3]]
    assert order == [(True, "CREATED"), (True, "STOPPED"), (False, "CREATED")]
    others = [(body["deploymentId"] == back, body["status"]) for body in found if body not in own]
    assert others == [(True, "CREATED"), (True, "SUCCEEDED"), (False, "CREATED"), (False, "SUCCEEDED")]
    assert found[0]["eventTriggerName"] == "all"
    assert json.loads(found[-1]["deploymentOverview"])["Succeeded"] == 1


def unguarded() -> dict[str, Any]:
    return {"overrideAlarmConfiguration": {"enabled": False, "alarms": []}}


def messages(account: Account, url: str, number: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def enough() -> bool:
        answer = account.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            body = json.loads(message["Body"])
            assert body["Subject"].split(":")[0] in ("CREATED", "SUCCEEDED", "STOPPED", "FAILED")
            found.append(json.loads(body["Message"]))
        return len(found) >= number

    wait_for(enough, what=f"{number} messages")
    return found


@pytest.mark.long
def test_deployments_are_history_and_a_rollback_leaves_the_account_as_it_was(
    own_account: Callable[..., Account],
) -> None:
    account = own_account()

    def export() -> dict[str, Any]:
        return dict(json.loads(account.get("/_sandbox/account")))

    guarded(account, "exported")
    before = export()
    assert before["configuration"]["codedeploy"]["us-east-1"]["deployment_groups"]["exported"]["exported"]
    deployment = under_way(account, "exported")
    assert any("lambda" in line for line in diff(before, export()))
    account.client("codedeploy").stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)
    ends(account, info(account, deployment)["rollbackInfo"]["rollbackDeploymentId"])
    assert diff(before, export()) == []
    assert diff(before, export(), history=True) != []
    assert ends(account, start(account, "exported", **unguarded(), deploymentConfigName=AT_ONCE))
    forward = export()
    assert ends(account, start(account, "exported", revision("exported", 2, 1), **unguarded(), **now()))
    assert diff(before, export()) == []
    assert diff(before, forward) != []
    first = account.get("/_sandbox/account")
    time.sleep(0.5)
    assert account.get("/_sandbox/account") == first


AT_ONCE = "CodeDeployDefault.LambdaAllAtOnce"


def now() -> dict[str, Any]:
    return {"deploymentConfigName": AT_ONCE}
