"""The hook before a change in place: refused unless somebody approved it, in previews as far as values are known."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pulumi
import pytest

from guard.approvals import Action, Approval, add
from guard.in_place.hook import LossError, LossHook
from stacks.model import ConfigurationError

NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)
QUEUE, LIFECYCLE = "aws:sqs/queue:Queue", "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
JOBS = f"urn:pulumi:prod::trial::{QUEUE}::jobs"
FILES = "urn:pulumi:prod::trial::aws:s3/bucket:Bucket::files"
RULES = f"urn:pulumi:prod::trial::aws:s3/bucket:Bucket${LIFECYCLE}::files-lifecycle"
BEFORE, SHORT = {"messageRetentionSeconds": 345_600.0}, {"messageRetentionSeconds": 60.0}
EXPIRES = {"rules": [{"status": "Enabled", "expiration": {"days": 1}}]}


def hook(folder: Path, beside: str | None = None) -> LossHook:
    return LossHook("prod", lambda _urn: beside, folder, lambda: NOW)


def approve(folder: Path, store: str, action: Action = Action.LOSE, hours: float = 1) -> None:
    given = NOW - timedelta(hours=2)
    expires = NOW + timedelta(hours=hours)
    text = "messages are of no use after a minute"
    add("prod", Approval(store=store, action=action, by="Ada", reason=text, given=given, expires=expires), folder)


def test_a_loss_that_nobody_approved_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LossError, match="jobs would lose data: messages older than 60 s go") as caught:
        hook(tmp_path).decide(JOBS, QUEUE, BEFORE, SHORT)
    assert f"rollback guard approve {JOBS} --action lose" in str(caught.value)
    hook(tmp_path).decide(JOBS, QUEUE, SHORT, BEFORE)
    hook(tmp_path).decide(JOBS, QUEUE, None, SHORT)


@pytest.mark.parametrize("action", [Action.LOSE, Action.DELETE, Action.REPLACE])
def test_an_approval_lets_it_go_while_it_holds(tmp_path: Path, action: Action) -> None:
    approve(tmp_path, JOBS, action)
    hook(tmp_path).decide(JOBS, QUEUE, BEFORE, SHORT)
    with pytest.raises(LossError):
        hook(tmp_path).decide(JOBS.replace("jobs", "others"), QUEUE, BEFORE, SHORT)
    approve(tmp_path, JOBS, action, hours=-1)
    with pytest.raises(LossError):
        hook(tmp_path).decide(JOBS, QUEUE, BEFORE, SHORT)


def test_a_new_companion_is_judged_by_its_store(tmp_path: Path) -> None:
    hook(tmp_path).decide(RULES, LIFECYCLE, None, EXPIRES)
    with pytest.raises(LossError, match="objects are deleted 1 day after") as caught:
        hook(tmp_path, FILES).decide(RULES, LIFECYCLE, None, EXPIRES)
    assert f"rollback guard approve {FILES} --action lose" in str(caught.value)
    approve(tmp_path, FILES)
    hook(tmp_path, FILES).decide(RULES, LIFECYCLE, None, EXPIRES)


def test_a_preview_leaves_to_the_update_what_only_that_knows(tmp_path: Path) -> None:
    unknown: dict[str, Any] = {"messageRetentionSeconds": object()}
    hook(tmp_path).decide(JOBS, QUEUE, BEFORE, unknown, preview=True)
    with pytest.raises(LossError, match="known only in the update"):
        hook(tmp_path).decide(JOBS, QUEUE, BEFORE, unknown)
    with pytest.raises(LossError):
        hook(tmp_path).decide(JOBS, QUEUE, BEFORE, SHORT, preview=True)


def test_approvals_that_cannot_be_read_approve_nothing(tmp_path: Path) -> None:
    (tmp_path / "prod.yaml").write_text("- store: x\n")
    hook(tmp_path).decide(JOBS, QUEUE, BEFORE, BEFORE)
    with pytest.raises(ConfigurationError):
        hook(tmp_path).decide(JOBS, QUEUE, BEFORE, SHORT)


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

    monkeypatch.setattr(pulumi, "ResourceHook", lambda _name, callback, opts: callback)
    called: Any = hook(tmp_path).as_resource_hook()
    with pytest.raises(LossError, match="retention 345,600 s -> 60 s"):
        asyncio.run(change(345_600.0, 60.0))
    asyncio.run(change(60.0, 345_600.0))
