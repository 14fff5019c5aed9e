"""A store that was deleted by hand is a row of ``rollback status``."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from cli.health import stores
from guard.command import auditing
from guard.sightings import Sighting
from tests.cli.health.account import settings
from tests.guard.states import resource, state, urn

QUEUE, LOGS, FUNCTION = "aws:sqs/queue:Queue", "aws:cloudwatch/logGroup:LogGroup", "aws:lambda/function:Function"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
ROOT = "urn:pulumi:prod::rollback-stack::pulumi:pulumi:Stack::rollback-stack-prod"
SYSTEM = "urn:pulumi:prod::rollback-stack::rollback:systems:AsyncRag::async-rag"
ALL = state(
    {"urn": ROOT, "type": "pulumi:pulumi:Stack", "custom": False},
    {"urn": SYSTEM, "type": "rollback:systems:AsyncRag", "parent": ROOT, "custom": False},
    resource("jobs", parent=SYSTEM),
    resource("work", QUEUE, parent=SYSTEM),
    resource("claim", CLAIM, parent=ROOT),
    resource("code", FUNCTION, parent=ROOT),
)


def answered(monkeypatch: pytest.MonkeyPatch, *gone: str, unasked: dict[str, str] | None = None) -> None:
    """Account and cluster say of all but the ``gone`` that they are there."""

    def look(asked: Any, *_: Any) -> tuple[dict[str, Sighting], dict[str, str]]:
        found = {each.urn: Sighting(there=each.name not in gone) for each in asked if not each.type.startswith("kube")}
        return {name: seen for name, seen in found.items() if name not in (unasked or {})}, unasked or {}

    def clusters(asked: Any, _: Any) -> tuple[dict[str, Sighting], dict[str, str]]:
        return {each.urn: Sighting(there=each.name not in gone) for each in asked if each.type.startswith("kube")}, {}

    monkeypatch.setattr(stores, "account", lambda _: "1")
    monkeypatch.setattr(auditing, "look", look)
    monkeypatch.setattr("guard.clusters.look", clusters)
    monkeypatch.setattr(stores, "restoring", lambda store, *_: f"`restore {store.name}`")


def test_stores_that_are_there_are_a_row_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    answered(monkeypatch)
    found = stores.row(settings(), ALL)
    assert found is not None
    assert (found.system, found.deployed, found.runs, found.differs) == ("stores", "3", "there", False)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("jobs", "async-rag: the table jobs isn't there any more"),
        ("work", "async-rag: the queue work isn't there any more"),
        ("claim", "shared: the "),
    ],
)
def test_a_store_that_was_deleted_by_hand_is_told_with_its_system_and_what_restores_it(
    monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    answered(monkeypatch, name)
    found = stores.row(settings(), ALL)
    assert found is not None
    assert (found.runs, found.differs) == ("1 missing", True)
    (line,) = found.drift
    assert line.startswith(said)
    assert line.endswith(f"restore it before any update makes an empty one: `restore {name}`")


def test_one_system_alone_is_asked_about_its_own_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    answered(monkeypatch, "claim")
    found = stores.row(settings(), ALL, "async-rag")
    assert found is not None
    assert (found.deployed, found.differs) == ("2", False)
    assert stores.row(settings(), ALL, "rag-api") is None
    assert stores.row(settings(), {}) is None


def test_what_nobody_could_be_asked_about_is_said_and_is_no_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    answered(monkeypatch, unasked={urn("jobs"): "jobs: denied"})
    found = stores.row(settings(), ALL)
    assert found is not None
    assert (found.runs, found.differs) == ("2 are there", False)
    assert found.notes == ("whether it is there isn't known: jobs: denied",)


def test_an_account_that_does_not_answer_is_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    monkeypatch.setattr(stores, "account", silent)
    found = stores.row(settings(), ALL)
    assert found is not None
    assert found.differs
    assert found.runs.startswith("can't be told: no account answers")
