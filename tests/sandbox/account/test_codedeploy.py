"""CodeDeploy moves the traffic of aliases; an emulated minute lasts half a second."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.account.conftest import Account, package, wait_for

STYLE = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
OVER = ("Succeeded", "Failed", "Stopped")
HOOK = """
import boto3

def handler(event, context):
    boto3.client("codedeploy").put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"],
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status="%s",
    )
"""


def versions(account: Account, name: str) -> None:
    """Make a function with versions 1 and 2, and the alias `live` on 1; each returns its number."""
    account.function(name, "def handler(event, context): return 1\n", Publish=True)
    code = package("def handler(event, context): return 2\n")
    account.client("lambda").update_function_code(FunctionName=name, ZipFile=code, Publish=True)
    account.client("lambda").create_alias(FunctionName=name, Name="live", FunctionVersion="1")


def group(account: Account, name: str, config: str = "CodeDeployDefault.LambdaAllAtOnce", **more: Any) -> None:
    """Make an application and a deployment group of the same name, and the function they deploy."""
    versions(account, name)
    deploy = account.client("codedeploy")
    deploy.create_application(applicationName=name, computePlatform="Lambda")
    deploy.create_deployment_group(
        applicationName=name,
        deploymentGroupName=name,
        serviceRoleArn=account.role(),
        deploymentConfigName=config,
        deploymentStyle=STYLE,
        **more,
    )


def routing(account: Account, name: str, percent: int, minutes: int, kind: str = "Canary") -> str:
    """Make a deployment configuration of one's own and return its name."""
    word = kind.lower()
    account.client("codedeploy").create_deployment_config(
        deploymentConfigName=name,
        computePlatform="Lambda",
        trafficRoutingConfig={
            "type": f"TimeBased{kind}",
            f"timeBased{kind}": {f"{word}Percentage": percent, f"{word}Interval": minutes},
        },
    )
    return name


def revision(name: str, current: int = 1, target: int = 2, **hooks: str) -> dict[str, Any]:
    properties = {"Name": name, "Alias": "live", "CurrentVersion": str(current), "TargetVersion": str(target)}
    document = {
        "version": 0.0,
        "Resources": [{"function": {"Type": "AWS::Lambda::Function", "Properties": properties}}],
        "Hooks": [{event: function} for event, function in hooks.items()],
    }
    content = json.dumps(document)
    digest = hashlib.sha256(content.encode()).hexdigest()
    return {"revisionType": "AppSpecContent", "appSpecContent": {"content": content, "sha256": digest}}


def start(account: Account, name: str, given: dict[str, Any] | None = None, **more: Any) -> str:
    """Start a deployment of version 2 and return its id."""
    made = account.client("codedeploy").create_deployment(
        applicationName=name, deploymentGroupName=name, revision=given or revision(name), **more
    )
    return str(made["deploymentId"])


def info(account: Account, deployment: str) -> dict[str, Any]:
    return dict(account.client("codedeploy").get_deployment(deploymentId=deployment)["deploymentInfo"])


def ends(account: Account, deployment: str, seconds: float = 15.0) -> dict[str, Any]:
    def over() -> dict[str, Any] | None:
        found = info(account, deployment)
        return found if found["status"] in OVER else None

    return dict(wait_for(over, seconds, f"the end of {deployment}"))


def traffic(account: Account, name: str) -> tuple[str, dict[str, float]]:
    """Return where the alias points, and its weights."""
    found = account.client("lambda").get_alias(FunctionName=name, Name="live")
    return found["FunctionVersion"], (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}


def target(account: Account, deployment: str, name: str) -> dict[str, Any]:
    found = account.client("codedeploy").get_deployment_target(deploymentId=deployment, targetId=f"{name}:live")
    assert found["deploymentTarget"]["deploymentTargetType"] == "LambdaTarget"
    return dict(found["deploymentTarget"]["lambdaTarget"])


def seen(account: Account, name: str, deployment: str) -> list[tuple[float, tuple[str, dict[str, float]]]]:
    """Return the alias's traffic at each change until the deployment is over, with the seconds since the first."""
    found: list[tuple[float, tuple[str, dict[str, float]]]] = []
    while info(account, deployment)["status"] not in OVER:
        now = traffic(account, name)
        if not found or found[-1][1] != now:
            found.append((time.monotonic(), now))
        time.sleep(0.02)
    found.append((time.monotonic(), traffic(account, name)))
    return [(at - found[0][0], now) for at, now in found if now != ("1", {})]


