"""The legacy path, and both paths on each other's schema: rolling back keeps the data."""

from __future__ import annotations

import threading
from collections.abc import Callable

import boto3
import psycopg
import pytest

from tests.support import samples
from tests.support.versions import newest_always

from .conftest import Account, Invoke, Row

Deploy = Callable[[str, str], Invoke]
Database = psycopg.Connection[Row]

# The statements of runbook async-rag, level 3, step 3.
FULL_ROLLBACK = """
DROP TABLE IF EXISTS chunk_bm25_index CASCADE;
DROP TABLE IF EXISTS bm25_term_stats CASCADE;
DROP TABLE IF EXISTS document_bm25_metadata CASCADE;
DROP TABLE IF EXISTS hybrid_search_config CASCADE;
DROP TABLE IF EXISTS document_vdr_pages CASCADE;
ALTER TABLE documents DROP COLUMN IF EXISTS pipeline_type;
"""
HYBRID_TABLES = {
    "document_vdr_pages",
    "chunk_bm25_index",
    "bm25_term_stats",
    "document_bm25_metadata",
    "hybrid_search_config",
}


def tables(database: Database) -> set[str]:
    return {
        row[0]
        for row in database.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    }


def process_async(account: Account, deploy: Deploy, key: str, content: bytes) -> None:
    deploy("async_document_processor", "1.1.0")(account.upload(key, content))
    deploy("text_rag_processor", "1.2.0")(account.receive(account.text_rag_queue))


@pytest.mark.parametrize("version", newest_always(["1.0.0", "1.1.0"]))
def test_the_legacy_path_stores_at_once_and_only_schema_1(
    version: str, account: Account, database: Database, deploy: Deploy
) -> None:
    legacy = deploy("process_document_for_rag", version)
    assert legacy({"test": True}) == {"ok": True, "release": "v9.9.9", "documents": 0}
    event = account.upload("test-user/rollback-test.pdf", samples.text_pdf("first page", "second page"))

    for _ in range(2):
        legacy(event)

    assert tables(database) == {"documents", "document_chunks", "schema_migrations"}
    assert database.execute(
        "SELECT key, page_number, content FROM document_chunks c JOIN documents d ON d.id = document_id"
    ).fetchall() == [
        ("test-user/rollback-test.pdf", 1, "first page"),
        ("test-user/rollback-test.pdf", 2, "second page"),
    ]
    assert legacy({"test": True})["documents"] == 1


def test_a_malformed_document_is_an_error_and_from_1_1_0_the_others_are_stored(
    account: Account, database: Database, deploy: Deploy
) -> None:
    event = account.upload("broken.pdf", samples.malformed_pdf())
    event["Records"] += account.upload("sound.pdf", samples.text_pdf())["Records"]
    with pytest.raises(Exception, match="not a readable PDF"):
        deploy("process_document_for_rag", "1.0.0")(event)
    assert "documents" not in tables(database)
    with pytest.raises(Exception, match=r"broken\.pdf: not a readable PDF"):
        deploy("process_document_for_rag", "1.1.0")(event)
    assert database.execute("SELECT key FROM documents").fetchall() == [("sound.pdf",)]


def test_legacy_code_works_on_the_newer_schema_and_keeps_its_data(
    account: Account, database: Database, deploy: Deploy
) -> None:
    process_async(account, deploy, "new.pdf", samples.text_pdf("from the new path"))
    legacy = deploy("process_document_for_rag", "1.0.0")
    legacy(account.upload("old.pdf", samples.text_pdf("from the old path")))
    legacy(account.upload("new.pdf", samples.text_pdf("again by the old path")))

    assert tables(database) >= HYBRID_TABLES
    rows = database.execute(
        "SELECT key, pipeline_type, content FROM documents d JOIN document_chunks c ON d.id = document_id"
    )
    assert set(rows) == {("old.pdf", None, "from the old path"), ("new.pdf", "text_rag", "again by the old path")}

    # And the way forward again: the new path takes the document back and its counts are right.
    process_async(account, deploy, "new.pdf", samples.text_pdf("from the new path"))
    assert set(database.execute("SELECT term, chunk_count FROM bm25_term_stats")) == {
        ("from", 1),
        ("the", 1),
        ("new", 1),
        ("path", 1),
    }


def test_after_a_full_rollback_the_legacy_path_works_and_a_redeployment_finds_its_way_back(
    account: Account, database: Database, deploy: Deploy
) -> None:
    process_async(account, deploy, "a.pdf", samples.text_pdf("kept text"))
    database.execute(FULL_ROLLBACK.encode())

    legacy = deploy("process_document_for_rag", "1.1.0")
    legacy(account.upload("b.pdf", samples.text_pdf("legacy text")))
    assert tables(database) == {"documents", "document_chunks", "schema_migrations"}

    process_async(account, deploy, "c.pdf", samples.text_pdf("new text"))
    assert tables(database) >= HYBRID_TABLES
    kinds = set(database.execute("SELECT key, pipeline_type FROM documents"))
    assert kinds == {("a.pdf", None), ("b.pdf", None), ("c.pdf", "text_rag")}


def test_deleting_migrated_documents_as_the_runbook_does_takes_their_rows_along(
    account: Account, database: Database, deploy: Deploy
) -> None:
    deploy("process_document_for_rag", "1.1.0")(account.upload("old.pdf", samples.text_pdf("old")))
    process_async(account, deploy, "new.pdf", samples.text_pdf("new"))
    database.execute("DELETE FROM documents WHERE pipeline_type IN ('vdr', 'text_rag') AND created_at > '2025-02-11'")
    assert database.execute("SELECT content FROM document_chunks").fetchall() == [("old",)]
    assert database.execute("SELECT count(*) FROM chunk_bm25_index").fetchone() == (0,)


def test_first_workers_at_the_same_time_migrate_once(account: Account, database: Database, deploy: Deploy) -> None:
    batches = []
    for number in range(4):
        deploy("async_document_processor", "1.1.0")(account.upload(f"{number}.pdf", samples.text_pdf(f"text {number}")))
        batches.append(account.receive(account.text_rag_queue))
    workers = [deploy("text_rag_processor", "1.2.0") for _ in batches]
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda worker=worker, batch=batch: answers.append(worker(batch)))
        for worker, batch in zip(workers, batches, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [{"batchItemFailures": []}] * 4
    assert database.execute("SELECT version FROM schema_migrations ORDER BY version").fetchall() == [(1,), (2,)]
    assert database.execute("SELECT chunk_count FROM bm25_term_stats WHERE term = 'text'").fetchone() == (4,)


def test_a_worker_connects_again_and_reads_the_secret_again_after_a_rotation(
    account: Account, database: Database, deploy: Deploy
) -> None:
    database.execute("CREATE ROLE rotating SUPERUSER LOGIN PASSWORD 'first'")
    try:
        secrets = boto3.client("secretsmanager")
        secrets.put_secret_value(SecretId="rag", SecretString='{"username": "rotating", "password": "first"}')
        legacy = deploy("process_document_for_rag", "1.1.0")
        assert legacy({"test": True})["ok"] is True

        database.execute("ALTER ROLE rotating PASSWORD 'second'")
        secrets.put_secret_value(SecretId="rag", SecretString='{"username": "rotating", "password": "second"}')
        database.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'rotating'")

        with pytest.raises(psycopg.OperationalError):
            legacy({"test": True})
        assert legacy({"test": True})["ok"] is True
    finally:
        database.execute("REASSIGN OWNED BY rotating TO CURRENT_USER")
        database.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'rotating'")
        database.execute("DROP ROLE rotating")
