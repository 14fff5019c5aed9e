from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import Any

import pytest

from core.errors import DamagedError, ServiceError
from guard.recovery import work
from guard.recovery.digest import Content
from guard.recovery.makers import database, postgres
from tests.guard.recovery.conftest import Place, store
from tests.sandbox.account.test_databases import instances, login

NAME = "rag-postgres"
TABLES = {"rag.public.documents": 500, "rag.public.empty": 0, 'rag.own.Odd "name': 1, "rag.large objects": 1}


@pytest.fixture
def filled(place: Place) -> Iterator[Place]:
    with instances(place.account) as create:
        create(NAME, DeletionProtection=True)
        with login(place.account, NAME) as link:
            link.execute("CREATE TABLE documents (x int, id serial, body text, raw bytea)")
            link.execute(
                "INSERT INTO documents (x, body, raw) SELECT n, 'text ' || n, '\\x00ff' FROM generate_series(1, 500) n"
            )
            link.execute("CREATE TABLE empty (x int)")
            link.execute("CREATE SCHEMA own")
            link.execute('CREATE TABLE own."Odd ""name" AS SELECT now() AS at, 0.1::float8 AS f')
            link.execute("SELECT lo_from_bytea(0, 'large')")
        yield place
        place.client("rds").modify_db_instance(DBInstanceIdentifier=NAME, DeletionProtection=False)


def names(place: Place) -> list[str]:
    return [each["DBInstanceIdentifier"] for each in place.client("rds").describe_db_instances()["DBInstances"]]


def snapshots(place: Place) -> set[str]:
    found = place.client("rds").describe_db_snapshots(DBInstanceIdentifier=NAME, SnapshotType="manual")
    return {each["DBSnapshotIdentifier"] for each in found["DBSnapshots"]}


def test_a_database_is_copied_read_back_lost_and_restored(filled: Place) -> None:
    rds = filled.client("rds")
    point = filled.make("database", NAME)
    assert point.parts == TABLES
    assert work.count(point.store) == point.items == 502
    assert point.verified_how == "restored to a temporary instance and read: 502 rows in 4 tables"
    assert names(filled) == [NAME], "the temporary instance is gone"
    with pytest.raises(ServiceError, match="database rag-postgres exists: RDS restores a snapshot into a new instance"):
        work.restore(point, NAME)
    rds.modify_db_instance(DBInstanceIdentifier=NAME, DeletionProtection=False)
    rds.delete_db_instance(DBInstanceIdentifier=NAME, SkipFinalSnapshot=True)
    with pytest.raises(ServiceError, match="database rag-postgres doesn't exist"):
        work.count(point.store)
    assert work.restore(point, NAME) == 502
    with login(filled.account, NAME) as link:
        assert link.execute("SELECT count(*), min(body) FROM documents").fetchone() == (500, "text 1")
        link.execute("UPDATE documents SET body = 'other' WHERE x = 7")
    assert work.measure(point.store).difference(point.content) == "the content of some items differs"


@pytest.mark.long
def test_a_snapshot_that_is_gone_or_differs_is_noted(filled: Place) -> None:
    point = filled.make("database", NAME)
    other = point.model_copy(update={"parts": {**point.parts, "rag.public.documents": 501}})
    with pytest.raises(DamagedError, match=r"rag\.public\.documents: 501 items recorded, 500 items found"):
        work.verify(other, filled.catalogue)
    assert filled.recorded(point).fault is not None
    assert names(filled) == [NAME]
    filled.client("rds").delete_db_snapshot(DBSnapshotIdentifier=point.where.rpartition(":")[2])
    with pytest.raises(DamagedError, match=r"copy of database rag-postgres: .*NotFound"):
        work.verify(point, filled.catalogue)