def test_a_canary_gets_a_tenth_and_then_everything(account: Account) -> None:
    group(account, "canary", "CodeDeployDefault.LambdaCanary10Percent5Minutes")
    deployment = start(account, "canary")
    assert info(account, deployment)["creator"] == "user"
    moments = seen(account, "canary", deployment)
    states = [state for _, state in moments]
    assert states[0] == ("1", {"2": 0.1})
    assert set(map(str, states[1:])) == {str(("2", {}))}
    # Five emulated minutes are 2.5 seconds; rounds are a tenth of a second apart, and the machine may be busy.
    assert 2.3 <= moments[1][0] - moments[0][0] <= 6
    done = info(account, deployment)
    assert done["status"] == "Succeeded"
    assert done["deploymentOverview"]["Succeeded"] == 1
    assert done["createTime"] <= done["startTime"] <= done["completeTime"]
    shown = target(account, deployment, "canary")
    assert [(event["lifecycleEventName"], event["status"]) for event in shown["lifecycleEvents"]] == [
        ("BeforeAllowTraffic", "Succeeded"),
        ("AllowTraffic", "Succeeded"),
        ("AfterAllowTraffic", "Succeeded"),
    ]
    assert shown["lambdaFunctionInfo"]["targetVersionWeight"] == 100


@pytest.mark.long
def test_the_canary_gets_its_share_of_calls_and_a_stop_by_hand_leaves_it(account: Account) -> None:
    group(account, "share", routing(account, "share", 10, 600))
    deployment = start(account, "share")
    wait_for(lambda: traffic(account, "share") == ("1", {"2": 0.1}), what="the canary")
    calls = 400
    answers = [account.invoke("share", Qualifier="live")[0] for _ in range(calls)]
    # The number of calls to the canary is binomial: 40 on average, 6 the standard deviation; five of them either way.
    assert 10 <= answers.count(2) <= 70
    assert answers.count(1) + answers.count(2) == calls
    stopped = account.client("codedeploy").stop_deployment(deploymentId=deployment)
    assert stopped["status"] == "Succeeded"
    found = info(account, deployment)
    assert (found["status"], found["errorInformation"]["code"]) == ("Stopped", "MANUAL_STOP")
    assert "rollbackInfo" not in found or found["rollbackInfo"] == {}
    assert traffic(account, "share") == ("1", {"2": 0.1})
    with pytest.raises(account.client("codedeploy").exceptions.DeploymentAlreadyCompletedException):
        account.client("codedeploy").stop_deployment(deploymentId=deployment)


@pytest.mark.long
def test_a_linear_deployment_moves_step_by_step(account: Account) -> None:
    group(account, "linear", routing(account, "linear-30-1", 30, 1, "Linear"))
    moments = seen(account, "linear", start(account, "linear"))
    states = [state for _, state in moments]
    assert states[:4] == [("1", {"2": 0.3}), ("1", {"2": 0.6}), ("1", {"2": 0.9}), ("2", {})]
    assert 1.3 <= moments[3][0] - moments[0][0] <= 5


@pytest.mark.long
def test_all_at_once_needs_no_time_and_a_second_deployment_waits_its_turn(account: Account) -> None:
    group(account, "at-once")
    assert ends(account, start(account, "at-once"))["status"] == "Succeeded"
    assert traffic(account, "at-once") == ("2", {})
    back = start(account, "at-once", revision("at-once", 2, 1), deploymentConfigName=routing(account, "slow", 50, 99))
    with pytest.raises(account.client("codedeploy").exceptions.DeploymentLimitExceededException, match=back):
        start(account, "at-once", revision("at-once", 2, 1))
    account.client("codedeploy").stop_deployment(deploymentId=back, autoRollbackEnabled=False)
    shown = account.client("codedeploy").get_deployment_group(applicationName="at-once", deploymentGroupName="at-once")
    assert shown["deploymentGroupInfo"]["lastAttemptedDeployment"]["deploymentId"] == back
    assert shown["deploymentGroupInfo"]["lastSuccessfulDeployment"]["status"] == "Succeeded"
    listed = account.client("codedeploy").list_deployments(
        applicationName="at-once", deploymentGroupName="at-once", includeOnlyStatuses=["Stopped"]
    )
    assert listed["deployments"] == [back]


def test_hooks_are_asked_before_and_after(account: Account) -> None:
    group(account, "hooked")
    account.function("hooked-good", HOOK % "Succeeded")
    both = revision("hooked", BeforeAllowTraffic="hooked-good", AfterAllowTraffic="hooked-good")
    deployment = start(account, "hooked", both)
    assert ends(account, deployment)["status"] == "Succeeded"
    assert account.total("AWS/Lambda", "Invocations", {"FunctionName": "hooked-good"}) == 2


