"""In-place deployments to on-premises instances, with the test in the place of the agents."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.sandbox.account.conftest import Account, wait_for
from tests.sandbox.account.test_codedeploy import ends, info
from tests.sandbox.account.test_codedeploy_api import ROLE, refused

EVENTS = [
    "ApplicationStop",
    "DownloadBundle",
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "ApplicationStart",
    "ValidateService",
]
ON_FAILURE = {"enabled": True, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST"]}


def fleet(account: Account, name: str, number: int, config: str = "CodeDeployDefault.OneAtATime") -> list[str]:
    """Make an application, a group, and instances with the group's tag; returns the instances' names."""
    deploy = account.client("codedeploy")
    deploy.create_application(applicationName=name)
    tag = {"Key": "role", "Value": name}
    hosts = [f"{name}-{position}" for position in range(number)]
    for host in hosts:
        user = f"arn:aws:iam::{account.id}:user/{host}"
        deploy.register_on_premises_instance(instanceName=host, iamUserArn=user)
        deploy.add_tags_to_on_premises_instances(tags=[tag], instanceNames=[host])
    deploy.create_deployment_group(
        applicationName=name,
        deploymentGroupName=name,
        serviceRoleArn=ROLE,
        deploymentConfigName=config,
        onPremisesTagSet={"onPremisesTagSetList": [[{**tag, "Type": "KEY_AND_VALUE"}]]},
        autoRollbackConfiguration=ON_FAILURE,
    )
    return hosts


def commit(text: str) -> dict[str, Any]:
    return {"revisionType": "GitHub", "gitHubLocation": {"repository": "example/app", "commitId": text * 40}}


def start(account: Account, name: str, text: str = "a") -> str:
    given = {"applicationName": name, "deploymentGroupName": name, "revision": commit(text)}
    return str(account.client("codedeploy").create_deployment(**given)["deploymentId"])


def ask(account: Account, host: str, report: dict[str, Any] | None = None, wait: float = 0) -> dict[str, Any]:
    """Do what an agent does: report, if there's something, and get the next event."""
    body = None if report is None else json.dumps(report).encode()
    request = urllib.request.Request(f"{account.url}/_sandbox/codedeploy/agent/{host}?wait={wait:g}", data=body)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return dict(json.loads(answer.read()))


def run(account: Account, host: str, fail_at: str = "") -> list[str]:
    """Run one instance's deployment from its first event to its last; returns the events."""
    command = dict(wait_for(lambda: ask(account, host), what=f"work for {host}"))
    done = []
    while command:
        done.append(command["event"])
        status = "Failed" if command["event"] == fail_at else "Succeeded"
        report = {"deploymentId": command["deploymentId"], "event": command["event"], "status": status}
        command = ask(account, host, {**report, "diagnostics": {"errorCode": "ScriptFailed", "message": "no"}})
    return done


def state(account: Account, deployment: str, host: str) -> dict[str, Any]:
    found = account.client("codedeploy").get_deployment_target(deploymentId=deployment, targetId=host)
    return dict(found["deploymentTarget"]["instanceTarget"])


def test_one_instance_after_the_other(account: Account) -> None:
    hosts = fleet(account, "pair", 2)
    deployment = start(account, "pair")
    first = dict(wait_for(lambda: ask(account, hosts[0]), what="the first event"))
    assert (first["event"], first["revision"]) == ("ApplicationStop", commit("a"))
    assert ask(account, hosts[0]) == first, "asking again gives the same event"
    assert ask(account, hosts[1]) == {}
    assert run(account, hosts[0]) == EVENTS
    assert state(account, deployment, hosts[0])["status"] == "Succeeded"
    assert run(account, hosts[1]) == EVENTS
    found = ends(account, deployment)
    assert (found["status"], found["deploymentOverview"]["Succeeded"]) == ("Succeeded", 2)
    listed = account.client("codedeploy").list_deployment_targets(deploymentId=deployment)
    assert listed["targetIds"] == hosts