@pytest.mark.long
def test_a_database_that_is_written_to_is_refused_or_read_back_where_that_is_explained(
    filled: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = database._snapshot

    def busy(*arguments: Any) -> str:
        made = snapshot(*arguments)
        with login(filled.account, NAME) as link:
            link.execute("INSERT INTO empty VALUES (1)")
        return made

    before = snapshots(filled)
    monkeypatch.setattr(database, "_snapshot", busy)
    with pytest.raises(ServiceError, match="is written to while it is copied"):
        filled.make("database", NAME)
    assert snapshots(filled) == before, "no copy of a moment that isn't known"
    point = filled.make("database", NAME, explained="documents come in all the time")
    assert (point.parts["rag.public.empty"], work.count(point.store)) == (3, 506)


def test_what_cannot_be_read_is_one_line(filled: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = store("database", NAME).model_copy(update={"type": "aws:rds/cluster:Cluster"})
    with pytest.raises(ServiceError, match="is a cluster, which isn't copied here"):
        work.count(cluster)
    with login(filled.account, NAME) as link:
        link.execute("ALTER TABLE documents ENABLE ROW LEVEL SECURITY")
        link.execute("ALTER TABLE documents FORCE ROW LEVEL SECURITY")
    with pytest.raises(ServiceError, match="row-level security policy") as error:
        work.count(store("database", NAME))
    assert len(str(error.value).splitlines()) == 1
    imports = builtins.__import__

    def without_psycopg(name: str, *more: Any) -> Any:
        if name == "psycopg":
            raise ImportError(name)
        return imports(name, *more)

    monkeypatch.setattr(builtins, "__import__", without_psycopg)
    with pytest.raises(ServiceError, match="psycopg, which isn't installed"):
        postgres.count({"dbname": "rag"})


CHANGES = {
    "ALTER TABLE documents RENAME COLUMN body TO text": "tables and columns",
    "ALTER TABLE documents ALTER COLUMN x TYPE bigint": "tables and columns",
    "ALTER TABLE documents ALTER COLUMN x SET DEFAULT 3": "tables and columns",
    "CREATE TABLE another_empty (x int)": "rag.public.another_empty",
    "DROP TABLE empty": "rag.public.empty",
    "ALTER TABLE documents ADD CONSTRAINT extra CHECK (x > 0)": "constraints and indexes",
    "CREATE INDEX some_index ON documents (x)": "constraints and indexes",
    "CREATE VIEW some_view AS SELECT 1 AS x": "views",
    "CREATE FUNCTION extra() RETURNS int LANGUAGE sql AS 'SELECT 1'": "functions",
    "CREATE TYPE mood AS ENUM ('fine')": "types",
    "CREATE POLICY extra ON documents USING (x > 0)": "triggers, rules and policies",
    "ALTER SEQUENCE documents_id_seq INCREMENT 2": "sequences",
    "SELECT setval('documents_id_seq', 900)": "sequence public.documents_id_seq: at 250 recorded, at 450 found",
    "SELECT setval('documents_id_seq', 400)": "at 200 found",
    "CREATE EXTENSION vector": "extensions",
    "COMMENT ON TABLE documents IS 'other'": "comments, settings and other objects",
    "GRANT SELECT ON documents TO PUBLIC": "owners and grants",
    "SELECT lo_put(oid, 0, 'other') FROM pg_largeobject_metadata": "the content of some items differs",
    "SELECT lo_from_bytea(7777, lo_get(oid)), lo_unlink(oid) FROM pg_largeobject_metadata":
        "owners and grants",
}  # fmt: skip
"""What is done after the recovery point -> what differs then."""


def reached(place: Place) -> dict[str, Any]:
    """How the recovery points reach the database."""
    return database._login(place.client("rds"), store("database", NAME))


def read(place: Place) -> Content:
    return postgres.read(reached(place), lambda *_: None)


@pytest.mark.long
def test_whatever_of_a_database_changes_is_told(filled: Place) -> None:
    before = read(filled)
    with login(filled.account, NAME) as link:
        for change, told in CHANGES.items():
            link.execute(change)
            after = read(filled)
            assert told in str(before.difference(after)), change
            before = after
        link.execute("SELECT nextval('documents_id_seq')")
        assert before.difference(read(filled)) is None, "no further on than a copy may be"
        one, two = (link.execute("SELECT lo_from_bytea(0, %s)", [text]).fetchone()[0] for text in ("one", "two"))  # type: ignore[index]
        before = read(filled)
        link.execute("SELECT lo_put(%s, 0, 'two'), lo_put(%s, 0, 'one')", [one, two])
        assert before.difference(read(filled)) == "the content of some items differs", "two that changed places"


def test_rows_of_a_child_table_are_counted_once(filled: Place) -> None:
    with login(filled.account, NAME) as link:
        link.execute("CREATE TABLE child () INHERITS (empty)")
        link.execute("INSERT INTO child VALUES (1), (2)")
        link.execute("CREATE TABLE parts (x int) PARTITION BY RANGE (x)")
        link.execute("CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (10)")
        link.execute("INSERT INTO parts VALUES (1), (2), (3)")
    found = read(filled)
    assert found.parts == {**TABLES, "rag.public.child": 2, "rag.public.part": 3}
    assert postgres.count(reached(filled)) == found.items == 507


def test_a_table_of_another_role_says_which_and_what_lets_it_be_read(filled: Place) -> None:
    with login(filled.account, NAME) as link:
        link.execute("CREATE ROLE keeper_of_tests")
        link.execute("GRANT keeper_of_tests TO current_user WITH INHERIT FALSE")
        link.execute("GRANT CREATE, USAGE ON SCHEMA public TO keeper_of_tests")
        try:
            link.execute("ALTER TABLE empty OWNER TO keeper_of_tests")
            with pytest.raises(ServiceError, match=r"table public\.empty belongs to role keeper_of_tests") as error:
                work.count(store("database", NAME))
            assert 'GRANT pg_read_all_data TO "rag_admin' in str(error.value)
            assert len(str(error.value).splitlines()) == 1
        finally:
            link.execute("SET ROLE keeper_of_tests")
            link.execute("DROP TABLE empty")
            link.execute("RESET ROLE")
            link.execute("REVOKE ALL ON SCHEMA public FROM keeper_of_tests")
            link.execute("DROP ROLE keeper_of_tests")


@pytest.mark.long
def test_unlogged_tables_with_rows_are_refused_unless_that_is_explained(filled: Place) -> None:
    with login(filled.account, NAME) as link:
        link.execute("CREATE UNLOGGED TABLE cache (x int)")
        assert postgres.unlogged(reached(filled)) == []
        link.execute("INSERT INTO cache VALUES (1)")
    with pytest.raises(ServiceError, match=r"restores unlogged tables empty, and rag\.public\.cache holds rows"):
        filled.make("database", NAME)
    assert work.make(store("database", NAME), filled.catalogue, "a tester", explained="it fills by itself").items > 0


def test_a_locked_table_says_who_holds_it_and_waits_for_no_longer_than_it_may(
    filled: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "LOCK_SECONDS", 0.3)
    with login(filled.account, NAME) as holder, holder.transaction():
        holder.execute("LOCK TABLE documents IN ACCESS EXCLUSIVE MODE")
        pid = holder.info.backend_pid
        for look in (work.count, work.measure):
            for seconds in (None, 30):
                with pytest.raises(ServiceError) as error:
                    look(store("database", NAME), seconds=seconds)
                told = str(error.value)
                assert len(told.splitlines()) == 1
                assert f"database rag-postgres: table public.documents is locked by pid {pid} (rag_admin" in told
                assert "LOCK TABLE documents" in told
                assert told.endswith(f"end it: SELECT pg_terminate_backend({pid})")
    assert work.count(store("database", NAME)) == 502


@pytest.mark.long
def test_a_session_of_ours_is_bounded_by_the_server_too(filled: Place) -> None:
    words = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
    with postgres.reading(reached(filled)) as link:
        found = [link.execute(f"SELECT current_setting('{word}')").fetchone()[0] for word in words]
    assert found == ["20s", "1h", "5min"]
