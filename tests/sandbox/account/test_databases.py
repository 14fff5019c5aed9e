from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from botocore.exceptions import ClientError

from sandbox import postgres
from sandbox.paths import free_ports
from sandbox.postgres import cluster
from tests.sandbox.account.conftest import ROOT, Account


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    (port,), folder = free_ports(1), tmp_path_factory.mktemp("postgres")
    command = [sys.executable, "-m", "sandbox.postgres", "--port", str(port), "--data-dir", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        cluster.wait_until_ready(port, folder, 60)
        yield port, folder
    finally:
        process.terminate()
        process.wait(15)


@pytest.fixture(scope="module")
def rds_account(server: tuple[int, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    options = ["--postgres-port", str(server[0])]
    options += ["--postgres-password-file", str(server[1] / postgres.PASSWORD_FILE)]
    made = Account(tmp_path_factory.mktemp("rds") / "state", 60.0, *options).start()
    yield made
    made.kill()


@pytest.fixture
def make(rds_account: Account) -> Iterator[Callable[..., Any]]:
    rds = rds_account.client("rds")
    names = []

    def create(name: str, **more: Any) -> Any:
        names.append(name)
        given = {"DBName": "rag", "MasterUsername": "rag_admin", "ManageMasterUserPassword": True, **more}
        return rds.create_db_instance(
            DBInstanceIdentifier=name,
            Engine="postgres",
            DBInstanceClass="db.t4g.micro",
            AllocatedStorage=20,
            **given,
        )["DBInstance"]

    yield create
    for name in names:
        with contextlib.suppress(ClientError):
            rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)


def describe(account: Account, name: str) -> Any:
    return account.client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


def login(account: Account, name: str, password: str | None = None) -> psycopg.Connection[Any]:
    instance = describe(account, name)
    user = instance["MasterUsername"]
    if password is None:
        arn = instance["MasterUserSecret"]["SecretArn"]
        secret = json.loads(account.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
        user, password = secret["username"], secret["password"]
    return psycopg.connect(
        host=instance["Endpoint"]["Address"],
        port=instance["Endpoint"]["Port"],
        dbname=instance["DBName"],
        user=user,
        password=password,
        autocommit=True,
    )


def test_the_secret_logs_in_and_pgvector_can_be_made(rds_account: Account, make: Any, server: Any) -> None:
    made = make("rag-dev")
    assert made["DBInstanceStatus"] == "available"
    assert describe(rds_account, "rag-dev")["Endpoint"]["Port"] == server[0]
    with login(rds_account, "rag-dev") as link:
        assert link.execute("SELECT current_database(), current_user").fetchone() == ("rag", "rag_admin")
        link.execute("CREATE EXTENSION vector")
        link.execute("CREATE TABLE pages (id int, v vector(2))")
        link.execute("INSERT INTO pages VALUES (1, '[1,2]')")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        login(rds_account, "rag-dev", "wrong")


def test_instances_with_the_same_names_stay_apart(rds_account: Account, make: Any) -> None:
    make("one")
    make("two", ManageMasterUserPassword=False, MasterUserPassword="a-long-password")
    second = describe(rds_account, "two")
    assert (second["DBName"], second["MasterUsername"]) == ("rag_two", "rag_admin_two")
    with login(rds_account, "one") as link:
        link.execute("CREATE TABLE only_here (id int)")
    with login(rds_account, "two", "a-long-password") as link:
        assert link.execute("SELECT to_regclass('only_here')").fetchone() == (None,)


def test_a_rotated_password_replaces_the_old_one(rds_account: Account, make: Any) -> None:
    rds = rds_account.client("rds")
    make("rotated")
    arn = describe(rds_account, "rotated")["MasterUserSecret"]["SecretArn"]
    secrets = rds_account.client("secretsmanager")
    old = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])["password"]
    rds.modify_db_instance(DBInstanceIdentifier="rotated", RotateMasterUserPassword=True, ApplyImmediately=True)
    assert describe(rds_account, "rotated")["MasterUserSecret"]["SecretArn"] == arn
    login(rds_account, "rotated").close()
    with pytest.raises(psycopg.OperationalError):
        login(rds_account, "rotated", old)
    rds.modify_db_instance(
        DBInstanceIdentifier="rotated", ManageMasterUserPassword=False, MasterUserPassword="chosen-by-hand"
    )
    login(rds_account, "rotated", "chosen-by-hand").close()


def test_deletion_protection_and_the_final_snapshot(rds_account: Account, make: Any) -> None:
    rds = rds_account.client("rds")
    make("kept", DeletionProtection=True)
    with login(rds_account, "kept") as link:
        link.execute("CREATE TABLE documents AS SELECT 42 AS id")
    with pytest.raises(ClientError, match="protected"):
        rds.delete_db_instance(DBInstanceIdentifier="kept", SkipFinalSnapshot=True)
    rds.modify_db_instance(DBInstanceIdentifier="kept", DeletionProtection=False, ApplyImmediately=True)
    with pytest.raises(ClientError, match="FinalDBSnapshotIdentifier is required"):
        rds.delete_db_instance(DBInstanceIdentifier="kept")
    rds.delete_db_instance(DBInstanceIdentifier="kept", FinalDBSnapshotIdentifier="kept-final")
    with pytest.raises(rds.exceptions.DBInstanceNotFoundFault):
        describe(rds_account, "kept")
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="kept", DBSnapshotIdentifier="kept-final")
    with login(rds_account, "kept") as link:
        assert link.execute("SELECT id FROM documents").fetchall() == [(42,)]


