"""What a creation that was under way has made, and what was there before it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes.dynamic import exceptions

from cli import killed_updates as interrupted
from cli.killed_updates.cluster import Cluster
from tests.cli.killed_updates.states import resource, state

REGION = "us-east-1"
QUEUE = "aws:sqs/queue:Queue"
API = "aws:apigateway/restApi:RestApi"
INTEGRATION = "aws:apigatewayv2/integration:Integration"


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the account has: name -> import ids, the newest first."""
    account: dict[str, list[str]] = {}

    def look(inputs: Any, _account: Any) -> list[str]:
        return account.get(str(inputs.get("name")), [])

    for kind in (QUEUE, API, INTEGRATION):
        monkeypatch.setitem(interrupted.FINDERS, kind, look)
    return account


def found(known: list[dict[str, Any]], under_way: list[dict[str, Any]]) -> dict[str, str]:
    return interrupted.existing(state(known, under_way), REGION)


def test_what_exists_is_found(there: dict[str, list[str]]) -> None:
    there["a"] = ["url-of-a"]
    assert found([], [resource("a"), resource("b")]) == {"urn:a": "url-of-a"}


def test_what_was_to_be_replaced_by_one_of_its_own_name_is_not_its_successor(there: dict[str, list[str]]) -> None:
    there["a"] = ["url-of-a"]
    assert found([resource("a", id="url-of-a")], [resource("a")]) == {}
    # A provider's id may have another form than the import id.
    assert found([resource("a", id="12345678")], [resource("a")]) == {}
    renamed = {**resource("a"), "urn": "urn:renamed"}
    assert found([resource("a", id="url-of-a")], [renamed]) == {}


def test_what_was_deleted_to_make_room_is_not_there_any_more(there: dict[str, list[str]]) -> None:
    there["a"] = ["url-of-a"]
    gone = resource("a", id="url-of-a", pendingReplacement=True)
    assert found([gone], [resource("a")]) == {"urn:a": "url-of-a"}


def test_of_things_that_may_be_there_twice_the_newest_counts(there: dict[str, list[str]]) -> None:
    there["a"] = ["new", "old"]
    assert found([resource("a", id="old", type=API)], [resource("a", type=API)]) == {"urn:a": "new"}


def test_where_the_newest_is_known_already_nothing_was_made(there: dict[str, list[str]]) -> None:
    there["a"] = ["known", "left-behind"]
    assert found([resource("a", id="known", type=API)], [resource("a", type=API)]) == {}


def test_an_import_id_may_begin_with_what_the_thing_lies_in(there: dict[str, list[str]]) -> None:
    there["a"] = ["api/known"]
    assert found([resource("a", id="known", type=INTEGRATION)], [resource("b", type=INTEGRATION)]) == {}
    assert found([resource("a", id="known", type=INTEGRATION)], [resource("a", type=INTEGRATION)]) == {}


def test_two_that_are_alike_get_one_each(there: dict[str, list[str]]) -> None:
    there["a"] = ["api/two", "api/one"]
    alike = [{**resource("a", type=INTEGRATION), "urn": f"urn:{number}"} for number in range(3)]
    assert found([], alike) == {"urn:0": "api/two", "urn:1": "api/one"}


def test_things_of_other_types_may_have_the_same_id(there: dict[str, list[str]]) -> None:
    there["a"] = ["a"]
    assert found([resource("a", id="a", type=API)], [resource("a")]) == {"urn:a": "a"}


class FakeApi:
    """The cluster's API with one object of a kind."""

    resources = SimpleNamespace(get=lambda api_version, kind: kind)

    def get(self, kind: str, name: str, namespace: str | None) -> None:
        if (kind, name) not in (("Secret", "pull"), ("Namespace", "dev")):
            raise exceptions.NotFoundError(SimpleNamespace(status=404, reason="", body="", headers={}))


def test_objects_of_the_cluster_are_found_by_kind_and_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cluster, "api", FakeApi())

    def find(kind: str, **metadata: str) -> str | None:
        return interrupted.find(f"kubernetes:core/v1:{kind}", {"kind": kind, "metadata": metadata, **V1}, REGION)

    assert find("Secret", name="pull", namespace="dev") == "dev/pull"
    assert find("Namespace", name="dev") == "dev"
    assert find("Secret", name="other", namespace="dev") is None
    assert find("Secret", generateName="pull-", namespace="dev") is None


V1 = {"apiVersion": "v1"}