def test_a_failure_rolls_back_to_the_revision_before(account: Account) -> None:
    (host,) = fleet(account, "single", 1)
    first = start(account, "single", "a")
    run(account, host)
    ends(account, first)
    second = start(account, "single", "b")
    assert run(account, host, "ValidateService") == EVENTS
    found = ends(account, second)
    assert (found["status"], found["errorInformation"]["code"]) == ("Failed", "HEALTH_CONSTRAINTS")
    events = state(account, second, host)["lifecycleEvents"]
    assert (events[-1]["status"], events[-1]["diagnostics"]["errorCode"]) == ("Failed", "ScriptFailed")
    back = found["rollbackInfo"]["rollbackDeploymentId"]
    assert (info(account, back)["creator"], info(account, back)["revision"]) == ("codeDeployRollback", commit("a"))
    assert run(account, host) == EVENTS
    assert ends(account, back)["status"] == "Succeeded"


@pytest.mark.long
def test_a_first_failure_has_nothing_to_go_back_to_and_spares_the_rest(account: Account) -> None:
    hosts = fleet(account, "trio", 3)
    deployment = start(account, "trio")
    assert run(account, hosts[0], "Install") == EVENTS[:4]
    found = ends(account, deployment)
    assert found["deploymentOverview"] == {
        **{"Pending": 0, "InProgress": 0, "Succeeded": 0, "Ready": 0},
        **{"Failed": 1, "Skipped": 2},
    }
    assert "no earlier deployment" in found["rollbackInfo"]["rollbackMessage"]


@pytest.mark.long
def test_a_stop_takes_the_work_away(account: Account) -> None:
    hosts = fleet(account, "halted", 2, "CodeDeployDefault.AllAtOnce")
    deployment = start(account, "halted")
    wait_for(lambda: ask(account, hosts[0]) and ask(account, hosts[1]), what="work for both at once")
    account.client("codedeploy").stop_deployment(deploymentId=deployment, autoRollbackEnabled=False)
    assert ask(account, hosts[0]) == {}
    with pytest.raises(urllib.error.HTTPError) as error:
        ask(account, hosts[0], {"deploymentId": deployment, "event": "ApplicationStop", "status": "Succeeded"})
    assert error.value.code == 409
    assert state(account, deployment, hosts[0])["status"] == "Skipped"


def test_what_cannot_be_deployed_says_so(account: Account) -> None:
    fleet(account, "empty", 0)
    found = ends(account, start(account, "empty"))
    assert found["errorInformation"]["code"] == "NO_INSTANCES"
    deploy = account.client("codedeploy")
    deploy.create_application(applicationName="containers", computePlatform="ECS")
    style = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
    key = {"applicationName": "containers", "deploymentGroupName": "g"}
    deploy.create_deployment_group(**key, serviceRoleArn=ROLE, deploymentStyle=style)
    refused("InvalidComputePlatformException", deploy.create_deployment, **key, revision=commit("a"))
    with pytest.raises(urllib.error.HTTPError) as error:
        ask(account, "nobody")
    assert error.value.code == 404


@pytest.mark.long
def test_a_silent_instance_fails_after_an_hour_and_a_crash_in_between(own_account: Callable[..., Account]) -> None:
    account = own_account(minute_seconds=0.1)
    hosts = fleet(account, "silent", 1)
    deployment = start(account, "silent")
    first = dict(wait_for(lambda: ask(account, hosts[0]), what="the first event"))
    time.sleep(1.5)  # saved within the next second
    account.kill()
    account.start()
    assert ask(account, hosts[0]) == first
    found = ends(account, deployment, 20)
    assert found["errorInformation"]["code"] == "HEALTH_CONSTRAINTS"
    diagnostics = state(account, deployment, hosts[0])["lifecycleEvents"][0]["diagnostics"]
    assert diagnostics["errorCode"] == "ScriptTimedOut"


def test_an_agent_that_waits_is_answered_when_there_is_work_and_not_before(account: Account) -> None:
    (host,) = fleet(account, "waiting", 1)
    began = time.monotonic()
    assert ask(account, host, wait=0.4) == {}
    assert time.monotonic() - began >= 0.4
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(ask, account, host, None, 20)
        start(account, "waiting")
        assert asked.result(timeout=10)["event"] == "ApplicationStop"
