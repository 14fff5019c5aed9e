"""The port that every instance has of its own: what passes through it, and how long it stays."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from botocore.exceptions import ClientError

from sandbox import postgres
from sandbox.account import settings, state
from sandbox.account.databases import endpoints
from sandbox.account.databases.names import Names
from sandbox.providers import plugin
from sandbox.providers.aws.service import AwsProvider
from tests.sandbox.account.conftest import Account, wait_for
from tests.sandbox.account.test_databases import account_on, describe, instances, login, running_server
from tests.sandbox.providers.aws.harness import Harness

MEGABYTES = 10
SSL_REQUEST, GSS_REQUEST = struct.pack("!II", 8, 80877103), struct.pack("!II", 8, 80877104)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    with running_server(tmp_path_factory.mktemp("postgres")) as started:
        yield started


@pytest.fixture(scope="module")
def rds_account(server: tuple[int, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    made = account_on(server, tmp_path_factory.mktemp("rds") / "state").start()
    yield made
    made.kill()
    assert made.log() == ""


@pytest.fixture
def make(rds_account: Account) -> Iterator[Callable[..., Any]]:
    with instances(rds_account) as create:
        yield create


@pytest.fixture
def rag(rds_account: Account, make: Callable[..., Any]) -> Iterator[Callable[..., psycopg.Connection[Any]]]:
    """Logs in to an instance of the test's own."""
    make("rag")
    with contextlib.ExitStack() as links:
        yield lambda **more: links.enter_context(contextlib.closing(login(rds_account, "rag", **more)))


def port_of(account: Account, name: str) -> int:
    return int(describe(account, name)["Endpoint"]["Port"])


def listens(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.long
def test_encryption_is_declined_as_by_a_server_without_a_certificate(rds_account: Account, rag: Any) -> None:
    assert rag(sslmode="prefer").execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError, match="server does not support SSL"):
        rag(sslmode="require")
    with socket.create_connection(("127.0.0.1", port_of(rds_account, "rag")), timeout=5) as raw:
        for request in (GSS_REQUEST, SSL_REQUEST):
            raw.sendall(request)
            assert raw.recv(10) == b"N"


@pytest.mark.long
def test_what_is_not_postgresql_is_hung_up_on(rds_account: Account, rag: Any) -> None:
    with socket.create_connection(("127.0.0.1", port_of(rds_account, "rag")), timeout=5) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert raw.recv(100) == b""
    assert rag().execute("SELECT 1").fetchone() == (1,)


@pytest.mark.long
def test_a_running_query_can_be_cancelled(rag: Any) -> None:
    link = rag()
    for cancel in (link.cancel, link.cancel_safe):
        timer = threading.Timer(0.5, cancel)
        timer.start()
        began = time.monotonic()
        with pytest.raises(psycopg.errors.QueryCanceled):
            link.execute("SELECT pg_sleep(30)")
        timer.join()
        assert time.monotonic() - began < 10
    assert link.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.long
def test_twenty_sessions_at_once(rag: Any) -> None:
    together = threading.Barrier(20)

    def work(number: int) -> int:
        link = rag()
        together.wait(60)
        return sum(link.execute("SELECT %s::int", [number + n]).fetchone()[0] for n in range(20))

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(work, range(20))) == [20 * number + 190 for number in range(20)]


@pytest.mark.long
def test_much_data_passes_both_ways(rag: Any) -> None:
    link = rag()
    link.execute("CREATE TABLE parts (part int, body bytea)")
    bodies = [hashlib.sha256(bytes([part])).digest() * (1 << 15) for part in range(MEGABYTES)]
    for part, body in enumerate(bodies):
        link.execute("INSERT INTO parts VALUES (%s, %s)", [part, body], binary=True)
    found = link.execute("SELECT body FROM parts ORDER BY part", binary=True).fetchall()
    assert [body for (body,) in found] == bodies
    ((text,),) = link.execute("SELECT repeat('0123456789', 1048576)").fetchall()
    assert hashlib.sha256(text.encode()).digest() == hashlib.sha256(b"0123456789" * 1048576).digest()


