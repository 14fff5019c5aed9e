from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import Any

import pytest

from guard.recovery import work
from guard.recovery.errors import DamagedError, RecoveryError
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
    with pytest.raises(
        RecoveryError, match="database rag-postgres exists: RDS restores a snapshot into a new instance"
    ):
        work.restore(point, NAME)
    rds.modify_db_instance(DBInstanceIdentifier=NAME, DeletionProtection=False)
    rds.delete_db_instance(DBInstanceIdentifier=NAME, SkipFinalSnapshot=True)
    with pytest.raises(RecoveryError, match="database rag-postgres doesn't exist"):
        work.count(point.store)
    assert work.restore(point, NAME) == 502
    with login(filled.account, NAME) as link:
        assert link.execute("SELECT count(*), min(body) FROM documents").fetchone() == (500, "text 1")
        link.execute("UPDATE documents SET body = 'other' WHERE x = 7")
    assert work.measure(point.store).difference(point.content) == "the content of some items differs"


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
    with pytest.raises(RecoveryError, match="is written to while it is copied"):
        filled.make("database", NAME)
    assert snapshots(filled) == before, "no copy of a moment that isn't known"
    point = filled.make("database", NAME, explained="documents come in all the time")
    assert (point.parts["rag.public.empty"], work.count(point.store)) == (3, 506)


def test_what_cannot_be_read_is_one_line(filled: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = store("database", NAME).model_copy(update={"type": "aws:rds/cluster:Cluster"})
    with pytest.raises(RecoveryError, match="is a cluster, which isn't copied here"):
        work.count(cluster)
    with login(filled.account, NAME) as link:
        link.execute("ALTER TABLE documents ENABLE ROW LEVEL SECURITY")
        link.execute("ALTER TABLE documents FORCE ROW LEVEL SECURITY")
    with pytest.raises(RecoveryError, match="row-level security policy") as error:
        work.count(store("database", NAME))
    assert len(str(error.value).splitlines()) == 1
    imports = builtins.__import__

    def without_psycopg(name: str, *more: Any) -> Any:
        if name == "psycopg":
            raise ImportError(name)
        return imports(name, *more)

    monkeypatch.setattr(builtins, "__import__", without_psycopg)
    with pytest.raises(RecoveryError, match="psycopg, which isn't installed"):
        postgres.count({"dbname": "rag"})
