"""`rollback preflight` as it is typed, in each situation: every row right, and the right ones fail.

The account is moto, which simulates no rights and answers neither ListOnPremisesInstances, GetAccountSettings nor
DescribeAccountAttributes: those rows are unknown there. Read-only rights are simulated by a stand-in of IAM.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import typer
from moto import mock_aws
from moto.server import ThreadedMotoServer
from typer.testing import CliRunner

from cli import rollback
from cli.preflight import command, rows
from cli.preflight.checks import CHECKS
from cli.preflight.facts import Caller, PreflightContext
from cli.preflight.rows import LEAST
from cli.rights.document import LIMIT, size, steps
from guard.recovery import safety
from stacks.artifact_objects import artifact_objects
from stacks.file import read
from stacks.selection import select
from tests.cli.preflight.place import ACCOUNT, KUBERNETES, Pulumi, cluster, surroundings
from tests.cli.preflight.test_permissions import SESSION, Iam, reading
from tests.components.mocked import ROOT

ARTIFACTS, RECOVERY = "rollback-stack-artifacts", "rollback-stack-recovery"
RIGHTS = tuple(f"rights: {name}" for name in steps())
SILENT = ("hosts", "quota: functions", "quota: databases")
UNTOLD = {**dict.fromkeys(SILENT, "unknown"), **dict.fromkeys(RIGHTS, "unknown")}
"""What moto can't tell."""


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pulumi]:
    """Everything in order, as far as moto goes; each test takes something away."""
    made = Pulumi(tmp_path / "pulumi")
    with cluster(tmp_path) as kubeconfig, mock_aws():
        surroundings(monkeypatch, made, kubeconfig)
        s3 = boto3.client("s3", region_name="us-east-1")
        for bucket in (ARTIFACTS, RECOVERY):
            s3.create_bucket(Bucket=bucket)
            safety.set_up(s3, bucket)
        settings = read("prod")
        for item in artifact_objects(settings, select(settings)):
            s3.put_object(Bucket=ARTIFACTS, Key=item.key, Body=b"zip")
        # Zips of the right hash would have to be built: that their bytes are compared is another file's test.
        monkeypatch.setattr("cli.preflight.artifacts.exchanged", lambda *_: [])
        # prod's pinned release has an image that is known by its files, which no registry could have.
        monkeypatch.setattr("cli.preflight.images.wanted", lambda *_: [f"ghcr.io/o/app@sha256:{'1' * 64}"])
        monkeypatch.setattr("cli.preflight.images.system_of", lambda _, __, selected: selected["rag-api"])
        monkeypatch.setattr(command, "_leave", leave)
        monkeypatch.setattr(rows, "time_left", lambda: 120.0)
        yield made


def leave(code: int) -> None:
    """The end of the program, but for this process."""
    raise typer.Exit(code)


