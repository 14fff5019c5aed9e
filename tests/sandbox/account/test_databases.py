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


@contextlib.contextmanager
def running_server(folder: Path, port: int | None = None) -> Iterator[tuple[int, Path]]:
    """PostgreSQL, with its data in `folder`; yields its port and the folder."""
    port = port or free_ports(1)[0]
    command = [sys.executable, "-m", "sandbox.postgres", "--port", str(port), "--data-dir", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        cluster.wait_until_ready(port, folder, 60)
        yield port, folder
    finally:
        process.terminate()
        process.wait(15)


def account_on(server: tuple[int, Path], state_dir: Path) -> Account:
    """An account whose databases lie on the server; not started yet."""
    port, folder = server
    options = ["--postgres-port", str(port), "--postgres-password-file", str(folder / postgres.PASSWORD_FILE)]
    return Account(state_dir, 60.0, *options)


@contextlib.contextmanager
def instances(account: Account) -> Iterator[Callable[..., Any]]:
    """Makes instances, and deletes them in the end."""
    rds, names = account.client("rds"), []

    def create(name: str, **more: Any) -> Any:
        names.append(name)
        given = {"DBName": "rag", "MasterUsername": "rag_admin", "ManageMasterUserPassword": True, **more}
        return rds.create_db_instance(
            DBInstanceIdentifier=name,
            Engine="postgres",
            DBInstanceClass="db.t4g.micro",
            AllocatedStorage=20,
            **{key: value for key, value in given.items() if value is not None},
        )["DBInstance"]

    yield create
    for name in names:
        with contextlib.suppress(ClientError):
            rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    with running_server(tmp_path_factory.mktemp("postgres")) as started:
        yield started


@pytest.fixture(scope="module")
def rds_account(server: tuple[int, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    made = account_on(server, tmp_path_factory.mktemp("rds") / "state").start()
    yield made
    made.kill()


@pytest.fixture
def make(rds_account: Account) -> Iterator[Callable[..., Any]]:
    with instances(rds_account) as create:
        yield create


def describe(account: Account, name: str) -> Any:
    return account.client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


def login(account: Account, name: str, password: str | None = None, **more: Any) -> psycopg.Connection[Any]:
    instance = describe(account, name)
    user = instance["MasterUsername"]
    if password is None:
        arn = instance["MasterUserSecret"]["SecretArn"]
        secret = json.loads(account.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
        user, password = secret["username"], secret["password"]
    return psycopg.connect(
        **{
            "host": instance["Endpoint"]["Address"],
            "port": instance["Endpoint"]["Port"],
            "dbname": instance.get("DBName", "postgres"),
            "user": user,
            "password": password,
            "autocommit": True,
            **more,
        }
    )


def as_superuser(server: tuple[int, Path]) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host="127.0.0.1",
        port=server[0],
        user=postgres.SUPERUSER,
        password=postgres.password(server[1]),
        dbname="postgres",
        autocommit=True,
    )


def test_the_secret_logs_in_and_pgvector_can_be_made(rds_account: Account, make: Any) -> None:
    made = make("rag-dev")
    assert made["DBInstanceStatus"] == "available"
    with login(rds_account, "rag-dev") as link:
        link.execute("CREATE EXTENSION vector")
        link.execute("CREATE TABLE pages (id int, v vector(2))")
        link.execute("INSERT INTO pages VALUES (1, '[1,2]')")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        login(rds_account, "rag-dev", "wrong")


@pytest.mark.long
def test_instances_with_the_same_names_stay_apart(rds_account: Account, make: Any) -> None:
    passwords = {"one": "the-first-password", "two": "the-second-password"}
    for name, password in passwords.items():
        make(name, ManageMasterUserPassword=False, MasterUserPassword=password)
        found = describe(rds_account, name)
        assert (found["DBName"], found["MasterUsername"]) == ("rag", "rag_admin")
        with login(rds_account, name, password) as link:
            link.execute(f"CREATE TABLE only_in_{name} (id int)")
    assert describe(rds_account, "one")["Endpoint"]["Port"] != describe(rds_account, "two")["Endpoint"]["Port"]
    for name, password in passwords.items():
        with login(rds_account, name, password) as link:
            found = link.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            assert found == [(f"only_in_{name}",)]
        with pytest.raises(psycopg.OperationalError, match='password authentication failed for user "rag_admin"'):
            login(rds_account, name, passwords["two" if name == "one" else "one"])


@pytest.mark.long
def test_secrets_of_instances_with_the_same_names_say_what_was_asked_for(rds_account: Account, make: Any) -> None:
    for name in ("prod", "staging"):
        make(name)
        arn = describe(rds_account, name)["MasterUserSecret"]["SecretArn"]
        secret = json.loads(rds_account.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
        assert secret["username"] == "rag_admin"
        login(rds_account, name).close()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"MasterUsername": "rdsadmin"}, "MasterUsername rdsadmin cannot be used as it is a reserved word"),
        ({"MasterUsername": "admin"}, "MasterUsername admin cannot be used as it is a reserved word"),
        ({"MasterUsername": "pg_admin"}, 'role names starting with "pg_" are reserved'),
        ({"MasterUsername": "seventeen_letters"}, "MasterUsername is not a valid identifier"),
        ({"DBName": "template1"}, "DBName template1 cannot be used as it is a reserved word"),
        ({"DBName": "rag=x"}, "DBName is not a valid identifier"),
    ],
)
def test_names_that_rds_refuses_are_refused(rds_account: Account, make: Any, given: Any, message: str) -> None:
    with pytest.raises(ClientError, match=message) as refused:
        make("refused", **given)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValue"
    with pytest.raises(ClientError, match="not found"):
        describe(rds_account, "refused")


