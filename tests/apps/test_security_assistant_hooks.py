"""The hooks of security-assistant report, whatever happens; what they do in a deployment is tested in the account."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .assistant_parts import Version, load

EVENT = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e-1"}
PROPERTIES = {"Name": "api-fn", "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2"}
APPSPEC = {"version": 0.0, "Resources": [{"api": {"Type": "AWS::Lambda::Function", "Properties": PROPERTIES}}]}
OK = {"status": "ok", "release": "v1"}


class Context:
    """A function that has so many seconds left."""

    def __init__(self, seconds: float = 30.0) -> None:
        self.deadline = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int((self.deadline - time.monotonic()) * 1000)


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "refused"}}, "Operation")


class Aws:
    """CodeDeploy and Lambda as a hook sees them."""

    def __init__(self) -> None:
        self.revision: dict[str, Any] = {"appSpecContent": {"content": json.dumps(APPSPEC)}}
        self.listed = [{"functionName": "api-fn", "functionAlias": "live", "targetVersion": "2"}]
        self.alias: dict[str, Any] = {"FunctionVersion": "2"}
        self.answer: Any = OK
        self.ran, self.error = "2", ""
        self.waits = 0.0
        self.refuses: dict[str, str] = {}
        self.reports: list[str] = []
        self.invoked: list[tuple[str, str, Any]] = []

    def get_deployment(self, **_: Any) -> dict[str, Any]:
        self._refuse("get_deployment")
        return {"deploymentInfo": {"revision": self.revision}}

    def list_deployment_targets(self, **_: Any) -> dict[str, Any]:
        return {"targetIds": ["api-fn:live"]}

    def batch_get_deployment_targets(self, **_: Any) -> dict[str, Any]:
        return {"deploymentTargets": [{"lambdaTarget": {"lambdaFunctionInfo": info}} for info in self.listed]}

    def put_lifecycle_event_hook_execution_status(self, **given: Any) -> None:
        assert (given["deploymentId"], given["lifecycleEventHookExecutionId"]) == ("d-1", "e-1")
        self._refuse("report")
        self.reports.append(given["status"])

    def get_alias(self, **_: Any) -> dict[str, Any]:
        return self.alias

    def invoke(self, **given: Any) -> dict[str, Any]:
        self._refuse("invoke")
        self.invoked.append((given["FunctionName"], given["Qualifier"], json.loads(given["Payload"])))
        time.sleep(self.waits)
        answer = {"ExecutedVersion": self.ran, "Payload": io.BytesIO(json.dumps(self.answer).encode())}
        return {**answer, "FunctionError": self.error} if self.error else answer

    def _refuse(self, operation: str) -> None:
        if operation in self.refuses:
            raise refusal(self.refuses[operation])


@pytest.fixture
def aws() -> Aws:
    return Aws()


@pytest.fixture
def hook(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Version]:
    def start(name: str) -> Version:
        loaded = load(name, "1.0.0", tmp_path / name)
        monkeypatch.setattr(loaded.aws, "client", lambda service: aws)
        monkeypatch.setattr(loaded.aws, "connect", lambda service, seconds, attempts: aws)
        return loaded

    return start


BOTH = pytest.mark.parametrize(("name", "qualifier"), [("pre_traffic", "2"), ("post_traffic", "live")])


@BOTH
def test_a_good_version_passes(name: str, qualifier: str, aws: Aws, hook: Callable[[str], Version]) -> None:
    assert hook(name)(EVENT, Context()) == {"status": "Succeeded", "problem": ""}
    assert aws.reports == ["Succeeded"]
    assert aws.invoked == [("api-fn", qualifier, {"test": True})]


@BOTH
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"error": "Unhandled", "answer": {"errorMessage": "boom"}}, "failed: boom"),
        ({"answer": {"status": "unhealthy"}}, 'answered {"status": "unhealthy"}'),
        ({"answer": None}, "answered null"),
        ({"ran": "1"}, "ran version 1, not 2"),
        ({"refuses": {"invoke": "ResourceNotFoundException"}}, "ResourceNotFoundException"),
        ({"refuses": {"get_deployment": "DeploymentDoesNotExistException"}}, "DeploymentDoesNotExist"),
        ({"revision": {"string": {"content": '{"Resources": []}'}}, "listed": []}, "d-1 names no function"),
        ({"revision": {"string": {"content": "[]"}}}, "AttributeError"),
    ],
)
def test_whatever_is_wrong_is_reported(
    name: str, qualifier: str, change: dict[str, Any], problem: str, aws: Aws, hook: Callable[[str], Version]
) -> None:
    vars(aws).update(change)
    answer = hook(name)(EVENT, Context())
    assert answer["status"] == "Failed"
    assert problem in answer["problem"]
    assert aws.reports == ["Failed"]


@pytest.mark.parametrize(
    "revision",
    [
        {"string": {"content": json.dumps(APPSPEC)}},
        {"appSpecContent": {"content": "version: 0.0\nResources: []\n"}},
        {"s3Location": {"bucket": "b", "key": "appspec.yaml"}},
        {},
    ],
)
def test_the_target_is_found_however_the_revision_came(
    revision: dict[str, Any], aws: Aws, hook: Callable[[str], Version]
) -> None:
    aws.revision = revision
    assert hook("pre_traffic")(EVENT, Context())["status"] == "Succeeded"
    assert aws.invoked == [("api-fn", "2", {"test": True})]


def test_a_function_may_be_named_by_its_arn(aws: Aws, hook: Callable[[str], Version]) -> None:
    named = {**PROPERTIES, "Name": "arn:aws:lambda:us-east-1:123456789012:function:api-fn"}
    content = json.dumps({"Resources": [{"api": {"Properties": named}}]})
    aws.revision = {"appSpecContent": {"content": content}}
    hook("pre_traffic")(EVENT, Context())
    assert aws.invoked[0][0] == "api-fn"


def test_a_version_that_hangs_is_reported_before_the_hook_itself_is_timed_out(
    aws: Aws, hook: Callable[[str], Version]
) -> None:
    aws.waits = 3.0
    began = time.monotonic()
    answer = hook("pre_traffic")(EVENT, Context(5.5))
    assert time.monotonic() - began < 2.0
    assert (answer["status"], aws.reports) == ("Failed", ["Failed"])
    assert "took longer than 0." in answer["problem"]


def test_an_alias_that_serves_something_else_is_waited_for_and_then_reported(
    aws: Aws, hook: Callable[[str], Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    post = hook("post_traffic")
    monkeypatch.setitem(post._handler.__globals__, "_PAUSE_SECONDS", 0.01)
    aws.alias = {"FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}}
    answer = post(EVENT, Context())
    assert (aws.reports, aws.invoked) == (["Failed"], [])
    assert "api-fn:live serves 1 and 10% 2, not version 2" in answer["problem"]


def test_a_repeated_event_is_no_error_and_any_other_refusal_is(aws: Aws, hook: Callable[[str], Version]) -> None:
    pre = hook("pre_traffic")
    aws.refuses["report"] = "LifecycleEventAlreadyCompletedException"
    assert pre(EVENT, Context())["status"] == "Succeeded"
    aws.refuses["report"] = "ThrottlingException"
    with pytest.raises(ClientError, match="ThrottlingException"):
        pre(EVENT, Context())
