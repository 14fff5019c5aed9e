"""Status never fails: what one system runs into is its row, and the others are shown."""

from __future__ import annotations

import urllib.error
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from kubernetes.client import ApiException
from urllib3.exceptions import MaxRetryError

from cli.health import status as running
from cli.health.serving import Drift, Serving
from cli.health.status import complaint, look
from cli.tables import systems_table
from core.model import ConfigurationError
from tests.cli.health.account import settings

PIN = "v1.2.3"
GOOD = Serving(PIN, PIN, as_asked=True)
CANARY = Serving(None, "80 % v1.2.3, 20 % v1.2.2", as_asked=True, notes=("a canary",))
DRIFT = Drift("weights were set by hand")


def systems(monkeypatch: pytest.MonkeyPatch, **found: Serving | Exception) -> dict[str, Any]:
    """Systems that answer so (``rag_api`` for ``rag-api``); the stack's outputs."""

    def module(answer: Serving | Exception) -> Any:
        def serving(*_: Any) -> Serving:
            if isinstance(answer, Exception):
                raise answer
            return answer

        return SimpleNamespace(serving=serving, look=lambda told: f"look {told['release']}")

    named = {name.replace("_", "-"): module(answer) for name, answer in found.items()}
    monkeypatch.setattr(running, "SYSTEMS", named)
    told = {"release": PIN, "health": "http://here/health", "endpoints": {}}
    return {"systems": dict.fromkeys(named, told)}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (urllib.error.URLError(ConnectionRefusedError(111, "Connection refused")), "Connection refused"),
        (urllib.error.HTTPError("http://here/health", 502, "Bad Gateway", None, None), "answers with 502 Bad Gateway"),  # type: ignore[arg-type]
        (ApiException(404, "Not Found"), "says: 404 Not Found"),
        (MaxRetryError(None, "/", None), "doesn't answer"),  # type: ignore[arg-type]
        (ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "gone"}}, "GetAlias"), "gone"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "no account answers"),
        (KeyError("deploymentGroups"), "the last update left no 'deploymentGroups' in the stack's outputs"),
        (ConfigurationError("release v1.2.3 has no cryptique"), "release v1.2.3 has no cryptique"),
        (TimeoutError("timed out"), "TimeoutError: timed out"),
        (ValueError("two\nlines"), "ValueError: two lines"),
        (AssertionError(), "AssertionError"),
    ],
)
def test_what_one_system_runs_into_is_its_row(monkeypatch: pytest.MonkeyPatch, error: Exception, said: str) -> None:
    outputs = systems(monkeypatch, cryptique=error, compaction=GOOD)
    good, bad = sorted(look(settings(), outputs), key=lambda row: row.system)
    assert (good.release, good.runs, good.differs) == (PIN, PIN, False)
    assert bad.release is None
    assert bad.differs
    assert bad.runs.startswith("can't be told: ")
    assert said in bad.runs
    assert "\n" not in bad.runs
    assert complaint("prod", [good, bad]).startswith("what cryptique runs can't be told: ")