def test_a_failing_hook_keeps_the_traffic_away(account: Account) -> None:
    group(account, "refused", autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_FAILURE"]})
    account.function("refused-hook", HOOK % "Failed")
    deployment = start(account, "refused", revision("refused", BeforeAllowTraffic="refused-hook"))
    found = ends(account, deployment)
    assert (found["status"], found["errorInformation"]["code"]) == ("Failed", "HOOK_EXECUTION_FAILURE")
    assert traffic(account, "refused") == ("1", {})
    events = target(account, deployment, "refused")["lifecycleEvents"]
    assert [event["status"] for event in events] == ["Failed", "Skipped", "Skipped"]
    assert events[0]["diagnostics"]["errorCode"] == "ScriptFailed"
    back = ends(account, found["rollbackInfo"]["rollbackDeploymentId"])
    assert (back["status"], back["creator"]) == ("Succeeded", "codeDeployRollback")


@pytest.mark.long
def test_a_hook_after_the_traffic_takes_it_back(account: Account) -> None:
    group(account, "after", autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_FAILURE"]})
    account.function("after-hook", HOOK % "Failed")
    found = ends(account, start(account, "after", revision("after", AfterAllowTraffic="after-hook")))
    assert found["status"] == "Failed"
    assert traffic(account, "after") == ("1", {})


@pytest.mark.long
def test_a_hook_that_never_reports_has_an_hour(own_account: Callable[..., Account]) -> None:
    account = own_account(minute_seconds=0.1)
    group(account, "silent")
    account.function("silent-hook", "def handler(event, context): return event\n")
    deployment = start(account, "silent", revision("silent", BeforeAllowTraffic="silent-hook"))
    time.sleep(2)
    assert info(account, deployment)["status"] == "InProgress"
    # An emulated hour lasts six seconds here.
    found = ends(account, deployment, 20)
    assert found["errorInformation"]["code"] == "HOOK_EXECUTION_FAILURE"
    assert "within one hour" in found["errorInformation"]["message"]


def test_an_appspec_has_to_know_where_the_alias_points(account: Account) -> None:
    group(account, "wrong", autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_FAILURE"]})
    found = ends(account, start(account, "wrong", revision("wrong", 2, 1)))
    assert (found["status"], found["errorInformation"]["code"]) == ("Failed", "INVALID_LAMBDA_CONFIGURATION")
    assert "does not match the current version in AppSpec file" in found["errorInformation"]["message"]
    assert "rollbackDeploymentId" not in found["rollbackInfo"]
    assert traffic(account, "wrong") == ("1", {})
    found = ends(account, start(account, "wrong", revision("wrong", 1, 7)))
    assert found["errorInformation"]["code"] == "INVALID_LAMBDA_FUNCTION"
    found = ends(account, start(account, "wrong", revision("wrong", BeforeAllowTraffic="no-such-hook")))
    assert found["errorInformation"]["code"] == "HOOK_EXECUTION_FAILURE"


@pytest.mark.long
def test_an_appspec_may_lie_in_a_bucket(account: Account) -> None:
    group(account, "in-bucket")
    account.client("s3").create_bucket(Bucket="revisions")
    lines = [
        "version: 0.0",
        "Resources:",
        "  - f:",
        "      Type: AWS::Lambda::Function",
        "      Properties: {Name: in-bucket, Alias: live, CurrentVersion: 1, TargetVersion: 2}",
    ]
    account.client("s3").put_object(Bucket="revisions", Key="appspec.yaml", Body="\n".join(lines).encode())
    place = {"bucket": "revisions", "key": "missing.yaml", "bundleType": "YAML"}
    found = ends(account, start(account, "in-bucket", {"revisionType": "S3", "s3Location": place}))
    assert found["errorInformation"]["code"] == "REVISION_MISSING"
    place["key"] = "appspec.yaml"
    found = ends(account, start(account, "in-bucket", {"revisionType": "S3", "s3Location": place}))
    assert found["status"] == "Succeeded"
    assert traffic(account, "in-bucket") == ("2", {})


@pytest.mark.long
def test_a_deployment_goes_on_after_a_crash(own_account: Callable[..., Account]) -> None:
    account = own_account()
    group(account, "crashed", routing(account, "canary", 10, 8))
    deployment = start(account, "crashed")
    wait_for(lambda: traffic(account, "crashed") == ("1", {"2": 0.1}), what="the canary")
    time.sleep(1)
    account.kill()
    # Longer than the canary's four seconds: the time the account is down mustn't count as time it was watched.
    time.sleep(4.5)
    account.start()
    assert info(account, deployment)["status"] == "InProgress"
    assert traffic(account, "crashed") == ("1", {"2": 0.1})
    assert ends(account, deployment)["status"] == "Succeeded"
    assert traffic(account, "crashed") == ("2", {})