@pytest.mark.long
def test_without_a_name_the_database_is_postgres_and_the_instance_s_own(rds_account: Account, make: Any) -> None:
    for name in ("nameless", "other"):
        made = make(name, DBName=None, MasterUsername="postgres")
        assert "DBName" not in made
        with login(rds_account, name) as link:
            link.execute(f"CREATE TABLE only_in_{name} (id int)")
    with login(rds_account, "nameless") as link:
        assert link.execute("SELECT to_regclass('only_in_nameless'), to_regclass('only_in_other')").fetchone() == (
            "only_in_nameless",
            None,
        )


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
def test_a_plain_delete_drops_the_data(rds_account: Account, make: Any, server: tuple[int, Path]) -> None:
    make("gone")
    with as_superuser(server) as link:
        found = "SELECT datname, rolname FROM pg_database JOIN pg_roles ON datdba = pg_roles.oid WHERE datname LIKE %s"
        assert link.execute(found, ["%/gone"]).fetchall() == [("rag@us-east-1/gone", "rag_admin@us-east-1/gone")]
        rds_account.client("rds").delete_db_instance(DBInstanceIdentifier="gone", SkipFinalSnapshot=True)
        assert link.execute("SELECT 1 FROM pg_database WHERE datname LIKE '%/gone'").fetchone() is None
        assert link.execute("SELECT 1 FROM pg_roles WHERE rolname LIKE '%/gone'").fetchone() is None


@pytest.mark.long
def test_passwords_are_kept_as_scram(rds_account: Account, make: Any, server: tuple[int, Path]) -> None:
    make("scram")
    with as_superuser(server) as link:
        stored = "SELECT rolpassword LIKE 'SCRAM-SHA-256$%%' FROM pg_authid WHERE rolname = %s"
        assert link.execute(stored, ["rag_admin@us-east-1/scram"]).fetchone() == (True,)


@pytest.mark.long
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


@pytest.mark.long
def test_a_restore_to_a_point_in_time_is_an_instance_of_its_own(rds_account: Account, make: Any) -> None:
    rds = rds_account.client("rds")
    make("origin")
    with login(rds_account, "origin") as link:
        link.execute("CREATE TABLE documents AS SELECT 7 AS id")
        rds.restore_db_instance_to_point_in_time(
            SourceDBInstanceIdentifier="origin", TargetDBInstanceIdentifier="earlier", UseLatestRestorableTime=True
        )
        link.execute("DELETE FROM documents")
    found = describe(rds_account, "earlier")
    assert (found["DBName"], found["MasterUsername"]) == ("rag", "rag_admin")
    with login(rds_account, "earlier") as link:
        assert link.execute("SELECT id FROM documents").fetchall() == [(7,)]
        link.execute("ALTER TABLE documents ADD COLUMN title text")
    rds.delete_db_instance(DBInstanceIdentifier="earlier", SkipFinalSnapshot=True)


@pytest.mark.long
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


@pytest.mark.long
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
