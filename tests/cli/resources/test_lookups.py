"""Every type that can be looked for: found by what the program says of it, by the id that pulumi-aws documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.resources import LOOKUPS, Account, find
from cli.takeover.adoption import OWN
from tests.cli.resources.contents import (
    API,
    CASES,
    FUNCTION,
    GATEWAY,
    GRANT,
    QUEUE_ARN,
    account_with_everything,
    has_the_documented_form,
    known,
)

pytestmark = [pytest.mark.sandbox]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with account_with_everything(tmp_path_factory.mktemp("lookups")) as account:
        yield account


def test_every_type_has_a_case() -> None:
    assert set(CASES) == set(LOOKUPS)
    assert not set(OWN) & set(LOOKUPS)


@pytest.mark.parametrize("kind", CASES)
def test_what_exists_is_found_by_its_import_id(account: Account, kind: str) -> None:
    inputs, identifier, owners = CASES[kind]
    (found,) = find(kind, known(inputs), account)
    assert found.identifier == identifier.format(**API)
    assert [owner.kind for owner in found.owners] == owners


@pytest.mark.parametrize("kind", CASES)
def test_what_is_missing_or_unknown_is_not_found(account: Account, kind: str) -> None:
    inputs = known(CASES[kind][0])
    first = next(iter(inputs))
    assert find(kind, {**inputs, first: f"{inputs[first]}-other"}, account) == []
    assert find(kind, {**inputs, first: None}, account) == []


@pytest.mark.parametrize("kind", CASES)
def test_ids_have_the_form_that_pulumi_documents(kind: str) -> None:
    assert has_the_documented_form(kind, CASES[kind][1])


def test_apis_of_one_name_are_all_found(account: Account) -> None:
    assert len(find(f"{GATEWAY}/restApi:RestApi", {"name": "twice"}, account)) == 2


def test_a_permission_that_grants_something_else_is_another(account: Account) -> None:
    kind = "aws:lambda/permission:Permission"
    assert find(kind, {**GRANT, "sourceArn": "arn:aws:execute-api:x"}, account) == []
    assert find(kind, {**GRANT, "statementId": "mine"}, account) == []
    assert len(find(kind, {**GRANT, "statementId": "gateway"}, account)) == 1


def test_a_consumer_with_the_same_qualifier_comes_first(account: Account) -> None:
    kind, client = "aws:lambda/eventSourceMapping:EventSourceMapping", account.client("lambda")
    mine = client.create_event_source_mapping(EventSourceArn=QUEUE_ARN, FunctionName="api:live")["UUID"]
    try:
        inputs = {"eventSourceArn": QUEUE_ARN, "functionName": f"{FUNCTION}:live"}
        assert [each.identifier for each in find(kind, inputs, account)] == [mine]
    finally:
        client.delete_event_source_mapping(UUID=mine)


def test_a_refused_call_is_no_absence(account: Account) -> None:
    def refused(_inputs: Any, _account: Account) -> list[str]:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetRole")

    with pytest.raises(ClientError, match="AccessDenied"):
        account.fitting(refused, {})
