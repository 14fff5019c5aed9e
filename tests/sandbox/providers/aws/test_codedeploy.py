"""CodeDeploy's types against a small model of its API, which checks every request as botocore does."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.validate import ParamValidator

from sandbox.providers.aws.api import Api, AwsError, NotFoundError
from tests.sandbox.providers.aws.harness import Harness, Made
from tests.sandbox.providers.aws.programs import PROGRAMS
from tests.sandbox.providers.aws.test_types import ON_A_MODEL, live

GROUP = "aws:codedeploy/deploymentGroup:DeploymentGroup"


class CodeDeploy:
    """Applications, groups and configurations as the API keeps them (CodeDeploy API reference)."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, dict[str, Any]]] = {"application": {}, "deployment_config": {}}
        self.groups: dict[tuple[str, str], dict[str, Any]] = {}

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        verb, _, noun = operation.partition("_")
        if noun == "deployment_group":
            return self.group(verb, dict(request))
        if noun in self.kept:
            return self.thing(verb, noun, request)
        return {"Tags": []} if verb == "list" else {}

    def thing(self, verb: str, noun: str, request: dict[str, Any]) -> dict[str, Any]:
        field = {"application": "application", "deployment_config": "deploymentConfig"}[noun]
        name, kept = request[f"{field}Name"], self.kept[noun]
        if verb == "create":
            if name in kept:
                raise AwsError(f"{name} exists", f"{field}AlreadyExistsException")
            kept[name] = {**request, f"{field}Id": f"id-of-{name}"}
            return {f"{field}Id": f"id-of-{name}"}
        if name not in kept:
            raise NotFoundError(f"no {name}", f"{field}DoesNotExistException")
        if verb == "delete":
            del kept[name]
            return {}
        return {"application": kept[name]} if noun == "application" else {"deploymentConfigInfo": kept[name]}

    def group(self, verb: str, request: dict[str, Any]) -> dict[str, Any]:
        name = request.pop("currentDeploymentGroupName", None) or request["deploymentGroupName"]
        key = (request["applicationName"], name)
        if verb == "create":
            platform = self.kept["application"][key[0]]["computePlatform"]
            self.groups[key] = {**request, "deploymentGroupId": "g-1", "computePlatform": platform}
            return {"deploymentGroupId": "g-1"}
        if key not in self.groups:
            raise NotFoundError(f"no {name}", "DeploymentGroupDoesNotExistException")
        if verb == "delete":
            del self.groups[key]
        if verb == "update":
            self.groups[key].update(request)
        return {"deploymentGroupInfo": self.groups[key]} if verb == "get" else {}


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> CodeDeploy:
    made, real = CodeDeploy(), Api.call

    def call(self: Api, service: str, operation: str, region: str = "", **request: Any) -> dict[str, Any]:
        if service != "codedeploy":
            return real(self, service, operation, region, **request)
        shape: Any = self.shapes(service, operation)[0]
        report = ParamValidator().validate(request, shape)
        assert not report.has_errors(), report.generate_report()
        return made.answer(operation, request)

    monkeypatch.setattr(Api, "call", call)
    return made


@pytest.mark.parametrize("token", ON_A_MODEL)
def test_life(provider: Harness, model: CodeDeploy, token: str) -> None:
    live(provider, token)
    assert not model.groups


def test_alarms_of_a_group_change_and_drift(provider: Harness, model: CodeDeploy) -> None:
    made = PROGRAMS[GROUP](provider)
    key = (made.state["appName"], "group")
    assert model.groups[key]["alarmConfiguration"]["alarms"] == [{"name": "one"}, {"name": "two"}]
    given = {name: value for name, value in made.inputs.items() if name != "__defaults"}

    changed = provider.update(made, **{**given, "alarmConfiguration": {"enabled": True, "alarms": ["three"]}})
    assert model.groups[key]["alarmConfiguration"]["alarms"] == [{"name": "three"}]
    bare = {name: value for name, value in given.items() if name != "alarmConfiguration"}
    provider.update(changed, **bare)
    assert model.groups[key]["alarmConfiguration"] == {"enabled": False, "alarms": []}

    found = provider.refresh(made)
    assert found is not None
    drifted = Made(made.urn, made.id, *found)
    assert list(provider.diff_checked(drifted, made.inputs).diffs) == ["alarmConfiguration"]
    assert list(provider.diff(made, **{**given, "appName": "other"}).replaces) == ["appName"]