def test_a_pin_that_is_no_release_is_the_row_of_its_system(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = systems(monkeypatch, cryptique=GOOD, compaction=GOOD)
    rows = {row.system: row for row in look(settings(cryptique__version="v9.9.9"), outputs)}
    assert rows["cryptique"].runs.startswith("can't be told: ")
    assert "v9.9.9" in rows["cryptique"].runs
    assert not rows["compaction"].differs


def test_a_system_without_outputs_is_a_row_too(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = systems(monkeypatch, cryptique=KeyError("health"))
    (row,) = look(settings(), {"systems": dict.fromkeys(outputs["systems"])})
    assert (row.deployed, dict(row.addresses), row.look) == ("unknown", {}, "")


def test_one_system_alone_is_all_that_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = systems(monkeypatch, cryptique=RuntimeError("asked"), compaction=GOOD)
    assert [row.system for row in look(settings(), outputs, "compaction")] == ["compaction"]


@pytest.mark.parametrize(
    ("found", "differs", "runs"),
    [
        (GOOD, False, "v1.2.3"),
        (CANARY, False, "80 % v1.2.3, 20 % v1.2.2"),
        (Serving("v1.2.2", "v1.2.2", as_asked=False), True, "v1.2.2"),
        (Serving(PIN, PIN, as_asked=True, drift=(DRIFT,)), True, "v1.2.3"),
        (Serving(PIN, PIN, as_asked=True, failures=("d-1 failed",)), False, "v1.2.3"),
    ],
)
def test_what_a_system_runs(monkeypatch: pytest.MonkeyPatch, found: Serving, differs: bool, runs: str) -> None:
    outputs = systems(monkeypatch, compaction=found)
    (row,) = look(settings(), outputs)
    assert (row.differs, row.runs) == (differs, runs)
    assert row.drift == tuple(each.line("prod") for each in found.drift)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Serving(PIN, PIN, as_asked=True, drift=(DRIFT,)), "weights were set by hand: `rollback up -s prod` fixes it"),
        (
            Serving("v1.2.2", "v1.2.2", as_asked=False),
            "compaction doesn't run v1.2.3, which is pinned, but v1.2.2: `pulumi up -s prod --config "
            "compaction:republish=true` publishes its code anew",
        ),
    ],
)
def test_what_an_update_that_ended_well_left_is_an_error_with_its_mend(
    monkeypatch: pytest.MonkeyPatch, found: Serving, said: str
) -> None:
    assert said in complaint("prod", look(settings(), systems(monkeypatch, compaction=found)))


MOVING = Drift("deployment d-1 of api is under way", "it goes on by itself; `stop` takes it back")


@pytest.mark.parametrize(
    ("by", "moving", "drift"),
    [
        (
            None,
            (f"{MOVING.what}: {MOVING.fix}",),
            ("weights were set by hand: `rollback up -s prod` fixes it",),
        ),
        (
            "the update of pid 7, `rollback deploy v1.3.0 -s prod`",
            (
                f"{MOVING.what}: the update of pid 7, `rollback deploy v1.3.0 -s prod`",
                "weights were set by hand: the update of pid 7, `rollback deploy v1.3.0 -s prod`",
            ),
            (),
        ),
    ],
)
def test_what_an_update_does_just_now_is_nobodys_drift(
    monkeypatch: pytest.MonkeyPatch, by: str | None, moving: tuple[str, ...], drift: tuple[str, ...]
) -> None:
    found = Serving(None, "10 % of requests to v1.3.0", as_asked=False, drift=(DRIFT,), moving=(MOVING,))
    (row,) = look(settings(), systems(monkeypatch, compaction=found), by=by)
    assert (row.moving, row.drift, row.differs) == (moving, drift, True)


def test_a_deployment_that_goes_on_after_an_update_is_what_is_complained_of(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Serving(PIN, PIN, as_asked=True, moving=(MOVING,))
    said = complaint("prod", look(settings(), systems(monkeypatch, compaction=found)))
    assert said == f"compaction isn't settled: {MOVING.what}: {MOVING.fix}"


def test_the_table_shows_drift_and_settings_in_plain_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drifted = Serving(None, "code [of] no release", as_asked=False, drift=(DRIFT,), failures=("d-1 was stopped",))
    systems_table(look(settings(), systems(monkeypatch, compaction=drifted, cryptique=CANARY)))
    said = capsys.readouterr().out
    assert "code [of] no release" in said
    assert "  drift      weights were set by hand: `rollback up -s prod` fixes it" in said
    assert "  failed     d-1 was stopped" in said
    assert "  by setting a canary" in said


def test_a_row_is_what_machines_read(monkeypatch: pytest.MonkeyPatch) -> None:
    (row,) = look(settings(), systems(monkeypatch, compaction=CANARY))
    assert row.as_dict() == {
        "system": "compaction",
        "pinned": PIN,
        "deployed": PIN,
        "release": None,
        "runs": "80 % v1.2.3, 20 % v1.2.2",
        "drift": [],
        "moving": [],
        "notes": ["a canary"],
        "failures": [],
        "addresses": {"health": "http://here/health"},
        "look": "look v1.2.3",
        "differs": False,
    }