def test_a_plain_delete_drops_the_data(rds_account: Account, make: Any, server: tuple[int, Path]) -> None:
    make("gone", DBName="gone")
    rds_account.client("rds").delete_db_instance(DBInstanceIdentifier="gone", SkipFinalSnapshot=True)
    with psycopg.connect(
        host="127.0.0.1",
        port=server[0],
        user=postgres.SUPERUSER,
        password=postgres.password(server[1]),
        dbname="postgres",
    ) as link:
        assert link.execute("SELECT 1 FROM pg_database WHERE datname = 'gone'").fetchone() is None


def test_a_snapshot_is_a_real_copy_beside_the_living(rds_account: Account, make: Any) -> None:
    rds = rds_account.client("rds")
    make("live")
    with login(rds_account, "live") as link:
        link.execute("CREATE EXTENSION vector")
        link.execute("CREATE TABLE documents AS SELECT n AS id FROM generate_series(1, 3) n")
        rds.create_db_snapshot(DBInstanceIdentifier="live", DBSnapshotIdentifier="before")
        link.execute("DELETE FROM documents")
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="copy", DBSnapshotIdentifier="before")
    with login(rds_account, "copy") as link:
        assert link.execute("SELECT count(*) FROM documents").fetchone() == (3,)
        link.execute("INSERT INTO documents VALUES (4)")
    with login(rds_account, "live") as link:
        assert link.execute("SELECT count(*) FROM documents").fetchone() == (0,)
    rds.delete_db_instance(DBInstanceIdentifier="copy", SkipFinalSnapshot=True)
    rds.delete_db_snapshot(DBSnapshotIdentifier="before")
    assert not list((rds_account.state_dir / "snapshots").rglob("before-*"))


def test_instances_and_snapshots_survive_kill_9(rds_account: Account, make: Any) -> None:
    rds = rds_account.client("rds")
    make("crash")
    with login(rds_account, "crash") as link:
        link.execute("CREATE TABLE documents AS SELECT 1 AS id")
    rds.create_db_snapshot(DBInstanceIdentifier="crash", DBSnapshotIdentifier="crash-copy")
    time.sleep(2)
    rds_account.kill()
    rds_account.start()
    with login(rds_account, "crash") as link:
        assert link.execute("SELECT id FROM documents").fetchone() == (1,)
        link.execute("DROP TABLE documents")
    rds.delete_db_instance(DBInstanceIdentifier="crash", SkipFinalSnapshot=True)
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="crash", DBSnapshotIdentifier="crash-copy")
    with login(rds_account, "crash") as link:
        assert link.execute("SELECT id FROM documents").fetchone() == (1,)


def test_without_a_server_rds_is_a_control_plane(account: Any) -> None:
    made = account.client("rds").create_db_instance(
        DBInstanceIdentifier="plain",
        Engine="postgres",
        MasterUsername="rag",
        MasterUserPassword="long-enough",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
    )["DBInstance"]
    assert made["DBInstanceStatus"] == "available"
    assert describe(account, "plain")["Endpoint"]["Address"].endswith(".rds.amazonaws.com")
