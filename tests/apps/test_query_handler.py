"""The search API in all its versions."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.support import samples
from tests.support.versions import newest_always

from .conftest import Account, Invoke, Row

Deploy = Callable[[str, str], Invoke]
Database = psycopg.Connection[Row]

SOUND = ("1.0.0", "1.1.0", "1.2.0")
DOCUMENTS = {
    "queues.pdf": "The queue is paused. A paused queue keeps its messages, and the queue is drained later.",
    "alarms.pdf": "An alarm stops the deployment. The queue of work is another matter, with more words than it needs.",
    "gardens.pdf": "Roses need water in the summer and the shade of a tree.",
}


def ask(handler: Invoke, query: str, top_k: int = 5) -> tuple[str, list[str]]:
    event = {"httpMethod": "POST", "path": "/query", "body": json.dumps({"query": query, "top_k": top_k})}
    answer = handler(event)
    assert answer["statusCode"] == 200
    body = json.loads(answer["body"])
    assert body["release"] == "v9.9.9"
    return body["mode"], [result["key"] for result in body["results"]]


@pytest.fixture
def hybrid_corpus(account: Account, deploy: Deploy) -> None:
    front, text = deploy("async_document_processor", "1.1.0"), deploy("text_rag_processor", "1.2.0")
    for key, content in DOCUMENTS.items():
        front(account.upload(key, samples.text_pdf(content)))
    text(account.receive(account.text_rag_queue))


@pytest.mark.usefixtures("hybrid_corpus")
@pytest.mark.parametrize(("version", "mode"), [("1.0.0", "keyword"), ("1.1.0", "bm25"), ("1.2.0", "bm25")])
def test_the_best_document_comes_first(version: str, mode: str, deploy: Deploy) -> None:
    handler = deploy("query_handler", version)
    assert ask(handler, "paused queue") == (mode, ["queues.pdf", "alarms.pdf"])
    assert ask(handler, "Roses?") == (mode, ["gardens.pdf"])
    assert ask(handler, "paused queue", top_k=1) == (mode, ["queues.pdf"])
    assert ask(handler, "unheard (nowhere)") == (mode, [])


@pytest.mark.usefixtures("hybrid_corpus")
@pytest.mark.parametrize("version", newest_always(["1.1.0", "1.2.0"]))
def test_bm25_prefers_the_document_with_more_of_the_word_in_less_text(version: str, deploy: Deploy) -> None:
    assert ask(deploy("query_handler", version), "queue") == ("bm25", ["queues.pdf", "alarms.pdf"])


@pytest.mark.parametrize("version", newest_always(SOUND))
def test_legacy_documents_are_found_by_keywords(version: str, account: Account, deploy: Deploy) -> None:
    legacy = deploy("process_document_for_rag", "1.1.0")
    for key, content in DOCUMENTS.items():
        legacy(account.upload(key, samples.text_pdf(content)))
    assert ask(deploy("query_handler", version), "paused queue") == ("keyword", ["queues.pdf", "alarms.pdf"])


@pytest.mark.usefixtures("hybrid_corpus")
def test_from_1_2_0_documents_of_the_legacy_path_are_found_beside_indexed_ones(
    account: Account, deploy: Deploy
) -> None:
    deploy("process_document_for_rag", "1.1.0")(
        account.upload("late.pdf", samples.text_pdf("A queue, while rolled back."))
    )
    assert "late.pdf" not in ask(deploy("query_handler", "1.1.0"), "queue")[1]
    assert set(ask(deploy("query_handler", "1.2.0"), "queue")[1]) == {"queues.pdf", "alarms.pdf", "late.pdf"}


@pytest.mark.parametrize("version", [*newest_always(SOUND), "2.0.0"])
def test_before_the_first_document_there_are_no_results_and_no_tables(
    version: str, account: Account, database: Database, deploy: Deploy
) -> None:
    assert ask(deploy("query_handler", version), "anything") == ("keyword", [])
    assert database.execute(
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
    ).fetchone() == (0,)


@pytest.mark.usefixtures("hybrid_corpus")
def test_reading_survives_the_full_rollback_of_the_schema(database: Database, deploy: Deploy) -> None:
    handler = deploy("query_handler", "1.2.0")
    assert ask(handler, "roses")[0] == "bm25"
    database.execute(
        "DROP TABLE chunk_bm25_index, bm25_term_stats, document_bm25_metadata, hybrid_search_config CASCADE"
    )
    assert ask(handler, "roses") == ("keyword", ["gardens.pdf"])


@pytest.mark.usefixtures("hybrid_corpus")
def test_the_faulty_version_answers_in_the_wrong_order_while_it_looks_healthy(deploy: Deploy) -> None:
    handler = deploy("query_handler", "2.0.0")
    assert handler({"httpMethod": "GET", "path": "/health"})["statusCode"] == 200
    assert ask(handler, "paused queue") == ("bm25", ["alarms.pdf", "queues.pdf"])
    assert ask(handler, "paused queue", top_k=1) == ("bm25", ["alarms.pdf"])


def test_health_follows_the_database(account: Account, deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    request = {"httpMethod": "GET", "path": "/health"}
    answer = deploy("query_handler", "1.2.0")(request)
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"status": "healthy", "release": "v9.9.9"})

    monkeypatch.setenv("DB_NAME", "elsewhere")
    assert deploy("query_handler", "1.2.0")(request)["statusCode"] == 503


def test_version_tells_the_release_and_the_published_version(
    account: Account, deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_VERSION", "7")
    answer = deploy("query_handler", "1.0.0")({"httpMethod": "GET", "path": "/version/"})
    assert json.loads(answer["body"]) == {"release": "v9.9.9", "function_version": "7"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, "must be JSON"),
        ("[1]", "must be a text"),
        ('{"query": ""}', "must be a text"),
        ('{"query": "a", "top_k": 51}', "from 1 to 50"),
        ('{"query": "a", "top_k": "5"}', "from 1 to 50"),
    ],
)
def test_bad_requests_are_told_why(body: str | None, reason: str, account: Account, deploy: Deploy) -> None:
    answer = deploy("query_handler", "1.2.0")({"httpMethod": "POST", "path": "/query", "body": body})
    assert answer["statusCode"] == 400
    assert reason in json.loads(answer["body"])["error"]


def test_encoded_bodies_are_read_and_other_routes_are_not_found(account: Account, deploy: Deploy) -> None:
    handler = deploy("query_handler", "1.2.0")
    body = base64.b64encode(b'{"query": "rose"}').decode()
    event: dict[str, Any] = {"httpMethod": "POST", "path": "/query", "body": body, "isBase64Encoded": True}
    assert handler(event)["statusCode"] == 200
    assert handler({"httpMethod": "GET", "path": "/query"})["statusCode"] == 404
