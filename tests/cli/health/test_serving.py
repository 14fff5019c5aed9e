"""What is said of each way in which users get something else than what is pinned; nothing is, where they don't."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli.health import SYSTEMS, logs, rag_api
from cli.health.serving import Serving, nearest
from stacks.rag_api import RagApiRelease
from stacks.releases import load
from tests.cli.health.account import Account, chosen, settings

ALARM = {
    "AlarmName": "api-error-rate",
    "StateValue": "ALARM",
    "StateReason": "Threshold Crossed: 2 datapoints [40.0, 38.5] were greater than the threshold (5.0).",
    "ComparisonOperator": "GreaterThanThreshold",
    "Threshold": 5.0,
}


def look(account: Account, monkeypatch: pytest.MonkeyPatch, **config: str) -> Serving:
    account.answer(monkeypatch)
    given = settings(**config)
    return SYSTEMS[account.system].serving(chosen(account.system, given), account.told, given)


def whats(found: Serving) -> list[str]:
    return [each.what for each in found.drift]


@pytest.mark.parametrize("system", ["async-rag", "compaction", "security-assistant"])
def test_a_system_at_its_release_is_that_release_and_nothing_more(monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    assert look(Account(system), monkeypatch) == Serving("v1.2.3", "v1.2.3", as_asked=True)


def test_weights_that_nobody_shifts_were_set_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account("security-assistant")
    account.split("api", "v1.3.0", 0.1)
    found = look(account, monkeypatch)
    assert found.release is None
    assert found.text == "worker serves v1.2.3; api sends 10 % of requests to v1.3.0, the rest to v1.2.3"
    assert not found.as_asked
    (drift,) = found.drift
    assert drift.line("prod") == (
        "api sends 10 % of requests to v1.3.0, the rest to v1.2.3, and no deployment moves it (weights set by hand): "
        "`rollback up -s prod` fixes it"
    )
    assert [(each.type, each.value) for each in drift.resources] == [("aws:lambda/alias:Alias", account.arn("api"))]


def test_a_deployment_that_is_under_way_goes_on_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account("security-assistant")
    account.split("api", "v1.3.0", 0.1)
    account.shifting("api", "d-1")
    found = look(account, monkeypatch)
    assert found.release is None
    (drift,) = found.moving
    assert found.drift == ()
    assert drift.line("prod") == (
        "deployment d-1 of api is under way (CodeDeploy, InProgress since 07:13:34 UTC): it goes on by "
        "itself; let it end, or `aws deploy stop-deployment --deployment-id d-1 --auto-rollback-enabled` takes it back"
    )


def test_one_function_stopped_by_its_alarm_while_the_other_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account("security-assistant", "v1.2.2")
    account.alarms = [ALARM]
    account.split("worker", "v1.3.0", 0.1)
    account.shifting("worker", "d-1")
    error = {"code": "ALARM_ACTIVE", "message": "One or more alarms\nhave been activated: <api-error-rate>"}
    account.shifting("api", "d-2", status="Stopped", errorInformation=error)
    back = {"rollbackTriggeringDeploymentId": "d-2"}
    account.shifting("api", "d-3", status="Succeeded", creator="codeDeployRollback", rollbackInfo=back)
    found = look(account, monkeypatch, security_assistant__version="v1.3.0")
    assert found.text == "api serves v1.2.2; worker sends 10 % of requests to v1.3.0, the rest to v1.2.2"
    assert [each.what.split(" is under way")[0] for each in found.moving] == ["deployment d-1 of worker"]
    assert found.drift == ()
    assert found.failures == (
        "deployment d-2 of api was stopped: One or more alarms have been activated: <api-error-rate>; alarm "
        "api-error-rate (Threshold Crossed: 2 datapoints [40.0, 38.5] were greater than the threshold (5.0); "
        "rings at > 5)",
    )


@pytest.mark.parametrize(
    ("system", "name", "release", "text"),
    [
        ("async-rag", "query_handler", "v1.2.2", "8 functions serve v1.2.3; query_handler serves v1.2.2"),
        ("async-rag", "query_handler", "", "8 functions serve v1.2.3; query_handler serves code of no release"),
        (
            "compaction",
            "label_handler",
            "v1.3.0",
            "enhanced_compaction_handler, metadata_handler, stream_processor serve v1.2.3; label_handler serves v1.3.0",
        ),
    ],
)
def test_other_code_is_called_by_its_release(
    monkeypatch: pytest.MonkeyPatch, system: str, name: str, release: str, text: str
) -> None:
    account = Account(system)
    account.versions[name, "1"] = release
    found = look(account, monkeypatch)
    assert found.release is None
    assert found.text.removesuffix(" (version 1)") == text
    assert not found.as_asked
    assert [each.endswith(", and v1.2.3 was deployed") for each in whats(found)] == [True]


def test_a_whole_system_at_another_release_is_that_release(monkeypatch: pytest.MonkeyPatch) -> None:
    found = look(Account("async-rag", "v1.2.2"), monkeypatch)
    assert (found.release, found.text, found.as_asked) == ("v1.2.2", "v1.2.2", False)


def test_code_that_releases_share_is_the_one_it_was_published_for(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account("async-rag", "v1.2.2")
    account.told_release["process_document_for_rag", "1"] = "v1.2.1"
    found = look(account, monkeypatch, async_rag__version="v1.2.2")
    assert found.release is None
    assert "process_document_for_rag serves v1.2.1" in found.text


@pytest.mark.parametrize(
    ("system", "name", "state", "said"),
    [
        (
            "compaction",
            "label_handler",
            "Disabled",
            "the consumer of label_handler is disabled: label_handler-queue fills",
        ),
        ("compaction", "stream_processor", "Disabling", "the consumer of stream_processor is disabled"),
        ("async-rag", "vdr_processor", "Disabled", "the consumer of vdr_processor is disabled"),
        ("security-assistant", "worker", "Disabled", "the consumer of worker is disabled"),
        ("security-assistant", "worker", "", "worker has no consumer: its events wait"),
    ],
)
def test_a_consumer_that_is_off(monkeypatch: pytest.MonkeyPatch, system: str, name: str, state: str, said: str) -> None:
    account = Account(system)
    account.consumers[name] = state
    found = look(account, monkeypatch)
    assert [each.startswith(said) for each in whats(found)] == [True]
    assert found.drift[0].resources
    assert found.release == "v1.2.3"


def test_reserved_concurrency_of_0_stops_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account("async-rag")
    account.concurrency = {"query_handler": 0, "vdr_processor": 5}
    (drift,) = look(account, monkeypatch).drift
    assert drift.line("prod") == (
        "query_handler answers nothing: its reserved concurrency is 0: "
        "`aws lambda delete-function-concurrency --function-name async-rag-query_handler-prod`"
    )


@pytest.mark.parametrize(
    ("rate", "stopped", "said"),
    [
        (0.0, "false", ["the API answers nothing: its stage is throttled to 0"]),
        (7.0, "false", ["the API lets 7 requests a second through; the settings ask for 100"]),
        (None, "false", ["the API has no limit; the settings ask for 100"]),
        (100.0, "true", ["the API lets 100 requests a second through; the settings ask for 0"]),
        (0.0, "true", []),
    ],
)
def test_what_the_api_lets_through(
    monkeypatch: pytest.MonkeyPatch, rate: float | None, stopped: str, said: list[str]
) -> None:
    account = Account("security-assistant")
    account.rate = rate
    account.consumers["worker"] = "Disabled" if stopped == "true" else "Enabled"
    found = look(account, monkeypatch, security_assistant__stopped=stopped)
    assert whats(found) == said
    notes = ("stopped: API and worker take nothing (security-assistant:stopped)",) if stopped == "true" else ()
    assert found.notes == notes


@pytest.mark.parametrize(
    ("uploads", "route", "said"),
    [
        (["process_document_for_rag"], "async", "take the legacy route; the settings ask for the async route"),
        ([], "async", "take no route: nothing reads them; the settings ask for the async route"),
        (["other"], "async", "take arn:aws:lambda:us-east-1:1:function:async-rag-other-prod:live; the settings"),
        (["async_document_processor"], "legacy", "take the async route; the settings ask for the legacy route"),
        (["process_document_for_rag"], "legacy", ""),
    ],
)
def test_the_way_of_uploads(monkeypatch: pytest.MonkeyPatch, uploads: list[str], route: str, said: str) -> None:
    account = Account("async-rag")
    account.uploads = uploads
    if route == "legacy":
        account.consumers.update(vdr_processor="Disabled", text_rag_processor="Disabled")
    found = look(account, monkeypatch, async_rag__route=route)
    assert [said in each for each in whats(found)] == ([True] if said else [])
    assert found.notes == (("uploads take the legacy route (async-rag:route)",) if route == "legacy" else ())


def test_handlers_of_another_release_are_as_asked_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account("compaction", "v1.2.2")
    found = look(account, monkeypatch, compaction__handlersFrom="v1.2.2")
    assert found.as_asked
    assert found.drift == ()
    assert found.text == "v1.2.3 with handlers of v1.2.2"
    assert found.notes == ("the handlers are those of v1.2.2 (compaction:handlersFrom), the package is v1.2.3's",)


def test_handlers_of_another_release_that_nobody_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    found: Any = look(Account("compaction", "v1.3.0"), monkeypatch)
    assert (found.release, found.as_asked) == ("v1.3.0", False)
    assert len(found.drift) == 4


def test_handlers_that_the_next_update_changes_were_not_changed_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account("compaction", "v1.2.2")
    account.answer(monkeypatch)
    given = settings()
    told = {**account.told, "handlers": "v1.2.2"}
    found = SYSTEMS["compaction"].serving(chosen("compaction", given), told, given)
    assert (found.release, found.as_asked, found.drift) == ("v1.2.2", False, ())


@pytest.mark.parametrize(
    ("fitting", "meant", "name"),
    [
        (["v1.2.2", "v1.4.0"], ("v1.2.3", "v1.2.2"), "v1.2.2"),
        (["v1.2.2", "v1.4.0"], ("v1.4.0", "v1.2.2"), "v1.4.0"),
        (["v1.2.2", "v1.4.0"], ("v1.2.3",), "v1.4.0"),
        ([], ("v1.2.3",), None),
    ],
)
def test_of_several_releases_that_bring_the_same_the_one_that_is_meant_is_named(
    fitting: list[str], meant: tuple[str, ...], name: str | None
) -> None:
    assert nearest(fitting, *meant) == name


def test_an_image_that_two_releases_share_is_called_by_the_one_that_was_deployed() -> None:
    old, new = (load(version).systems.of(RagApiRelease) for version in ("v1.2.3", "v1.4.0"))
    assert old is not None
    assert new is not None
    assert old.image == new.image, "this test needs two releases with one image"
    meant = rag_api._meant(chosen("rag-api", settings(rag_api__version="v1.2.2")), None, {"release": "v1.2.3"})
    assert rag_api._release(old.image, meant) == "v1.2.3"


@pytest.mark.parametrize(("local", "kept"), [(True, True), (True, False), (False, True)])
def test_the_logs_of_pods_are_where_they_are_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, local: bool, kept: bool
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1" if local else "")
    monkeypatch.chdir(tmp_path)
    if kept:
        (tmp_path / "mesh" / "logs").mkdir(parents=True)
    said = logs("rag-api", {"namespace": "production"})
    assert said is not None
    if local and kept:
        assert "`tail -n 20 mesh/logs/production.rag-api-*.log`" in said
    else:
        assert "`kubectl -n production logs -l app=rag-api --prefix --tail 50`" in said


def test_the_logs_of_functions_that_shift_are_named_and_others_have_no_single_command() -> None:
    told = Account("security-assistant").told
    assert logs("security-assistant", told) == (
        "`aws logs tail /aws/lambda/security-assistant-api-prod`, "
        "`aws logs tail /aws/lambda/security-assistant-worker-prod`"
    )
    assert logs("compaction", told) is None
    assert logs("rag-api", {}) is None
    assert logs("shared", told) is None
