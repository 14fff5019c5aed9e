"""The hook before a change in place: refused unless somebody approved it, in previews as far as values are known."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pulumi
import pytest

from core.model import ConfigurationError
from guard.approvals import Action, Approval, add
from guard.in_place.hook import Change, LossError, LossHook

NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)
QUEUE, LIFECYCLE = "aws:sqs/queue:Queue", "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
JOBS = f"urn:pulumi:prod::trial::{QUEUE}::jobs"
FILES = "urn:pulumi:prod::trial::aws:s3/bucket:Bucket::files"
RULES = f"urn:pulumi:prod::trial::aws:s3/bucket:Bucket${LIFECYCLE}::files-lifecycle"
BEFORE, SHORT = {"messageRetentionSeconds": 345_600.0}, {"messageRetentionSeconds": 60.0}
EXPIRES = {"rules": [{"status": "Enabled", "expiration": {"days": 1}}]}


def decide(
    folder: Path,
    urn: str,
    token: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    beside: str | None = None,
    *,
    preview: bool = False,
) -> None:
    stores = frozenset({urn, beside} if beside else {urn})
    change = Change(urn, token, before, after, beside, existing_store=beside is not None, approved_by=stores)
    LossHook("prod", folder, lambda: NOW).decide(change, preview=preview)


def approve(folder: Path, store: str, action: Action = Action.LOSE, hours: float = 1) -> None:
    given = NOW - timedelta(hours=2)
    expires = NOW + timedelta(hours=hours)
    text = "messages are of no use after a minute"
    add("prod", Approval(store=store, action=action, by="Ada", reason=text, given=given, expires=expires), folder)


def test_a_loss_that_nobody_approved_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LossError, match="jobs would lose data: messages older than 60 s go") as caught:
        decide(tmp_path, JOBS, QUEUE, BEFORE, SHORT)
    assert f"rollback guard approve {JOBS} --action lose" in str(caught.value)
    decide(tmp_path, JOBS, QUEUE, SHORT, BEFORE)
    decide(tmp_path, JOBS, QUEUE, None, SHORT)


@pytest.mark.parametrize("action", [Action.LOSE, Action.DELETE, Action.REPLACE])
def test_an_approval_lets_it_go_while_it_holds(tmp_path: Path, action: Action) -> None:
    approve(tmp_path, JOBS, action)
    decide(tmp_path, JOBS, QUEUE, BEFORE, SHORT)
    with pytest.raises(LossError):
        decide(tmp_path, JOBS.replace("jobs", "others"), QUEUE, BEFORE, SHORT)
    approve(tmp_path, JOBS, action, hours=-1)
    with pytest.raises(LossError):
        decide(tmp_path, JOBS, QUEUE, BEFORE, SHORT)


def test_a_new_companion_is_judged_by_its_store(tmp_path: Path) -> None:
    decide(tmp_path, RULES, LIFECYCLE, None, EXPIRES)
    with pytest.raises(LossError, match="objects are deleted 1 day after") as caught:
        decide(tmp_path, RULES, LIFECYCLE, None, EXPIRES, FILES)
    assert f"rollback guard approve {FILES} --action lose" in str(caught.value)
    approve(tmp_path, FILES)
    decide(tmp_path, RULES, LIFECYCLE, None, EXPIRES, FILES)


def test_a_preview_leaves_to_the_update_what_only_that_knows(tmp_path: Path) -> None:
    unknown: dict[str, Any] = {"messageRetentionSeconds": object()}
    decide(tmp_path, JOBS, QUEUE, BEFORE, unknown, preview=True)
    with pytest.raises(LossError, match="known only in the update"):
        decide(tmp_path, JOBS, QUEUE, BEFORE, unknown)
    with pytest.raises(LossError):
        decide(tmp_path, JOBS, QUEUE, BEFORE, SHORT, preview=True)


def test_approvals_that_cannot_be_read_approve_nothing(tmp_path: Path) -> None:
    (tmp_path / "prod.yaml").write_text("- store: x\n")
    decide(tmp_path, JOBS, QUEUE, BEFORE, BEFORE)
    with pytest.raises(ConfigurationError):
        decide(tmp_path, JOBS, QUEUE, BEFORE, SHORT)


SECRET = {"messageRetentionSeconds": "secret"}


@pytest.mark.parametrize(
    ("before", "after"), [(BEFORE, SHORT), (SECRET, SHORT), (BEFORE, SECRET), (SECRET, SECRET)], ids=str
)
def test_a_secret_value_counts_as_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: dict[str, Any], after: dict[str, Any]
) -> None:
    def given(values: dict[str, Any], figure: float) -> dict[str, Any]:
        """What the SDK hands to a hook: an Output for each secret."""
        return {key: pulumi.Output.secret(figure) if value == "secret" else figure for key, value in values.items()}

    async def change(old: float, new: float) -> None:
        await called(
            pulumi.ResourceHookArgs(
                JOBS, "jobs", "jobs", QUEUE, old_outputs=given(before, old), new_inputs=given(after, new)
            )
        )

    async def asked(args: pulumi.ResourceHookArgs) -> Change:
        stores = frozenset({JOBS})
        return Change(JOBS, QUEUE, args.old_outputs, args.new_inputs, None, existing_store=False, approved_by=stores)

    monkeypatch.setattr(pulumi, "ResourceHook", lambda _name, callback, opts: callback)
    called: Any = LossHook("prod", tmp_path, lambda: NOW).as_resource_hook(asked)
    with pytest.raises(LossError, match="retention 345,600 s -> 60 s"):
        asyncio.run(change(345_600.0, 60.0))
    asyncio.run(change(60.0, 345_600.0))


@pytest.mark.parametrize(
    ("token", "before", "after", "taken"),
    [
        ("aws:cloudwatch/logGroup:LogGroup", {}, {"retentionInDays": 90.0}, False),
        ("aws:dynamodb/table:Table", {}, {"ttl": {"attributeName": "expires", "enabled": True}}, False),
        ("aws:s3/bucket:Bucket", {}, {"lifecycleRules": [{"enabled": True, "expiration": {"days": 1}}]}, False),
        ("aws:dynamodb/table:Table", {"deletionProtectionEnabled": True}, {"deletionProtectionEnabled": False}, True),
        ("aws:dynamodb/table:Table", {"streamEnabled": True}, {"streamEnabled": False}, True),
    ],
)
def test_a_new_and_empty_store_loses_nothing_by_an_expiry_and_its_locks_and_streams_all_the_same(
    tmp_path: Path, token: str, before: dict[str, Any], after: dict[str, Any], taken: bool
) -> None:
    urn, asked = f"urn:pulumi:prod::trial::{token}::one", list[str]()
    change = Change(urn, token, before, after, approved_by=frozenset({urn}))

    def is_empty(store: str) -> bool:
        asked.append(store)
        return empty

    hook = LossHook("prod", tmp_path, lambda: NOW, is_empty)
    empty = False
    assert hook.refusal(change)
    empty = True
    assert (hook.refusal(change) is not None) is taken
    assert set(asked) == (set() if taken else {urn})


def test_a_companion_is_asked_about_by_its_store(tmp_path: Path) -> None:
    asked: list[str] = []

    def is_empty(store: str) -> bool:
        asked.append(store)
        return True

    hook = LossHook("prod", tmp_path, lambda: NOW, is_empty)
    change = Change(RULES, LIFECYCLE, None, EXPIRES, FILES, existing_store=True, approved_by=frozenset({RULES, FILES}))
    assert hook.refusal(change) is None
    assert asked == [FILES]
