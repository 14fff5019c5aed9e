"""The one decision about a store: by its own approval, by that of the store whose safeguard it is, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from guard.approvals import Action, Approval
from guard.decision import concerning, is_let_go, is_permitted, may_lose

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
BUCKET = "urn:pulumi:prod::p::aws:s3/bucket:Bucket::documents"
VERSIONING = "urn:pulumi:prod::p::aws:s3/bucket:Bucket$aws:s3/bucketVersioning:BucketVersioning::documents-versioning"
TABLE = "urn:pulumi:prod::p::aws:dynamodb/table:Table::receipts"


def approval(store: str, action: Action, hours: float = 1, of: str | None = None) -> Approval:
    return Approval(
        store=store,
        action=action,
        property=of,
        by="A. Tester",
        reason="a test wants it",
        given=NOW - timedelta(hours=2),
        expires=NOW + timedelta(hours=hours),
    )


@pytest.mark.parametrize(
    ("given", "action", "owner", "permitted"),
    [
        ([], Action.DELETE, None, False),
        ([approval(TABLE, Action.DELETE)], Action.DELETE, None, True),
        ([approval(TABLE, Action.DELETE)], Action.REPLACE, None, False),
        ([approval(TABLE, Action.REPLACE)], Action.DELETE, None, False),
        ([approval(TABLE, Action.DELETE, hours=-1)], Action.DELETE, None, False),
        ([approval(TABLE, Action.LOSE)], Action.DELETE, None, False),
        ([approval(BUCKET, Action.DELETE)], Action.DELETE, None, False),
        ([approval(BUCKET, Action.DELETE)], Action.DELETE, BUCKET, True),
        ([approval(BUCKET, Action.REPLACE)], Action.DELETE, BUCKET, True),
        ([approval(BUCKET, Action.LOSE)], Action.DELETE, BUCKET, False),
        ([approval(BUCKET, Action.DELETE, hours=-1)], Action.DELETE, BUCKET, False),
    ],
)
def test_an_operation_is_permitted_by_its_own_approval_or_where_the_owner_is_let_go(
    given: Sequence[Approval], action: Action, owner: str | None, permitted: bool
) -> None:
    assert is_permitted(given, TABLE, action, NOW, owner=owner) is permitted


def test_a_safeguard_goes_with_the_bucket_that_it_lies_in() -> None:
    assert concerning(VERSIONING, "aws:s3/bucketVersioning:BucketVersioning", BUCKET) == (VERSIONING, BUCKET)
    assert concerning(VERSIONING, "aws:s3/bucketVersioning:BucketVersioning", None) == (VERSIONING,)
    assert concerning(TABLE, "aws:dynamodb/table:Table", BUCKET) == (TABLE,)
    assert is_let_go([approval(BUCKET, Action.DELETE)], (VERSIONING, BUCKET), NOW)
    assert not is_let_go([approval(BUCKET, Action.DELETE)], (VERSIONING,), NOW)


def test_whoever_lets_a_store_go_has_let_go_what_it_holds() -> None:
    for action in (Action.LOSE, Action.DELETE, Action.REPLACE):
        assert may_lose([approval(TABLE, action)], {TABLE}, NOW)
    assert not may_lose([approval(TABLE, Action.LOSE, of="ttl.enabled")], {TABLE}, NOW)
    assert not is_let_go([approval(TABLE, Action.LOSE)], (TABLE,), NOW)
