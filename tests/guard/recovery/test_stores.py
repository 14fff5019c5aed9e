from __future__ import annotations

from typing import Any

import pytest

from core.errors import ServiceError
from guard.durable import Kind
from guard.recovery.stores import choose, stores
from tests.guard.recovery.conftest import TOKENS, store
from tests.sandbox.account.conftest import REGION


def resource(kind: str, name: str, **more: Any) -> dict[str, Any]:
    urn = f"urn:pulumi:prod::rollback-stack::{TOKENS[kind]}::{name}"
    return {"urn": urn, "type": TOKENS[kind], "custom": True, "id": name, **more}


def state(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"version": 3, "deployment": {"resources": list(resources)}}


def test_names_come_from_inputs_or_outputs_or_the_id() -> None:
    found = stores(
        state(
            resource("table", "jobs", inputs={"name": "jobs-prod"}),
            resource("bucket", "files", inputs={"bucketPrefix": "files-"}, outputs={"bucket": "files-1234"}),
            resource("host", "app", inputs={"tags": {"Name": "cryptique"}}),
            resource("volume", "vol-1", inputs={"tags": {}}),
            resource("table", "far", inputs={"name": "far-prod", "region": "eu-west-1"}),
            resource("namespace", "production", inputs={"metadata": {"name": "production"}}),
            {"urn": "urn:pulumi:prod::p::aws:sns/topic:Topic::t", "type": "aws:sns/topic:Topic", "custom": True},
        ),
        REGION,
    )
    assert [(each.kind, each.name, each.region) for each in found] == [
        (Kind.HOST, "cryptique", REGION),
        (Kind.TABLE, "far-prod", "eu-west-1"),
        (Kind.BUCKET, "files-1234", REGION),
        (Kind.TABLE, "jobs-prod", REGION),
        (Kind.NAMESPACE, "production", REGION),
        (Kind.VOLUME, "vol-1", REGION),
    ]


def test_what_is_only_read_is_no_store_and_an_empty_state_has_none() -> None:
    read = resource("namespace", "kube-system", inputs={"metadata": {"name": "kube-system"}}, external=True)
    assert stores(state(read), REGION) == []
    assert stores({"version": 3, "deployment": None}, REGION) == []


def test_a_store_without_a_name_is_an_error() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "x"}
    with pytest.raises(ServiceError, match="the state names no name for urn:pulumi:prod"):
        stores(state(resource("table", "jobs", inputs={"name": secret}, id="")), REGION)


def test_a_store_is_chosen_by_name_or_urn() -> None:
    bucket, belt, table = store("bucket", "files"), store("belt", "files"), store("table", "jobs-prod")
    known = [bucket, belt, table]
    assert choose(known, "jobs-prod") == table
    assert choose(known, belt.urn) == belt
    assert choose(known, "files") == bucket, "the store, not the belt on it"


@pytest.mark.parametrize(
    ("known", "word", "said"),
    [
        ([store("table", "jobs-prod"), store("table", "receipts-prod")], "job-prod", "nearest: jobs-prod"),
        ([store("table", "jobs")], "", "no store ''; nearest: jobs"),
        ([], "jobs", "has no durable stores yet"),
        (
            [store("table", "same"), store("secret", "same")],
            "same",
            "is the name of 2 stores, give --region or a URN: table urn",
        ),
    ],
)
def test_a_wrong_name_gets_one_line(known: list[Any], word: str, said: str) -> None:
    with pytest.raises(ServiceError) as error:
        choose(known, word)
    assert said in str(error.value)
    assert len(str(error.value).splitlines()) == 1