def typed(*words: str) -> tuple[int, list[dict[str, str]]]:
    done = CliRunner().invoke(rollback.app, ["preflight", "-s", "prod", *words, "--output", "json"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    found: list[dict[str, str]] = json.loads(done.stdout)
    return done.exit_code, found


def expect(code: int | bool, **other: str) -> None:
    """Check exit code and states: fine, but for what moto can't tell and ``other`` (``_`` for a blank)."""
    given, found = typed()
    states = {row["check"]: row["state"] for row in found}
    wanted = {
        **dict.fromkeys(CHECKS, "fine"),
        **UNTOLD,
        **{name.replace("_", " "): each for name, each in other.items()},
    }
    assert {name: (states[name], wanted[name]) for name in CHECKS if states[name] != wanted[name]} == {}, found
    assert list(states) == list(CHECKS)
    assert all(row["remedy"] for row in found if row["state"] == "missing")
    assert not [row for row in found if "STACK" in row["remedy"]], "a remedy is typed as it stands"
    assert given == code


def test_all_in_order(pulumi: Pulumi) -> None:
    expect(0)


def test_without_credentials(pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    unknown = dict.fromkeys(
        ("artifact_bucket", "recovery_bucket", "artifacts", "quota:_roles", "quota:_databases"), "unknown"
    )
    expect(1, credentials="missing", **unknown)


def test_wrong_region(pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    expect(1, region="missing")


def test_no_cluster(pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    expect(1, cluster="missing", istio="unknown", cluster_rights="unknown")


def test_old_plugin(pulumi: Pulumi) -> None:
    pulumi.plugins(aws="6.80.0", kubernetes=KUBERNETES)
    expect(1, **{"plugin:_aws": "missing"})


def test_not_logged_in(pulumi: Pulumi) -> None:
    said = "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions"
    pulumi.fail("whoami", said)
    pulumi.fail("stack", said)
    rest = dict.fromkeys(
        ("credentials", "region", "cluster", "artifacts", "quota:_roles", "quota:_databases"), "unknown"
    )
    expect(1, backend="missing", state="missing", **rest)


def test_another_account_and_cluster(pulumi: Pulumi) -> None:
    pulumi.exports([], account="999999999999", cluster="another")
    expect(1, credentials="missing", cluster="missing")


def test_no_artifact_bucket(pulumi: Pulumi) -> None:
    s3 = boto3.resource("s3", region_name="us-east-1")
    s3.Bucket(ARTIFACTS).object_versions.all().delete()
    s3.Bucket(ARTIFACTS).delete()
    expect(1, artifact_bucket="missing", artifacts="missing")


@pytest.mark.parametrize(
    ("error", "registry", "images"),
    [
        ("Get https://ghcr.io/v2/: dial tcp 10.0.0.1:443: connect: connection refused", "missing", "unknown"),
        ("GET https://ghcr.io/v2/o/app/manifests: MANIFEST_UNKNOWN: manifest unknown", "fine", "missing"),
        ("manifest digest: sha256:2 does not match requested digest: sha256:1", "fine", "missing"),
        ("Get https://ghcr.io/v2/: tls: failed to verify certificate: x509: unknown authority", "missing", "unknown"),
        ("GET https://ghcr.io/token: DENIED: requested access to the resource is denied", "unknown", "unknown"),
    ],
)
def test_what_a_registry_says(pulumi: Pulumi, error: str, registry: str, images: str) -> None:
    pulumi.crane(error)
    expect("missing" in (registry, images), registry=registry, images=images)


def test_an_image_for_another_machine(pulumi: Pulumi) -> None:
    pulumi.crane(architecture="arm64")
    expect(1, images="missing")


def test_without_crane(pulumi: Pulumi) -> None:
    (pulumi.folder / "crane").unlink()
    expect(1, registry="missing", images="unknown")


def test_read_only_rights(pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch) -> None:
    real, iam = PreflightContext._client, Iam(reading)
    monkeypatch.setattr(PreflightContext, "_ask_caller", lambda _: Caller(ACCOUNT, SESSION))
    monkeypatch.setattr(
        PreflightContext, "_client", lambda self, *named: iam if named[0] == "iam" else real(self, *named)
    )
    read_only = ("status", "preflight", "guard", "settling")
    states = {f"rights:_{name}": "fine" if name in read_only else "missing" for name in steps()}
    # The stand-in tells of rights alone, and of no quota.
    expect(1, **states, **{"quota:_roles": "unknown"})


def test_the_table_names_every_row_and_the_remedy_of_what_is_missing(pulumi: Pulumi) -> None:
    pulumi.plugins(aws="6.80.0", kubernetes=KUBERNETES)
    done = CliRunner().invoke(rollback.app, ["preflight", "-s", "prod"], env={"COLUMNS": "200"})
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["check", "state", "found"]
    assert all(any(line.startswith(name) for line in lines) for name in CHECKS)
    assert "plugin: aws: pulumi plugin install resource aws 7.51.1" in lines


@pytest.mark.parametrize("credentials", [True, False])
def test_the_printed_policies_are_documents_for_the_account(
    pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch, credentials: bool
) -> None:
    if not credentials:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    done = CliRunner().invoke(rollback.app, ["preflight", "-s", "dev", "--policy"])
    assert done.exit_code == 0
    documents = json.loads(done.stdout)
    assert list(documents) == [f"rollback-dev-{number}" for number in range(1, len(documents) + 1)]
    assert all(size(each) <= LIMIT for each in documents.values())
    arns = {arn for each in documents.values() for part in each["Statement"] for arn in part["Resource"]}
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT if credentials else '*'}:amplify-rag-dev-*"
    assert queue in arns


def test_a_thread_that_hangs_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    hangs = threading.Event()
    thread = threading.Thread(target=hangs.wait)
    thread.start()
    try:
        with pytest.raises(typer.Exit):
            command._leave(1)
    finally:
        hangs.set()
        thread.join()
    assert ended == [1]


@pytest.fixture
def plain_moto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A foreign account server on a port of its own, none of our extensions, nothing in it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        with cluster(tmp_path) as kubeconfig:
            surroundings(monkeypatch, Pulumi(tmp_path / "pulumi"), kubeconfig)
            host, port = server.get_host_and_port()
            monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
            yield
    finally:
        server.stop()


NOTHING_THERE = {**dict.fromkeys(CHECKS, "fine"), **UNTOLD, "artifact bucket": "missing", "artifacts": "missing"}


@pytest.mark.sandbox
def test_plain_moto_as_a_server_of_its_own(plain_moto: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_leave", leave)
    monkeypatch.setattr(rows, "time_left", lambda: 120.0)
    monkeypatch.setattr("cli.preflight.facts.READ", 60)
    code, found = typed()
    assert {row["check"]: row["state"] for row in found} == NOTHING_THERE
    assert code == 1
    told = {row["check"]: row["detail"] for row in found}
    assert told["credentials"].startswith(f"emulated account {ACCOUNT}")
    assert told["artifact bucket"] == f"artifact bucket {ARTIFACTS} isn't there"


@pytest.mark.sandbox
def test_the_program_ends_within_10_seconds_whatever_answers(plain_moto: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that others load, a row may lack an answer in time; none has a wrong one."""
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "")  # that of the committed stacks
    _, start = started("--help")
    done, took = started("preflight", "-s", "prod", "-o", "json")
    found = {row["check"]: row for row in json.loads(done)}
    assert list(found) == list(CHECKS)
    assert {
        name: row["state"]
        for name, row in found.items()
        if row["state"] != NOTHING_THERE[name] and not row["detail"].startswith("no answer within")
    } == {}
    # Where to start any program takes long, that is what it takes, and little more.
    assert took < max(10, start + 2 * LEAST + 3)


def started(*words: str) -> tuple[str, float]:
    """What the program prints as a process of its own, and the seconds that it takes."""
    begun = time.monotonic()
    command = [sys.executable, "-m", "cli.rollback", *words]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, env=dict(os.environ))
    return done.stdout, time.monotonic() - begun


def test_one_cause_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    late = [rows.Row(f"row {number}", rows.State.UNKNOWN, "no answer within 4.0 s", "try again") for number in range(9)]
    command.show(
        [*late, rows.Row("engine", rows.State.MISSING, "none", "install it"), rows.Row("ok", rows.State.FINE, "")]
    )
    told = capsys.readouterr().out.splitlines()
    assert [line for line in told if "try again" in line] == ["row 0, row 1, row 2 and 6 more: try again"]
    assert "engine: install it" in told
