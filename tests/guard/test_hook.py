"""The delete hook: what it refuses, in which words, and what it lets through."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pulumi
import pytest

from core.model import ConfigurationError
from guard.approvals import Action, Approval, add
from guard.evidence import RecoveryStatus
from guard.hook import GuardError, Hook
from guard.store import Store
from tests.guard.states import TABLE, urn

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
BUCKET = urn("papers", "aws:s3/bucket:Bucket")
BELT = urn("papers-versioning", "aws:s3/bucketVersioning:BucketVersioning")


@dataclass
class Evidence:
    """Finds what it was told."""

    missing: str | None = None

    def find(self, store: Store) -> RecoveryStatus:
        return RecoveryStatus(missing=self.missing)


def hook(folder: Path, missing: str | None = None) -> Hook:
    evidence: Any = Evidence(missing)
    return Hook("prod", evidence, {BELT: BUCKET}.get, folder, lambda: NOW)


RECEIPTS = Store(urn("receipts"), TABLE, "receipts", "shared", {})
VERSIONING = Store(BELT, "aws:s3/bucketVersioning:BucketVersioning", "papers", "shared", {})


def approve(folder: Path, store: str, action: Action = Action.DELETE, hours: int = 1) -> None:
    given = NOW - timedelta(minutes=30)
    approval = Approval(
        store=store, action=action, by="Ada", reason="it is a copy", given=given, expires=given + timedelta(hours=hours)
    )
    add("prod", approval, folder)


def test_what_is_missing_comes_first_and_an_approval_doesnt_help(tmp_path: Path) -> None:
    approve(tmp_path, urn("receipts"))
    with pytest.raises(GuardError, match="no recovery point"):
        hook(tmp_path, "receipts: no recovery point\n  rollback recovery make").decide(RECEIPTS, Action.DELETE)


SECRET = "kubernetes:core/v1:Secret"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"


@pytest.mark.parametrize("token", [SECRET, OBJECT])
def test_what_the_program_gives_goes_with_an_approval_and_not_without(tmp_path: Path, token: str) -> None:
    store = Store(urn("only-copy", token), token, "only-copy", "shared", {})
    assert "isn't approved" in str(hook(tmp_path).refusal(store, Action.DELETE))
    approve(tmp_path, store.urn)
    assert hook(tmp_path).refusal(store, Action.DELETE) is None


def test_the_programs_own_values_are_replaced_unasked_and_an_object_is_not(tmp_path: Path) -> None:
    secret = Store(urn("pull", SECRET), SECRET, "pull", "shared", {})
    item = Store(urn("page", OBJECT), OBJECT, "page", "shared", {})
    assert hook(tmp_path).refusal(secret, Action.REPLACE) is None
    assert "its replacement isn't approved" in str(hook(tmp_path).refusal(item, Action.REPLACE))


def test_without_an_approval_two_lines_say_how_to_give_one(tmp_path: Path) -> None:
    with pytest.raises(GuardError) as refused:
        hook(tmp_path).decide(RECEIPTS, Action.DELETE)
    what, command = str(refused.value).splitlines()
    assert "its deletion isn't approved" in what
    assert command.strip() == ("rollback guard approve receipts --action delete --by NAME --reason TEXT -s prod")


def test_an_approved_delete_of_what_was_copied_goes_through(tmp_path: Path) -> None:
    approve(tmp_path, urn("receipts"))
    hook(tmp_path).decide(RECEIPTS, Action.DELETE)


def test_an_approval_that_has_expired_is_none(tmp_path: Path) -> None:
    given = NOW - timedelta(hours=2)
    old = Approval(
        store=urn("receipts"),
        action=Action.DELETE,
        by="Ada",
        reason="it is a copy",
        given=given,
        expires=given + timedelta(hours=1),
    )
    add("prod", old, tmp_path)
    with pytest.raises(GuardError, match="isn't approved"):
        hook(tmp_path).decide(RECEIPTS, Action.DELETE)


def test_a_replacement_and_a_delete_need_each_its_own_approval(tmp_path: Path) -> None:
    approve(tmp_path, urn("receipts"))
    with pytest.raises(GuardError, match="its replacement isn't approved"):
        hook(tmp_path).decide(RECEIPTS, Action.REPLACE)
    hook(tmp_path).decide(RECEIPTS, Action.DELETE)
    approve(tmp_path, urn("receipts"), Action.REPLACE)
    hook(tmp_path).decide(RECEIPTS, Action.REPLACE)


def test_a_belt_goes_with_the_store_that_it_guards(tmp_path: Path) -> None:
    with pytest.raises(GuardError, match="isn't approved"):
        hook(tmp_path).decide(VERSIONING, Action.DELETE)
    approve(tmp_path, BUCKET)
    hook(tmp_path).decide(VERSIONING, Action.DELETE)


def test_approvals_that_cant_be_read_let_nothing_through(tmp_path: Path) -> None:
    (tmp_path / "prod.yaml").write_text("- nonsense")
    with pytest.raises(ConfigurationError):
        hook(tmp_path).decide(RECEIPTS, Action.DELETE)


def test_a_store_whose_name_is_a_secret_is_known_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[object] = []

    def locate(args: pulumi.ResourceHookArgs) -> Store:
        names.extend([*(args.old_inputs or {}).values(), *(args.old_outputs or {}).values()])
        return RECEIPTS

    async def operation(_urn: str, _id: str) -> Action:
        return Action.DELETE

    async def delete() -> None:
        old = [{"name": pulumi.Output.secret("receipts")} for _ in range(2)]
        args = pulumi.ResourceHookArgs(urn("receipts"), "id", "receipts", TABLE, None, old[0], None, old[1])
        await called(args)

    monkeypatch.setattr(pulumi, "ResourceHook", lambda _name, callback, opts: callback)
    approve(tmp_path, urn("receipts"))
    called: Any = hook(tmp_path).as_resource_hook(locate, operation)
    asyncio.run(delete())
    assert names == ["receipts", "receipts"]
