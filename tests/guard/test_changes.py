"""What stands beside a store, however a program names it, and what goes when it changes, comes or leaves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from guard.approvals import Action
from guard.gate import TARGET
from tests.guard.declaring import approve, make, run, state, urn

BUCKET, TABLE, QUEUE = "aws:s3/bucket:Bucket", "aws:dynamodb/table:Table", "aws:sqs/queue:Queue"
VERSIONING, RULES = (
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
)
LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
TOPIC, SUBSCRIPTION = "aws:sns/topic:Topic", "aws:sns/topicSubscription:TopicSubscription"
MAPPING, RETRIES = (
    "aws:lambda/eventSourceMapping:EventSourceMapping",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
)
EXPIRES = {"rules": [{"status": "Enabled", "expiration": {"days": 1}}]}
LOCKED = {"bucket": "papers", "rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 30}}}
FILES = (BUCKET, "files", {"bucket": "papers", "id": "papers", "arn": "arn:aws:s3:::papers", "region": "us-east-1"})
Link = Callable[[pulumi.CustomResource], Any]


def files() -> pulumi.CustomResource:
    return make(BUCKET, "files", {"bucket": "papers", "arn": None})


LINKS: dict[str, Link] = {
    "its physical name": lambda bucket: "papers",
    "an Output of it": lambda bucket: vars(bucket)["bucket"],
    "its id": lambda bucket: bucket.id,
}
DERIVED: Link = lambda bucket: bucket.id.apply(lambda text: f"{text}")  # noqa: E731


@pytest.mark.parametrize("link", LINKS)
def test_a_new_companion_without_a_parent_is_judged_by_its_store(link: str, tmp_path: Path) -> None:
    def declare() -> None:
        make(RULES, "rules", {"bucket": LINKS[link](files()), **EXPIRES})

    (said,) = run(state(FILES), declare, tmp_path).told()
    assert "objects are deleted 1 day after they were written" in said
    assert f"approve {urn(BUCKET, 'files')} --action lose" in said
    assert run(state(), declare, tmp_path).told() == []


@pytest.mark.parametrize("link", [*LINKS.values(), DERIVED])
def test_so_the_hook_hears_of_it_whatever_the_link_is_made_of(link: Link, tmp_path: Path) -> None:
    def declare() -> None:
        make(RULES, "rules", {"bucket": link(files()), **EXPIRES})

    new = {"bucket": "papers", **EXPIRES}
    said = run(state(FILES), declare, tmp_path).hears(urn(RULES, "rules"), new=new)
    assert said.startswith("rules would lose data: objects are deleted 1 day after")
    fresh = {**new, "bucket": "files-1a2b" if link is not LINKS["its physical name"] else "papers"}
    assert run(state(), declare, tmp_path).hears(urn(RULES, "rules"), new=fresh) == ""


def test_a_companion_of_a_bucket_that_nobody_here_declares_counts_too(tmp_path: Path) -> None:
    def declare() -> None:
        make(RULES, "rules", {"bucket": "somebody-elses", **EXPIRES})

    program = run(state(FILES), declare, tmp_path)
    (said,) = program.told()
    assert f"approve {urn(RULES, 'rules')} --action lose" in said
    assert program.hears(urn(RULES, "rules"), new={"bucket": "somebody-elses", **EXPIRES}) != ""
    approve(tmp_path, urn(RULES, "rules"))
    assert program.told() == []
    assert program.hears(urn(RULES, "rules"), new={"bucket": "somebody-elses", **EXPIRES}) == ""


def test_one_that_is_only_read_was_there_before(tmp_path: Path) -> None:
    def declare() -> None:
        bucket = make(BUCKET, "theirs", {"bucket": None}, id="theirs")
        make(RULES, "rules", {"bucket": vars(bucket)["bucket"], **EXPIRES})

    assert len(run(state(), declare, tmp_path).told()) == 1


def test_a_namesake_of_another_type_is_not_meant(tmp_path: Path) -> None:
    def declare() -> None:
        make(RULES, "rules", {"bucket": vars(make(BUCKET, "papers", {"bucket": "papers"}))["bucket"], **EXPIRES})

    table = (TABLE, "papers", {"name": "papers", "region": "us-east-1"})
    policy = ("aws:s3/bucketPolicy:BucketPolicy", "papers-policy", {"bucket": "papers", "id": "papers"})
    assert run(state(table, policy), declare, tmp_path).told() == []


def test_a_companion_that_suspends_from_its_first_day_is_judged_as_well(tmp_path: Path) -> None:
    def declare() -> None:
        given = {"bucket": files().id, "versioningConfiguration": {"status": "Suspended"}}
        make(VERSIONING, "versions", given)

    assert len(run(state(FILES), declare, tmp_path).told()) == 1
    assert run(state(), declare, tmp_path).told() == []


LEAVING: dict[str, tuple[tuple[str, str, dict[str, Any]], str]] = {
    "the lock of a bucket": ((LOCK, "lock", LOCKED), "objects written from now on aren't locked"),
    "a bucket's notifications": (
        ("aws:s3/bucketNotification:BucketNotification", "news", {"bucket": "papers"}),
        "nobody is told of the bucket's events any more",
    ),
    "a bucket's replication": (
        ("aws:s3/bucketReplicationConfig:BucketReplicationConfig", "copy", {"bucket": "papers"}),
        "its copy falls behind",
    ),
    "a plan of backups": (("aws:backup/plan:Plan", "nightly", {}), "no backups are made by the plan any more"),
    "a trail": (("aws:cloudtrail/trail:Trail", "trail", {}), "nothing is logged any more"),
}


@pytest.mark.parametrize("what", LEAVING)
def test_a_companion_that_leaves_is_a_loss_until_somebody_approves(what: str, tmp_path: Path) -> None:
    companion, lost = LEAVING[what]
    token, name, outputs = companion
    program = run(state(FILES, companion), files, tmp_path)
    (said,) = program.told()
    heard = program.hears(urn(token, name), old={"id": name, **outputs})
    assert lost in said
    assert lost in heard
    approve(tmp_path, urn(BUCKET, "files") if "bucket" in outputs else urn(token, name))
    assert program.told() == []
    assert program.hears(urn(token, name), old={"id": name, **outputs}) == ""


def test_one_that_leaves_with_its_store_is_the_stores_own_removal(tmp_path: Path) -> None:
    program = run(state(FILES, (LOCK, "lock", LOCKED)), lambda: None, tmp_path)
    assert program.told() == []
    assert program.hears(urn(LOCK, "lock"), old={"id": "lock", **LOCKED}) == ""


def test_one_of_a_bucket_that_is_somebody_elses_is_lost_for_it(tmp_path: Path) -> None:
    program = run(state((LOCK, "lock", LOCKED)), lambda: None, tmp_path)
    assert len(program.told()) == 1
    assert "aren't locked" in program.hears(urn(LOCK, "lock"), old={"id": "lock", **LOCKED})


def test_one_that_moves_to_another_bucket_leaves_the_first(tmp_path: Path) -> None:
    other = (BUCKET, "other", {"bucket": "other", "id": "other"})

    def declare() -> None:
        files()
        bucket = make(BUCKET, "other", {"bucket": "other"})
        make(LOCK, "lock", {**LOCKED, "bucket": vars(bucket)["bucket"]})

    (said,) = run(state(FILES, other, (LOCK, "lock", LOCKED)), declare, tmp_path).told()
    assert "aren't locked" in said


def test_one_that_moves_away_from_somebody_elses_bucket_leaves_that(tmp_path: Path) -> None:
    before = state(FILES, (LOCK, "lock", {**LOCKED, "bucket": "theirs"}))
    assert len(run(before, lambda: (files(), make(LOCK, "lock", LOCKED)), tmp_path).told()) == 1


def test_what_it_stood_beside_cant_be_told_so_neither_can_that_it_moved(tmp_path: Path) -> None:
    """A stream has another ARN each time it is switched on; the hook hears of a replacement in any case."""
    consumer = {"eventSourceArn": "arn:aws:dynamodb:us-east-1:1:table/gone/stream/1", "startingPosition": "LATEST"}

    def declare() -> None:
        table = make(TABLE, "jobs", {"name": "jobs", "streamArn": None})
        make(MAPPING, "consumer", {**consumer, "eventSourceArn": vars(table)["streamArn"]})

    jobs = (TABLE, "jobs", {"name": "jobs", "streamArn": "arn:aws:dynamodb:us-east-1:1:table/jobs/stream/2"})
    assert run(state(jobs, (MAPPING, "consumer", consumer)), declare, tmp_path).told() == []


def test_a_renamed_companion_undoes_what_its_successor_set(tmp_path: Path) -> None:
    def declare() -> None:
        make(LOCK, "renamed", {**LOCKED, "bucket": files().id})

    (said,) = run(state(FILES, (LOCK, "lock", LOCKED)), declare, tmp_path).told()
    assert "aren't locked" in said


def test_with_an_alias_it_stays(tmp_path: Path) -> None:
    def declare() -> None:
        make(LOCK, "renamed", {**LOCKED, "bucket": files().id}, aliases=[pulumi.Alias(name="lock")])

    assert run(state(FILES, (LOCK, "lock", LOCKED)), declare, tmp_path).told() == []


@pytest.mark.parametrize(
    ("token", "outputs", "lost"),
    [
        (LOCK, LOCKED, True),
        (
            MAPPING,
            {"eventSourceArn": "arn:aws:dynamodb:us-east-1:1:table/a/stream/1", "startingPosition": "LATEST"},
            True,
        ),
        (SUBSCRIPTION, {"topic": "arn:aws:sns:us-east-1:1:news", "protocol": "sqs"}, False),
    ],
)
def test_the_delete_of_what_was_replaced(token: str, outputs: dict[str, Any], lost: bool, tmp_path: Path) -> None:
    """What has an id of its own was made before; what is a setting of its store is undone."""
    program = run(state(FILES, (token, "one", outputs)), lambda: (files(), make(token, "one", outputs)), tmp_path)
    assert bool(program.hears(urn(token, "one"), old={**outputs, "id": "the-old-one"})) is lost


def test_a_destroy_takes_companions_with_their_stores_and_asks_about_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = {**LOCKED, "bucket": "somebody-elses"}
    before = state(FILES, (LOCK, "lock", LOCKED), (LOCK, "theirs", theirs))
    program = run(before, lambda: (files(), make(LOCK, "lock", LOCKED), make(LOCK, "theirs", theirs)), tmp_path)
    assert program.hears(urn(LOCK, "lock"), old={"id": "lock", **LOCKED}) == ""
    assert program.hears(urn(LOCK, "theirs"), old={"id": "theirs", **theirs}) != ""
    assert [each.partition(" ")[0] for each in program.changes.destroyed()] == ["theirs"]
    monkeypatch.setenv(TARGET, urn(LOCK, "lock"))
    assert program.hears(urn(LOCK, "lock"), old={"id": "lock", **LOCKED}) != ""


def test_a_new_subscription_takes_nothing_from_the_others(tmp_path: Path) -> None:
    topic = (TOPIC, "news", {"arn": "arn:aws:sns:us-east-1:1:news"})

    def declare() -> None:
        news = make(TOPIC, "news", {"arn": None})
        make(SUBSCRIPTION, "some", {"topic": vars(news)["arn"], "filterPolicy": '{"a": ["b"]}'})

    assert run(state(topic), declare, tmp_path).told() == []


def test_a_functions_retries_stand_beside_a_function(tmp_path: Path) -> None:
    def declare() -> None:
        make(RETRIES, "retries", {"functionName": "worker", "maximumEventAgeInSeconds": 60})

    function = (
        "aws:lambda/function:Function",
        "worker",
        {"name": "worker", "arn": "arn:aws:lambda:us-east-1:1:worker"},
    )
    (said,) = run(state(function), declare, tmp_path).told()
    assert "events older than 60 s are discarded" in said
    assert f"approve {urn(RETRIES, 'retries')} --action lose" in said

    def both() -> None:
        make("aws:lambda/function:Function", "worker", {"name": "worker"})
        declare()

    assert run(state(), both, tmp_path).told() == []


LOGS, SYSTEM = "aws:cloudwatch/logGroup:LogGroup", "rollback:systems:AsyncRag"
GROUPS = tuple((LOGS, name, {"name": name, "retentionInDays": 90, "deletionProtectionEnabled": True}) for name in "abc")


def groups(**changes: Any) -> None:
    """Two log groups in a system, one beside it."""
    system = pulumi.ComponentResource(SYSTEM, "async-rag", {})
    part = pulumi.ComponentResource("rollback:parts:Logs", "logs", {}, pulumi.ResourceOptions(parent=system))
    given = {"retentionInDays": 14, "deletionProtectionEnabled": True, **changes}
    for name, parent in (("a", system), ("b", part), ("c", None)):
        alias = [pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)] if parent else None
        make(LOGS, name, {"name": name, **given}, parent, aliases=alias)


def test_one_property_of_a_whole_system_is_approved_at_once_and_nothing_else(tmp_path: Path) -> None:
    approve(tmp_path, urn(SYSTEM, "async-rag"), property="retentionInDays")
    (said,) = run(state(*GROUPS), groups, tmp_path).told()
    assert f"approve {urn(LOGS, 'c')} --action lose" in said
    program = run(state(*GROUPS), lambda: groups(deletionProtectionEnabled=False), tmp_path)
    assert len(program.told()) == 3
    of_a = next(each for each in program.told() if "::a'" in each)
    assert "deletion protection" in of_a
    assert "log events older" not in of_a
    old = GROUPS[1][2]
    inside = urn(LOGS, "b", f"{SYSTEM}$rollback:parts:Logs$")
    assert program.hears(inside, old=old, new={**old, "retentionInDays": 14}) == ""
    assert program.hears(inside, old=old, new={**old, "deletionProtectionEnabled": False}) != ""


def test_a_component_without_a_property_frees_nothing(tmp_path: Path) -> None:
    approve(tmp_path, urn(SYSTEM, "async-rag"))
    approve(tmp_path, urn(SYSTEM, "async-rag"), Action.DELETE)
    assert len(run(state(*GROUPS), groups, tmp_path).told()) == 3


def test_one_property_of_a_store_is_approved_alone(tmp_path: Path) -> None:
    approve(tmp_path, urn(LOGS, "c"), property="retentionInDays")
    assert len(run(state(*GROUPS), groups, tmp_path).told()) == 2


def test_the_approval_of_a_delete_lets_its_companions_change(tmp_path: Path) -> None:
    approve(tmp_path, urn(BUCKET, "files"), Action.DELETE)
    assert run(state(FILES, (LOCK, "lock", LOCKED)), files, tmp_path).told() == []
