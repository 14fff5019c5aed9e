"""Stores that are about to be made although they were there before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest

from guard import recreated as module
from guard.durable import Kind
from guard.inventory import durable
from guard.ledger import Ledger
from guard.recovery.catalogue import Catalogue
from guard.recovery.points import LocatedStore, RecoveryPoint, new_id, restore_command
from guard.recreated import recreated, restoring
from tests.guard.states import TABLE, noted, resource, state, urn

BUCKET, REGION = "points", "us-east-1"
AT = datetime(2026, 11, 26, tzinfo=UTC)


pytestmark = pytest.mark.usefixtures("mocked_account")


def table(name: str, region: str = REGION) -> LocatedStore:
    return LocatedStore(urn=urn(name), type=TABLE, kind=Kind.TABLE, name=name, region=region)


def point(store: LocatedStore, items: int, **changes: Any) -> RecoveryPoint:
    identifier = new_id(AT)
    made = RecoveryPoint(
        id=identifier,
        store=store,
        made_at=AT,
        made_by="ada",
        where="arn:backup",
        items=items,
        checksum="0" * 64,
        bytes=0,
        restore=restore_command(identifier, store),
        **changes,
    )
    catalogue = Catalogue(BUCKET, REGION)
    catalogue.ensure()
    catalogue.add(made)
    return made


def test_nothing_is_asked_where_every_store_is_in_the_state() -> None:
    with patch.object(module, "client", side_effect=AssertionError):
        assert recreated([], BUCKET, REGION) == []


def test_a_first_deployment_finds_nothing_with_one_listing() -> None:
    with patch.object(Catalogue, "of", side_effect=AssertionError):
        assert recreated([table(f"t{number}") for number in range(40)], BUCKET, REGION) == []


def test_a_store_with_a_recovery_point_is_told_with_the_command_that_restores_it() -> None:
    empty, full = table("empty"), table("receipts")
    point(empty, 0)
    made = point(full, 8)
    (found,) = recreated([empty, full, table("new")], BUCKET, REGION)
    assert found.point == made
    assert found.message.splitlines() == [
        f"table receipts (us-east-1) was there before: this update makes an empty one, and recovery point {made.id} "
        "holds 8 items",
        f"  bring them back after the update: rollback recovery restore {made.id} --to receipts -s prod",
    ]


def test_a_namesake_in_another_region_and_a_damaged_point_are_no_store_that_was_there() -> None:
    point(table("receipts", "us-west-2"), 8)
    point(table("labels"), 8, fault="the backup is gone")
    assert recreated([table("receipts"), table("labels")], BUCKET, REGION) == []


def test_a_store_that_only_the_ledger_knows_is_told_too() -> None:
    Ledger(BUCKET, REGION, "prod").add(noted(state(resource("receipts")), None))
    (found,) = recreated([table("receipts"), table("receipts", "us-west-2"), table("labels")], BUCKET, REGION)
    assert (found.store.name, found.store.region, found.point) == ("receipts", REGION, None)
    assert "the ledger knows it" in found.message


def test_the_command_that_restores_a_store_is_the_newest_points_or_where_to_look() -> None:
    (store,) = durable(state(resource("receipts"))).values()
    assert restoring(store, BUCKET, REGION) is None, "a list of nothing leads nowhere"
    point(table("receipts").model_copy(update={"account": "1"}), 0)
    assert restoring(store, BUCKET, REGION) == "`rollback recovery list --store receipts -s prod`"
    made = point(table("receipts").model_copy(update={"account": "1"}), 8)
    point(table("receipts").model_copy(update={"account": "1"}), 0)
    assert restoring(store, BUCKET, REGION) == f"`{made.restore}`"