@pytest.mark.long
def test_a_session_may_be_idle_for_longer_than_its_beginning_may_take(
    server: tuple[int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "OPENING_SECONDS", 0.5)
    monkeypatch.setattr(settings, "_current", settings.Settings(postgres_port=server[0]))
    port = endpoints.open_new(Names("me", "mine", postgres.SUPERUSER, "postgres"))
    word = postgres.password(server[1])
    try:
        with psycopg.connect(host="127.0.0.1", port=port, user="me", dbname="mine", password=word) as link:
            time.sleep(2)
            assert link.execute("SELECT current_database()").fetchone() == ("postgres",)
    finally:
        endpoints.close(port)
    assert not listens(port)


@pytest.mark.long
def test_a_client_that_stops_reading_stops_its_own_session_only(rag: Any) -> None:
    slow, other = rag(), rag()
    slow.pgconn.send_query(b"SELECT repeat('x', 1000000) FROM generate_series(1, 50)")
    for _ in range(20):
        assert other.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.long
def test_sessions_of_clients_that_are_gone_end(rds_account: Account, rag: Any) -> None:
    watcher = rag()
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    for link in (login(rds_account, "rag"), login(rds_account, "rag")):
        link.execute("BEGIN")
        # Closed without PostgreSQL's goodbye, as when the client is killed.
        broken = socket.socket(fileno=link.fileno())
        broken.shutdown(socket.SHUT_RDWR)
        broken.detach()
    wait_for(lambda: watcher.execute(count).fetchone() == (1,), what="the end of both sessions")


@pytest.mark.long
def test_errors_and_settings_of_a_session_have_the_client_s_names(rag: Any) -> None:
    assert rag().info.parameter_status("session_authorization") == "rag_admin"
    with pytest.raises(psycopg.OperationalError, match='password authentication failed for user "rag_admin"'):
        rag(password="wrong")
    with pytest.raises(psycopg.OperationalError, match='database "nowhere" does not exist'):
        rag(dbname="nowhere")


@pytest.mark.long
def test_other_names_pass_through(rag: Any) -> None:
    link = rag()
    link.execute("CREATE ROLE passer_by LOGIN PASSWORD 'passing'")
    link.execute('GRANT CONNECT ON DATABASE "rag@us-east-1/rag" TO passer_by')
    try:
        assert rag(user="passer_by", password="passing").execute("SELECT current_user").fetchone() == ("passer_by",)
        shared = rag(dbname="postgres")
        assert shared.execute("SELECT current_database()").fetchone() == ("postgres",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            shared.execute("CREATE TABLE left_behind (id int)")
        assert rag(dbname="template1").execute("SELECT 1").fetchone() == (1,)
    finally:
        link.execute('REVOKE CONNECT ON DATABASE "rag@us-east-1/rag" FROM passer_by')
        link.execute("DROP ROLE passer_by")


@pytest.mark.long
def test_a_database_left_out_is_called_like_the_user(rds_account: Account, make: Any) -> None:
    make("alike", DBName="rag_admin")
    make("unlike")
    assert login(rds_account, "alike", dbname="").execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError, match='database "rag_admin" does not exist'):
        login(rds_account, "unlike", dbname="")


@pytest.mark.long
def test_one_instance_s_endpoint_does_not_lead_to_another_s_data(rds_account: Account, make: Any) -> None:
    make("mine")
    make("yours")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        login(rds_account, "mine", dbname="rag@us-east-1/yours")


@pytest.mark.long
def test_pulumi_sees_no_difference_between_what_it_asked_for_and_what_it_got(
    rds_account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", rds_account.url)
    grpc_server, port = plugin.start(AwsProvider())
    harness = Harness(port)
    wanted = {
        "engine": "postgres",
        "instanceClass": "db.t3.micro",
        "allocatedStorage": 20,
        "dbName": "rag",
        "username": "rag",
        "manageMasterUserPassword": True,
        "skipFinalSnapshot": True,
    }
    try:
        harness.configure(region="us-east-1")
        kind = "aws:rds/instance:Instance"
        made = [harness.create(kind, stack, identifier=stack, **wanted) for stack in ("prod", "staging")]
        for one in made:
            assert (one.state["dbName"], one.state["username"]) == ("rag", "rag")
            assert one.state["port"] == port_of(rds_account, one.id)
            refreshed = harness.refresh(one)
            assert refreshed is not None
            assert refreshed[1] == one.state
            assert not harness.diff(one, identifier=one.id, **wanted).diffs
            login(rds_account, one.id).close()
            harness.delete(one)
    finally:
        harness.channel.close()
        grpc_server.stop(0)


@pytest.mark.long
def test_a_renamed_instance_keeps_its_port_and_its_data(rds_account: Account, make: Any) -> None:
    rds = rds_account.client("rds")
    make("first", ManageMasterUserPassword=False, MasterUserPassword="the-older-password")
    port = port_of(rds_account, "first")
    with login(rds_account, "first", "the-older-password") as link:
        link.execute("CREATE TABLE documents AS SELECT 1 AS id")
    rds.modify_db_instance(DBInstanceIdentifier="first", NewDBInstanceIdentifier="second", ApplyImmediately=True)
    make("first", ManageMasterUserPassword=False, MasterUserPassword="the-newer-password")
    assert port_of(rds_account, "second") == port != port_of(rds_account, "first")
    with login(rds_account, "second", "the-older-password") as link:
        assert link.execute("SELECT id FROM documents").fetchall() == [(1,)]
    with login(rds_account, "first", "the-newer-password") as link:
        assert link.execute("SELECT to_regclass('documents')").fetchone() == (None,)
    with pytest.raises(ClientError, match="already exists"):
        rds.modify_db_instance(DBInstanceIdentifier="second", NewDBInstanceIdentifier="first", ApplyImmediately=True)
    rds.delete_db_instance(DBInstanceIdentifier="second", SkipFinalSnapshot=True)
    login(rds_account, "first", "the-newer-password").close()


@pytest.mark.long
def test_the_port_closes_when_the_instance_is_deleted(rds_account: Account, make: Any) -> None:
    make("brief")
    port = port_of(rds_account, "brief")
    link = login(rds_account, "brief")
    rds_account.client("rds").delete_db_instance(DBInstanceIdentifier="brief", SkipFinalSnapshot=True)
    assert not listens(port)
    with pytest.raises(psycopg.OperationalError):
        link.execute("SELECT 1")


@pytest.mark.long
def test_ports_stay_over_restarts_and_kill_9(rds_account: Account, make: Any) -> None:
    ports = {}
    for name in ("here", "there"):
        make(name)
        ports[name] = port_of(rds_account, name)
    with login(rds_account, "there") as link:
        link.execute("CREATE TABLE documents AS SELECT 3 AS id")
    time.sleep(2)
    for end in (rds_account.kill, rds_account.stop):
        kept = [login(rds_account, "here"), login(rds_account, "there")]
        end()
        assert not any(map(listens, ports.values()))
        rds_account.start()
        assert {name: port_of(rds_account, name) for name in ports} == ports
        with login(rds_account, "there") as link:
            assert link.execute("SELECT id FROM documents").fetchall() == [(3,)]
        for link in kept:
            link.close()


@pytest.mark.long
def test_a_port_taken_meanwhile_is_one_line_and_exit_code_3(rds_account: Account, make: Any) -> None:
    make("waiting")
    port = port_of(rds_account, "waiting")
    time.sleep(2)
    assert rds_account.stop() == 0
    with socket.create_server(("127.0.0.1", port)):
        done = subprocess.run(rds_account.command(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3
    assert done.stderr == f"port {port} on 127.0.0.1 is taken by another program\n"
    rds_account.start()
    login(rds_account, "waiting").close()


@pytest.mark.long
def test_a_state_of_before_is_one_clear_line(own_account: Callable[..., Account]) -> None:
    own = own_account()
    own.client("sqs").create_queue(QueueName="old")
    assert own.stop() == 0
    path = own.state_dir / state.FILE
    path.write_bytes(path.read_bytes().replace(b"local-aws-account 2", b"local-aws-account 1", 1))
    done = subprocess.run(own.command(), capture_output=True, text=True, timeout=60, cwd=".", check=False)
    assert done.returncode == 4
    assert len(done.stderr.splitlines()) == 1
    assert "start afresh with: python -m sandbox clean" in done.stderr


@pytest.mark.long
def test_a_server_that_is_down_is_said_so_and_leaves_nothing_half_made(tmp_path: Path) -> None:
    word: dict[str, Any] = {"ManageMasterUserPassword": False, "MasterUserPassword": "a-long-password"}
    with contextlib.ExitStack() as ending:
        with running_server(tmp_path / "postgres") as server:
            account = account_on(server, tmp_path / "state").start()
            ending.callback(account.kill)
            make = ending.enter_context(instances(account))
            make("early", **word)
        with pytest.raises(psycopg.OperationalError, match="does not answer; start it with make up"):
            login(account, "early", "a-long-password")
        with pytest.raises(ClientError, match="does not answer; start it with make up"):
            make("late", DeletionProtection=True, **word)
        with pytest.raises(ClientError, match="not found"):
            describe(account, "late")
        ending.enter_context(running_server(server[1], server[0]))
        make("late", **word)
        for name in ("early", "late"):
            login(account, name, "a-long-password").close()
