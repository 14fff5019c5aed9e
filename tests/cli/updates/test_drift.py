"""Before an update: what drifted is read anew, other deployments are stopped, and a ringing alarm refuses."""

from __future__ import annotations

from typing import Any, cast

import pytest

from cli import engine as engine_of
from cli.health import shifts
from cli.health.serving import Drift, DriftedResource
from cli.pulumi_command import EngineError
from cli.updates import alarms as ringing
from cli.updates import drift as fixing
from core.state import STACK
from tests.cli.health.account import Account, settings

ALARM = {
    "AlarmName": "api-error-rate",
    "StateValue": "ALARM",
    "StateReason": "40 of 100",
    "ComparisonOperator": "GreaterThanThreshold",
    "Threshold": 5.0,
}


class Engine:
    """An engine that remembers what it was asked to read anew."""

    def __init__(self, account: Account) -> None:
        alias, other = account.arn("api"), account.arn("worker")
        self.refreshed: list[str] = []
        self._state = {
            "deployment": {
                "resources": [
                    {"type": STACK, "urn": "stack", "outputs": {"systems": {account.system: account.told}}},
                    {"type": "aws:lambda/alias:Alias", "urn": "urn:api", "id": "1", "outputs": {"arn": alias}},
                    {"type": "aws:lambda/alias:Alias", "urn": "urn:worker", "id": "2", "outputs": {"arn": other}},
                    {"type": "aws:lambda/function:Function", "urn": "urn:no", "id": "3", "outputs": {"arn": alias}},
                ]
            }
        }

    def state(self) -> dict[str, Any]:
        return self._state

    def refresh(self, urns: list[str]) -> None:
        self.refreshed += urns


def prepare(account: Account, monkeypatch: pytest.MonkeyPatch, **config: str) -> Engine:
    account.answer(monkeypatch)
    monkeypatch.setattr("cli.updates.alarms.client", vars(shifts)["client"])
    engine = Engine(account)
    fixing.prepare(cast(engine_of.Engine, engine), settings(**config), engine_of.Snapshot(engine.state(), []).outputs)
    return engine


def test_nothing_is_read_anew_where_nothing_drifted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepare(Account("security-assistant"), monkeypatch).refreshed == []
    assert capsys.readouterr().err == ""


def test_what_drifted_is_read_anew_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account = Account("security-assistant")
    account.split("api", "v1.2.2", 0.1)
    assert prepare(account, monkeypatch).refreshed == ["urn:api"]
    assert (
        "prod: not as the settings ask, this update puts it right: api sends 10 % of requests to v1.2.2"
        in capsys.readouterr().err
    )


def test_a_deployment_to_another_release_than_the_pinned_one_is_stopped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account = Account("security-assistant")
    account.split("api", "v1.3.0", 0.1)
    account.shifting("api", "d-1")
    prepare(account, monkeypatch)
    assert account.stopped == ["d-1"]
    assert "prod: deployment d-1 of api leads to v1.3.0: it is stopped and rolled back" in capsys.readouterr().err


def test_a_deployment_to_the_pinned_release_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account("security-assistant")
    account.split("api", "v1.3.0", 0.1)
    account.shifting("api", "d-1")
    account.shifting("worker", "d-2", creator="codeDeployRollback")
    prepare(account, monkeypatch, security_assistant__version="v1.3.0")
    assert account.stopped == []


def test_a_move_forward_is_refused_while_an_alarm_rings(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account("security-assistant")
    account.alarms = [ALARM]
    with pytest.raises(EngineError) as caught:
        prepare(account, monkeypatch, security_assistant__version="v1.3.0")
    assert str(caught.value) == (
        "api of security-assistant can't go forward to v1.3.0: alarm api-error-rate (40 of 100; rings at > 5), which "
        "would stop the deployment. Nothing was changed: see to the alarm first"
    )


@pytest.mark.parametrize(
    ("live", "version", "state"),
    [
        ("v1.2.3", "v1.2.2", "ALARM"),
        ("v1.3.0", "v1.2.3", "ALARM"),
        ("v1.2.3", "v1.2.3", "ALARM"),
        ("v1.2.3", "v1.3.0", "OK"),
    ],
)
def test_the_way_back_and_what_has_arrived_are_exempt_from_alarms(
    monkeypatch: pytest.MonkeyPatch, live: str, version: str, state: str
) -> None:
    account = Account("security-assistant", live)
    account.alarms = [{**ALARM, "StateValue": state}]
    prepare(account, monkeypatch, security_assistant__version=version)


def test_what_cannot_be_asked_refuses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import EndpointConnectionError

    def unreachable(*_: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    monkeypatch.setattr("cli.updates.alarms.client", unreachable)
    ringing.refuse(settings(), {"systems": {"security-assistant": Account("security-assistant").told}})


def test_a_resource_is_found_by_its_id_or_an_output() -> None:
    resources = [
        {"type": "a", "urn": "by-id", "id": "x", "outputs": {}},
        {"type": "a", "urn": "by-output", "outputs": {"name": "y"}},
        {"type": "b", "urn": "another", "id": "x", "outputs": {"name": "y"}},
    ]
    drift = Drift(
        "", "", (DriftedResource("a", "id", "x"), DriftedResource("a", "name", "y"), DriftedResource("a", "name", "z"))
    )
    assert fixing.urns_of({"deployment": {"resources": resources}}, [drift, drift]) == ["by-id", "by-output"]
    assert fixing.urns_of({}, [drift]) == []


def test_a_system_that_another_update_moved_meanwhile_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody was asked, and a pipeline on another machine deployed before the answer."""
    account = Account("security-assistant")
    account.answer(monkeypatch)
    engine = Engine(account)
    known = {"systems": {account.system: {**account.told, "release": "v1.2.1"}}}
    with pytest.raises(EngineError, match=r"has moved security-assistant from v1\.2\.1 to .* meanwhile"):
        fixing.prepare(cast(engine_of.Engine, engine), settings(), known)
    assert engine.refreshed == []
