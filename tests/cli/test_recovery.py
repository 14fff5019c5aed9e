"""``rollback recovery``, on an account within this process and a state made of data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import typer
from moto import mock_aws
from typer.testing import CliRunner, Result

from cli import watched
from cli.engine import Engine
from cli.targets import TargetError
from core.errors import ServiceError
from core.model import ConfigurationError
from guard.command import recovery
from guard.recovery import work
from tests.support.typed import with_stack

APP = recovery.app("rollback recovery", watched.open_stack)
REGION = "us-east-1"
BUCKET = "rollback-stack-recovery"
RESOURCES = (
    ("aws:dynamodb/table:Table", {"name": "jobs-prod"}),
    ("aws:s3/bucket:Bucket", {"bucket": "files-prod"}),
    ("aws:s3/bucketVersioning:BucketVersioning", {"bucket": "files-prod"}),
    ("aws:secretsmanager/secret:Secret", {"name": "token-prod"}),
    ("aws:sns/topic:Topic", {"name": "no-store"}),
)


def state(*_: Any) -> dict[str, Any]:
    resources = [
        {"urn": f"urn:pulumi:prod::rollback-stack::{token}::{number}", "type": token, "custom": True, "inputs": inputs}
        for number, (token, inputs) in enumerate(RESOURCES)
    ]
    return {"version": 3, "deployment": {"resources": resources}}


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr(Engine, "state", state)
    monkeypatch.setattr(watched, "announce", lambda *_, **__: None)
    with mock_aws():
        boto3.client("dynamodb", region_name=REGION).create_table(
            TableName="jobs-prod",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        put("1")
        s3 = boto3.client("s3", region_name=REGION)
        s3.create_bucket(Bucket="files-prod")
        s3.put_object(Bucket="files-prod", Key="a[b]", Body=b"1")
        yield


def put(key: str) -> None:
    boto3.client("dynamodb", region_name=REGION).put_item(TableName="jobs-prod", Item={"id": {"S": key}})


def run(*words: str) -> Result:
    return CliRunner().invoke(APP, with_stack(("recovery", *words))[1:])


def said(*words: str) -> Any:
    """The JSON that a command prints."""
    done = run(*words, "--output", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refusal(*words: str) -> str:
    """The one line of a command that fails as a person can fix."""
    done = run(*words)
    assert isinstance(done.exception, ServiceError | ServiceError | ConfigurationError | TargetError), done.output
    assert len(str(done.exception).splitlines()) == 1
    return str(done.exception)


def test_a_store_is_copied_listed_verified_lost_and_restored() -> None:
    (made,) = said("make", "jobs-prod", "--by", "Ada")
    point = made["point"]
    assert (point["items"], point["madeBy"], made["error"]) == (1, "Ada", None)
    assert point["verifiedAt"] is not None
    assert [each["id"] for each in said("list")] == [point["id"]]
    assert [each["id"] for each in said("verify", point["id"][:12])] == [point["id"]]
    assert [each["id"] for each in said("verify", "--newest", "jobs-prod")] == [point["id"]]
    dynamodb = boto3.client("dynamodb", region_name=REGION)
    dynamodb.delete_table(TableName="jobs-prod")
    assert said("restore", point["id"], "--to", "jobs-prod") == {"id": point["id"], "to": "jobs-prod", "items": 1}
    assert dynamodb.scan(TableName="jobs-prod")["Items"] == [{"id": {"S": "1"}}]


def test_everything_that_can_be_copied_is_copied() -> None:
    made = {each["store"]["name"]: each for each in said("make", "--all")}
    assert set(made) == {"jobs-prod", "files-prod", "token-prod"}, "the belt on the bucket holds nothing"
    assert made["token-prod"]["point"] is None
    assert "no API copies a secret" in made["token-prod"]["error"]
    assert {each["store"]["name"] for each in said("list")} == {"jobs-prod", "files-prod"}


@pytest.mark.long
def test_what_fails_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    boto3.client("dynamodb", region_name=REGION).delete_table(TableName="jobs-prod")
    assert refusal("make", "--all") == "1 of 3 stores have no new recovery point: jobs-prod"
    assert [each["store"]["name"] for each in said("list")] == ["files-prod"]
    assert "table jobs-prod: " in refusal("make", "jobs-prod")


def test_a_copy_that_was_not_read_back_says_so() -> None:
    (made,) = said("make", "files-prod", "--no-verify", "--explained", "uploads go on")
    assert (made["point"]["verifiedAt"], made["point"]["explained"]) == (None, "uploads go on")
    assert "not verified" in run("make", "files-prod", "--no-verify").output


@pytest.mark.long
def test_a_damaged_copy_is_told_and_listed() -> None:
    (made,) = said("make", "files-prod")
    folder = made["point"]["where"].removeprefix(f"s3://{BUCKET}/")
    boto3.client("s3", region_name=REGION).put_object(Bucket=BUCKET, Key=f"{folder}0000000001", Body=b"2")
    assert "isn't what was copied" in refusal("verify", made["point"]["id"])
    assert "damaged: copy 0000000001 of a[b]" in run("list").output


def test_a_record_that_cannot_be_read_is_named_and_stands_in_nobody_elses_way() -> None:
    (jobs,) = said("make", "jobs-prod")
    (files,) = said("make", "files-prod")
    key = f"recovery-points/prod/table/jobs-prod/{jobs['point']['id'][:-8]}00000000.json"
    boto3.client("s3", region_name=REGION).put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    done = run("list", "--store", "files-prod")
    assert done.exit_code == 0
    assert (
        "warning: passed over: record s3://rollback-stack-recovery/recovery-points/prod/table/jobs-prod" in done.stderr
    )
    assert [each["id"] for each in said("verify", "--newest", "files-prod")] == [files["point"]["id"]]
    assert said("restore", files["point"]["id"], "--to", "files-restored")["items"] == 1
    for words in (("list", "--store", "jobs-prod"), ("verify", "--newest", "jobs-prod")):
        assert refusal(*words).startswith(f"record s3://{BUCKET}/{key}: ")
    assert refusal("verify", f"{jobs['point']['id'][:-8]}00000000").startswith(f"record s3://{BUCKET}/{key}: ")


def test_what_a_restore_leaves_out_is_said_and_an_explanation_is_bounded() -> None:
    (made,) = said("make", "jobs-prod", "--explained", "jobs come in", "--may-gain", "3")
    assert (made["point"]["mayGain"], made["point"]["mayLose"]) == (3, None)
    done = run("restore", made["point"]["id"], "--to", "jobs-restored")
    assert "note: billing mode PAY_PER_REQUEST comes back; not restored: " in done.stderr
    assert run("make", "jobs-prod", "--may-gain", "3").exit_code == 2


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("make", "job-prod"), "no store 'job-prod'; nearest: jobs-prod"),
        (("make", "token-prod"), "secret token-prod: no API copies a secret"),
        (("make", "jobs-prod", "-s", "prodd"), "unknown stack 'prodd' (did you mean prod?)"),
        (("list", "--store", "job-prod"), "no store 'job-prod'; nearest: jobs-prod"),
        (("verify", "2026"), "no recovery point '2026'; nearest: none"),
        (("verify", "--newest", "job-prod"), "no store 'job-prod'; nearest: jobs-prod"),
        (
            ("verify", "--newest", "jobs-prod"),
            "there is no recovery point of table jobs-prod yet: `rollback recovery make",
        ),
        (("restore", "2026", "--to", "x"), "no recovery point '2026'"),
    ],
)
def test_a_wrong_word_gets_one_line(words: tuple[str, ...], line: str) -> None:
    assert refusal(*words).startswith(line)


@pytest.mark.parametrize(
    "words",
    [("make",), ("make", "jobs-prod", "--all"), ("make", "jobs-prod", "--explained", " "), ("verify",),
     ("verify", "2026", "--newest", "x"), ("restore", "2026")],
)  # fmt: skip
def test_words_that_do_not_go_together_are_refused(words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2


@pytest.mark.long
def test_a_beginning_that_several_ids_share_is_refused() -> None:
    ids = [said("make", "files-prod")[0]["point"]["id"] for _ in range(2)]
    assert refusal("verify", ids[0][:8]) == f"2 recovery points begin with {ids[0][:8]!r}: {ids[1]}, {ids[0]}"
    assert refusal("verify", "").startswith("no recovery point ''")


def test_a_store_that_is_there_and_full_is_not_restored_onto() -> None:
    (made,) = said("make", "jobs-prod")
    put("2")
    assert "table jobs-prod holds 2 items" in refusal("restore", made["point"]["id"], "--to", "jobs-prod")


def test_without_recovery_points_the_list_says_what_makes_some() -> None:
    assert run("list").output == "prod has no recovery points yet: rollback recovery make --all -s prod\n"


def test_a_store_without_recovery_points_is_listed_with_the_command_that_makes_one() -> None:
    """The command is what a finding of the audit advises, also where no point was ever made."""
    done = run("list", "--store", "jobs-prod")
    assert (done.exit_code, done.output) == (
        0,
        "prod: there is no recovery point of table jobs-prod yet: `rollback recovery make jobs-prod -s prod` makes "
        "one, as long as the store is there\n",
    )
    assert said("list", "--store", "jobs-prod") == []
    assert said("make", "jobs-prod")[0]["error"] is None
    assert len(said("list", "--store", "jobs-prod")) == 1


def test_a_real_account_is_asked_about_before_it_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    def no(*_: Any, ask: bool, **__: Any) -> None:
        if ask:
            raise typer.Abort

    (made,) = said("make", "jobs-prod")
    monkeypatch.setattr(watched, "announce", no)
    monkeypatch.setattr(work, "make", lambda *_, **__: pytest.fail("touched"))
    monkeypatch.setattr(work, "restore", lambda *_, **__: 1)
    for words in (("make", "--all"), ("restore", made["point"]["id"], "--to", "x")):
        assert run(*words).exit_code == 1
    assert run("restore", made["point"]["id"], "--to", "x", "--yes").exit_code == 0


def test_every_command_has_an_example_that_fits_it() -> None:
    for name in ("list", "make", "verify", "restore"):
        told = " ".join(run(name, "--help").output.split())
        assert f"Example: rollback recovery {name}" in told
