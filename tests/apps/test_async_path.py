"""Upload -> queue -> rows and status, on the functions' built packages."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import psycopg
import pytest

from tests.support import samples
from tests.support.versions import newest_always

from .conftest import BUCKET, Account, Invoke, Row

Deploy = Callable[[str, str], Invoke]
Database = psycopg.Connection[Row]

PROCESSORS = [("text_rag_processor", "1.0.0"), ("text_rag_processor", "1.1.0"), ("text_rag_processor", "1.2.0")]
TABLES = (
    "documents",
    "document_chunks",
    "document_vdr_pages",
    "chunk_bm25_index",
    "bm25_term_stats",
    "document_bm25_metadata",
)


def counts(database: Database) -> dict[str, int]:
    found = {}
    for table in TABLES:
        row = database.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
        assert row is not None
        found[table] = int(row[0])
    return found


def route(account: Account, deploy: Deploy, key: str, content: bytes, version: str = "1.1.0") -> dict[str, Any]:
    (queued,) = deploy("async_document_processor", version)(account.upload(key, content))["queued"]
    assert isinstance(queued, dict)
    return queued


@pytest.mark.parametrize(("processor", "version"), PROCESSORS)
def test_a_text_document_ends_completed_with_its_passages_indexed(
    processor: str,
    version: str,
    account: Account,
    database: Database,
    deploy: Deploy,
    capsys: pytest.CaptureFixture[str],
) -> None:
    queued = route(account, deploy, "user/fall back plan.pdf", samples.text_pdf())
    assert queued["pipeline"] == "text_rag"
    assert account.status(queued["document_id"])["status"] == "queued"

    answer = deploy(processor, version)(account.receive(account.text_rag_queue))

    assert answer == {"batchItemFailures": []}
    assert account.status(queued["document_id"])["status"] == "completed"
    row = database.execute("SELECT id::text, bucket, key, title, page_count, pipeline_type FROM documents").fetchone()
    assert row == (queued["document_id"], BUCKET, "user/fall back plan.pdf", "fall back plan", 1, "text_rag")
    indexed = database.execute(
        "SELECT frequency, chunk_count FROM chunk_bm25_index JOIN bm25_term_stats USING (term) WHERE term = 'the'"
    ).fetchone()
    assert indexed == (samples.TEXT.lower().split().count("the"), 1)
    # The runbook's log filter (runbook async-rag, monitoring).
    assert "Processing complete" in capsys.readouterr().out


@pytest.mark.parametrize("version", newest_always(["1.0.0", "1.1.0"]))
def test_a_visual_document_ends_completed_with_its_pages(
    version: str, account: Account, database: Database, deploy: Deploy
) -> None:
    queued = route(account, deploy, "user/site-plan.pdf", samples.image_pdf(pages=2))
    assert queued["pipeline"] == "vdr"

    deploy("vdr_processor", version)(account.receive(account.vdr_queue))

    assert account.status(queued["document_id"])["status"] == "completed"
    pages = database.execute(
        "SELECT page_number, width, height, image_count, caption FROM document_vdr_pages"
    ).fetchall()
    assert pages == [(1, 595.0, 842.0, 1, ""), (2, 595.0, 842.0, 1, "")]
    contents = database.execute("SELECT content FROM document_chunks ORDER BY chunk_index").fetchall()
    assert all(content.startswith("site plan") for (content,) in contents)
    assert database.execute("SELECT pipeline_type FROM documents").fetchall() == [("vdr",)]


def test_one_scanned_page_makes_a_document_visual_only_for_the_first_router(account: Account, deploy: Deploy) -> None:
    mostly_text = samples.image_pdf(caption="x " * 400)
    assert route(account, deploy, "a.pdf", mostly_text, "1.1.0")["pipeline"] == "text_rag"
    assert route(account, deploy, "b.pdf", samples.image_pdf(caption="Figure 1"), "1.1.0")["pipeline"] == "vdr"
    assert route(account, deploy, "b.pdf", samples.image_pdf(caption="Figure 1"), "1.0.0")["pipeline"] == "text_rag"


def test_redelivery_and_a_repeated_event_leave_the_same_rows(
    account: Account, database: Database, deploy: Deploy
) -> None:
    text_event = account.upload("text.pdf", samples.text_pdf("one page", "two pages"))
    image_event = account.upload("image.pdf", samples.image_pdf())
    front = deploy("async_document_processor", "1.1.0")
    text, visual = deploy("text_rag_processor", "1.2.0"), deploy("vdr_processor", "1.1.0")
    for event in (text_event, image_event):
        front(event)
    text_batch, visual_batch = account.receive(account.text_rag_queue), account.receive(account.vdr_queue)
    text(text_batch)
    visual(visual_batch)
    before = counts(database)
    assert before["documents"] == 2

    text(text_batch)
    visual(visual_batch)
    for event in (text_event, image_event):
        front(event)
    text(account.receive(account.text_rag_queue))
    visual(account.receive(account.vdr_queue))

    assert counts(database) == before
    assert max(row[0] for row in database.execute("SELECT chunk_count FROM bm25_term_stats")) == 2


def test_a_late_repeat_of_the_event_does_not_put_a_completed_document_back(account: Account, deploy: Deploy) -> None:
    event = account.upload("a.pdf", samples.text_pdf())
    front = deploy("async_document_processor", "1.1.0")
    (queued,) = front(event)["queued"]
    deploy("text_rag_processor", "1.2.0")(account.receive(account.text_rag_queue))
    front(event)
    assert account.status(queued["document_id"])["status"] == "completed"

    front(account.upload("a.pdf", samples.text_pdf("new content")))
    assert account.status(queued["document_id"])["status"] == "queued"


def test_new_content_under_the_same_key_replaces_rows_and_term_counts(
    account: Account, database: Database, deploy: Deploy
) -> None:
    front, text = deploy("async_document_processor", "1.1.0"), deploy("text_rag_processor", "1.2.0")
    for content in (samples.text_pdf("obsolete words"), samples.text_pdf("current words")):
        front(account.upload("a.pdf", content))
        text(account.receive(account.text_rag_queue))

    assert database.execute("SELECT content FROM document_chunks").fetchall() == [("current words",)]
    stats = database.execute("SELECT term, chunk_count FROM bm25_term_stats ORDER BY term").fetchall()
    assert stats == [("current", 1), ("words", 1)]


def test_a_malformed_document_is_failed_and_goes_back_to_the_queue_while_the_others_complete(
    account: Account, database: Database, deploy: Deploy
) -> None:
    broken = route(account, deploy, "broken.pdf", samples.malformed_pdf())
    sound = route(account, deploy, "sound.pdf", samples.text_pdf())
    batch = account.receive(account.text_rag_queue)
    failing = [record["messageId"] for record in batch["Records"] if "broken.pdf" in record["body"]]

    answer = deploy("text_rag_processor", "1.2.0")(batch)

    assert answer == {"batchItemFailures": [{"itemIdentifier": failing[0]}]}
    failed = account.status(broken["document_id"])
    assert (failed["status"], failed["reason"].split(":")[0]) == ("failed", "MalformedDocumentError")
    assert account.status(sound["document_id"])["status"] == "completed"
    assert database.execute("SELECT key FROM documents").fetchall() == [("sound.pdf",)]


def test_a_batch_in_which_everything_fails_is_an_error_that_alarms_can_count(account: Account, deploy: Deploy) -> None:
    route(account, deploy, "broken.pdf", samples.malformed_pdf())
    batch = account.receive(account.text_rag_queue)
    with pytest.raises(Exception, match="all 1 messages failed, the first with MalformedDocumentError"):
        deploy("text_rag_processor", "1.2.0")(batch)
    with pytest.raises(Exception, match="all 1 messages failed, the first with JSONDecodeError"):
        deploy("vdr_processor", "1.1.0")({"Records": [{"messageId": "1", "body": "{"}]})


def test_after_a_failure_a_good_run_clears_the_reason(account: Account, deploy: Deploy) -> None:
    queued = route(account, deploy, "a.pdf", samples.text_pdf())
    batch = account.receive(account.text_rag_queue)
    text = deploy("text_rag_processor", "1.2.0")
    s3 = boto3.client("s3")
    s3.delete_object(Bucket=BUCKET, Key="a.pdf")
    with pytest.raises(Exception, match="NoSuchKey"):
        text(batch)
    assert "NoSuchKey" in account.status(queued["document_id"])["reason"]

    s3.put_object(Bucket=BUCKET, Key="a.pdf", Body=samples.text_pdf())
    text(batch)
    status = account.status(queued["document_id"])
    assert status["status"] == "completed"
    assert "reason" not in status


def test_only_created_pdfs_are_queued_and_keys_are_decoded(account: Account, deploy: Deploy) -> None:
    front = deploy("async_document_processor", "1.1.0")
    removed = account.upload("gone.pdf", samples.text_pdf())
    removed["Records"][0]["eventName"] = "ObjectRemoved:Delete"
    assert front(removed) == {"queued": []}
    assert front(account.upload("notes.txt", b"text")) == {"queued": []}

    front(account.upload("my folder/Report (final).PDF", samples.text_pdf()))
    (record,) = account.receive(account.text_rag_queue)["Records"]
    assert json.loads(record["body"])["key"] == "my folder/Report (final).PDF"


def test_the_last_text_version_leaves_out_what_every_page_repeats(
    account: Account, database: Database, deploy: Deploy
) -> None:
    pages = [f"Confidential\n{subject} paragraph" for subject in ("First", "Second", "Third")]
    route(account, deploy, "a.pdf", samples.text_pdf(*pages))
    batch = account.receive(account.text_rag_queue)
    found = {}
    for version in ("1.1.0", "1.2.0"):
        deploy("text_rag_processor", version)(batch)
        found[version] = [
            row[0] for row in database.execute("SELECT content FROM document_chunks ORDER BY chunk_index")
        ]
    assert found["1.1.0"] == [
        "Confidential First paragraph",
        "Confidential Second paragraph",
        "Confidential Third paragraph",
    ]
    assert found["1.2.0"] == ["First paragraph", "Second paragraph", "Third paragraph"]


def test_long_pages_become_passages_that_end_with_a_sentence(
    account: Account, database: Database, deploy: Deploy
) -> None:
    text = " ".join(f"Sentence number {number} says something of no great length." for number in range(40))
    route(account, deploy, "a.pdf", samples.text_pdf(text))
    batch = account.receive(account.text_rag_queue)
    ends = {}
    for version in ("1.0.0", "1.1.0"):
        deploy("text_rag_processor", version)(batch)
        passages = [row[0] for row in database.execute("SELECT content FROM document_chunks ORDER BY chunk_index")]
        assert " ".join(passages) == text
        assert len(passages) > 1
        assert max(map(len, passages)) <= 800
        ends[version] = all(passage.endswith(".") for passage in passages)
    assert ends == {"1.0.0": False, "1.1.0": True}


def test_the_faulty_text_version_fails_on_every_document_and_keeps_the_data(
    account: Account, database: Database, deploy: Deploy
) -> None:
    first = route(account, deploy, "first.pdf", samples.text_pdf("stored before"))
    good = deploy("text_rag_processor", "1.2.0")
    good(account.receive(account.text_rag_queue))
    before = counts(database)
    second = route(account, deploy, "second.pdf", samples.text_pdf("arrives during the bad release"))
    batch = account.receive(account.text_rag_queue)

    with pytest.raises(Exception, match="all 1 messages failed, the first with UndefinedColumn"):
        deploy("text_rag_processor", "2.0.0")(batch)

    assert account.status(second["document_id"])["status"] == "failed"
    assert account.status(first["document_id"])["status"] == "completed"
    assert counts(database) == before
    # Going back heals it: the redelivered message is processed.
    good(batch)
    assert account.status(second["document_id"])["status"] == "completed"
