"""What the last update left: read past the moments at which the engine writes it, sorted into stores and systems."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from guard.plan import compare
from guard.previous import READS, Previous, previous, read_previous
from tests.guard.declaring import run

STACK = "urn:pulumi:prod::p::pulumi:pulumi:Stack::p-prod"
SYSTEM = "test:systems:Billing"
BUCKET = "aws:s3/bucket:Bucket"


def urn(kinds: str, name: str) -> str:
    return f"urn:pulumi:prod::p::{kinds}::{name}"


def resource(kind: str, **outputs: Any) -> dict[str, Any]:
    return {"type": kind, "outputs": outputs}


STATE = {
    STACK: resource("pulumi:pulumi:Stack", guard={"read": [urn("kubernetes:core/v1:Namespace", "home")]}, version="v1"),
    urn(SYSTEM, "billing"): resource(SYSTEM),
    urn(f"{SYSTEM}$aws:dynamodb/table:Table", "receipts"): resource(
        "aws:dynamodb/table:Table", name="receipts-prod", hashKey="id", arn="arn"
    ),
    urn(f"{SYSTEM}${BUCKET}", "papers"): resource(BUCKET, bucket="papers-prod", id="papers-prod"),
    urn(f"{SYSTEM}${BUCKET}$aws:s3/bucketVersioning:BucketVersioning", "kept"): resource(
        "aws:s3/bucketVersioning:BucketVersioning", bucket="papers-prod"
    ),
    urn("kubernetes:core/v1:Namespace", "home"): resource("kubernetes:core/v1:Namespace", metadata={"name": "home"}),
    urn("rollback:guard:Plan", "rollback-plan"): resource("rollback:guard:Plan", durable=3.0),
}


class Backend:
    """Answers with an error so many times, then with the resources."""

    def __init__(self, failures: int, error: str, resources: dict[str, Any]) -> None:
        self.failures, self.error, self.asked, self.resources = failures, error, 0, resources

    def invoke(self, token: str, given: dict[str, Any]) -> SimpleNamespace:
        assert token == "pulumi:pulumi:readStackResourceOutputs"
        self.asked += 1
        if self.asked <= self.failures:
            raise Exception(self.error)
        return SimpleNamespace(value={"name": given["stackName"], "outputs": self.resources})


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Any:
    def read(backend: Backend) -> Previous:
        monkeypatch.setattr(pulumi.runtime, "invoke", backend.invoke)
        return read_previous()

    return read


def test_a_state_that_is_being_written_is_read_again(read: Any) -> None:
    backend = Backend(READS - 1, "invoke failed: failed to load checkpoint: EOF", STATE)
    assert read(backend).outputs["version"] == "v1"
    assert backend.asked == READS


def test_a_state_that_can_never_be_read_is_one_line_in_the_end(read: Any) -> None:
    with pytest.raises(pulumi.RunError, match=r"^invoke failed: failed to load checkpoint: EOF$"):
        read(Backend(READS, "invoke failed:\n  failed to load checkpoint: EOF", STATE))


def test_any_other_error_ends_it_at_once(read: Any) -> None:
    backend = Backend(1, "invoke failed: no such stack", STATE)
    with pytest.raises(pulumi.RunError, match="no such stack"):
        read(backend)
    assert backend.asked == 1


def test_before_the_first_update_there_is_nothing(read: Any) -> None:
    assert read(Backend(0, "", {})) == Previous()


def test_stores_are_those_of_the_stack_with_what_makes_them_one() -> None:
    stores = {store.name: store for store in previous(STATE).stores.values()}
    assert set(stores) == {"receipts-prod", "papers-prod"}
    table = previous(STATE).stores[urn(f"{SYSTEM}$aws:dynamodb/table:Table", "receipts")]
    assert (table.system, dict(table.identity)) == ("billing", {"name": "receipts-prod", "hashKey": "id"})
    belt = previous(STATE).stores[urn(f"{SYSTEM}${BUCKET}$aws:s3/bucketVersioning:BucketVersioning", "kept")]
    assert belt.owner == urn(f"{SYSTEM}${BUCKET}", "papers")


def test_a_store_that_was_adopted_and_not_read_yet_is_known_by_its_name_in_the_program() -> None:
    address = urn("aws:dynamodb/table:Table", "adopted")
    (store,) = previous({address: {"type": "aws:dynamodb/table:Table"}}).stores.values()
    assert (store.urn, store.name, dict(store.identity)) == (address, "adopted", {})


def test_what_was_only_read_is_no_store() -> None:
    assert urn("kubernetes:core/v1:Namespace", "home") not in previous(STATE).stores


def test_resources_are_counted_by_system_and_the_plan_isnt_one() -> None:
    found = previous(STATE)
    assert {name: len(urns) for name, urns in found.systems.items()} == {"billing": 4, "shared": 1}
    assert found.plan == {"durable": 3.0}


def test_types_that_nobody_has_reviewed_are_stores_and_components_are_none() -> None:
    custom, component = urn("pulumi-python:dynamic:Resource", "ledger"), urn("other:index:Website", "site")
    provider = urn("pulumi:providers:pulumi-python", "default")
    state = {
        custom: resource("pulumi-python:dynamic:Resource", name="ledger-1"),
        component: resource("other:index:Website"),
        provider: resource("pulumi:providers:pulumi-python"),
        urn("aws:newservice/store:Store", "new"): resource("aws:newservice/store:Store"),
        urn("aws:iam/role:Role", "role"): resource("aws:iam/role:Role"),
    }
    assert {store.name for store in previous(state).stores.values()} == {"ledger-1", "new"}


CLUSTER, NODES, TABLE = "eks:index:Cluster", "eks:index:NodeGroup", "aws:dynamodb/table:Table"
REMOTE = {
    urn("pulumi:providers:eks", "default"): resource("pulumi:providers:eks"),
    urn(CLUSTER, "shop"): resource(CLUSTER, kubeconfig="text"),
    urn(f"{CLUSTER}${NODES}", "nodes"): resource(NODES),
    urn(f"{CLUSTER}${TABLE}", "locks"): resource(TABLE, id="locks", name="locks", region="us-east-1"),
}


def noted(*urns: str) -> dict[str, Any]:
    return {**REMOTE, STACK: resource("pulumi:pulumi:Stack", guard={"remote": list(urns)})}


def test_components_of_a_package_are_no_stores_and_what_they_made_is_one() -> None:
    assert {store.name for store in previous(noted(urn(CLUSTER, "shop"))).stores.values()} == {"locks"}


def gone(before: Previous, *, there: bool, tmp_path: Path) -> list[str]:
    """The stores that a program takes away, which declares the component or doesn't."""
    program = run(
        before, lambda: pulumi.ComponentResource(CLUSTER, "shop", {}, remote=True) if there else None, tmp_path
    )
    return [store.name for store in compare(before, program.changes.declared).removed]


@pytest.mark.parametrize("before", [noted(urn(CLUSTER, "shop")), REMOTE], ids=["noted", "before it was noted"])
def test_while_a_component_is_there_so_is_what_it_made(before: dict[str, Any], tmp_path: Path) -> None:
    assert gone(previous(before), there=True, tmp_path=tmp_path) == []


def test_with_a_component_go_the_stores_that_it_made(tmp_path: Path) -> None:
    assert gone(previous(noted(urn(CLUSTER, "shop"))), there=False, tmp_path=tmp_path) == ["locks"]


def test_of_two_components_the_one_that_goes_may_be_the_one_that_made_it(tmp_path: Path) -> None:
    both = {**noted(urn(CLUSTER, "shop"), urn(CLUSTER, "lab")), urn(CLUSTER, "lab"): resource(CLUSTER)}
    assert gone(previous(both), there=True, tmp_path=tmp_path) == ["locks"]
