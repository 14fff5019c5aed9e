"""prod as its users see it: documents, queries, progress, on the release that goes forward and the one gone back to."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from websockets.sync.client import connect

from stacks.systems import SYSTEMS
from tests.support import samples
from tests.support.project import Project
from tests.support.sandbox import RunningSandbox

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]


def async_rag(prod: Project) -> Any:
    return prod.outputs()["systems"]["async-rag"]


def upload(sandbox: RunningSandbox, bucket: str, key: str, body: bytes) -> str:
    """Put a document into the bucket; its id."""
    sandbox.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"s3://{bucket}/{key}"))


def follow(sandbox: RunningSandbox, prod: Project, key: str, body: bytes) -> list[dict[str, Any]]:
    """What somebody who waits for a document over WebSocket is told, up to its end."""
    told = async_rag(prod)
    bucket = told["stores"]["bucket"]
    document = str(uuid.uuid5(uuid.NAMESPACE_URL, f"s3://{bucket}/{key}"))
    messages: list[dict[str, Any]] = []
    with connect(told["endpoints"]["websocket"], open_timeout=30) as socket:
        socket.send(json.dumps({"action": "subscribe", "document_id": document}))
        messages.append(json.loads(socket.recv(timeout=30)))
        assert upload(sandbox, bucket, key, body) == document
        while messages[-1].get("status") not in ("completed", "failed"):
            messages.append(json.loads(socket.recv(timeout=60)))
    return messages


@pytest.mark.long
def test_a_second_up_says_that_nothing_changed_and_checks_all_the_same(prod: Project) -> None:
    done = prod.rollback("up", "-s", "prod")
    assert done.code == 0, done.said
    assert "prod: nothing changed, it already runs what is pinned" in done.output
    assert "ok   async-rag health" in done.output
    assert "ok   async-rag document" in done.output
    assert "ok   rag-api pods: 3 pods ready" in done.output


def test_status_shows_three_sides_that_agree(prod: Project) -> None:
    done = prod.rollback("status", "--output", "json")
    assert done.code == 0, done.said
    rows = json.loads(done.output)
    assert {row["system"] for row in rows} == {*SYSTEMS, "stores"}
    systems = [row for row in rows if row["system"] != "stores"]
    assert all(row["pinned"] == row["deployed"] == row["runs"] == "v1.2.3" for row in systems)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text", samples.text_pdf("Every runbook is rehearsed by the platform team each month.")),
        ("visual", samples.image_pdf(2)),
    ],
)
def test_who_waits_for_a_document_is_told_its_progress(
    sandbox: RunningSandbox, prod: Project, kind: str, body: bytes
) -> None:
    messages = follow(sandbox, prod, f"tests/{kind}.pdf", body)
    assert messages[-1]["status"] == "completed", messages


def test_a_broken_document_fails_and_says_so(sandbox: RunningSandbox, prod: Project) -> None:
    messages = follow(sandbox, prod, "tests/broken.pdf", samples.malformed_pdf())
    assert messages[-1]["status"] == "failed", messages
    assert messages[-1]["reason"]


@pytest.mark.long
def test_going_back_is_checked_the_same_way(prod: Project) -> None:
    done = prod.rollback("deploy", "v1.2.2")
    assert done.code == 0, done.said
    assert "answers for v1.2.2" in done.output
    assert "ok   async-rag document" in done.output
    assert prod.pin() == "v1.2.2"


@pytest.mark.long
def test_before_the_async_path_documents_are_processed_too_and_nothing_is_lost(
    sandbox: RunningSandbox, prod: Project
) -> None:
    told = async_rag(prod)
    document = {"document_id": {"S": "kept"}, "status": {"S": "completed"}}
    sandbox.client("dynamodb").put_item(TableName="document-processing-status-prod", Item=document)
    sandbox.client("s3").put_object(Bucket=told["stores"]["bucket"], Key="kept.txt", Body=b"kept")
    done = prod.rollback("deploy", "v1.2.1")
    assert done.code == 0, done.said
    assert "answers for v1.2.1" in done.output
    assert "ok   async-rag document" in done.output
    functions = {each["FunctionName"] for each in sandbox.client("lambda").list_functions()["Functions"]}
    own = {name for name in functions if name.startswith("amplify-rag-prod-")}
    assert own == {"amplify-rag-prod-process_document_for_rag", "amplify-rag-prod-query_handler"}
    kept = {"document_id": document["document_id"]}
    assert (
        sandbox.client("dynamodb").get_item(TableName="document-processing-status-prod", Key=kept)["Item"] == document
    )
    body = sandbox.client("s3").get_object(Bucket=told["stores"]["bucket"], Key="kept.txt")["Body"]
    assert body.read() == b"kept"


@pytest.mark.long
def test_somebody_who_changed_what_runs_is_noticed(sandbox: RunningSandbox, prod: Project) -> None:
    image = "ghcr.io/rollback-stack/rag-api@sha256:" + "0" * 64
    set_image = prod.run("kubectl", "-n", "production", "set", "image", "deployment/rag-api", f"rag-api={image}")
    assert set_image.code == 0, set_image.said
    done = prod.rollback("status", "rag-api", "--output", "json")
    assert done.code == 1
    (row,) = json.loads(done.output)
    assert row["differs"]
    assert image in row["runs"]
    fixed = prod.pulumi("up", "--yes", "--skip-preview", "--refresh")
    assert fixed.code == 0, fixed.said
    assert prod.rollback("status", "rag-api").code == 0


@pytest.mark.long
def test_a_faulty_release_stops_with_the_pods_that_hang_and_the_way_back_is_open(prod: Project) -> None:
    # Five minutes without progress are prod's patience; a test hasn't got them.
    assert prod.pulumi("config", "set", "rag-api:progressDeadline", "20").code == 0
    assert prod.pulumi("config", "set", "rag-api:podStart", "1").code == 0
    done = prod.rollback("deploy", "v1.3.0")
    assert done.code != 0
    assert "CrashLoopBackOff" in done.said
    assert "prod: async-rag runs v1.3.0" in done.errors
    assert "prod: rag-api is between v1.2.1 and v1.3.0" in done.errors
    assert "prod: cryptique still runs v1.2.1" in done.errors
    assert "or back with `rollback deploy v1.2.1 -s prod`" in done.errors
    back = prod.rollback("deploy", "v1.2.3")
    assert back.code == 0, back.said
    assert "ok   rag-api pods: 3 pods ready" in back.output
