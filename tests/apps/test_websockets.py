"""Connections, subscriptions and what subscribers are told, against a management API on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import pytest

from tests.support import samples

from .conftest import Account, Invoke

Deploy = Callable[[str, str], Invoke]


class ManagementApi:
    """The @connections API of one WebSocket stage."""

    def __init__(self) -> None:
        self.sent: dict[str, list[Any]] = {}
        self.gone: set[str] = set()
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                connection = unquote(self.path.rsplit("/", 1)[-1])
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if connection not in api.gone:
                    api.sent.setdefault(connection, []).append(message)
                self.send_response(410 if connection in api.gone else 200)
                self.send_header("x-amzn-ErrorType", "GoneException")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/socket/test"


@pytest.fixture
def api(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[ManagementApi]:
    api = ManagementApi()
    thread = threading.Thread(target=api.server.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.setenv("WEBSOCKET_ENDPOINT", api.url)
    yield api
    api.server.shutdown()
    thread.join()
    api.server.server_close()


def message(connection: str, body: Any = None) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    return {"requestContext": {"connectionId": connection, "routeKey": "subscribe"}, "body": text}


def join(deploy: Deploy, connection: str, document_id: str, version: str = "1.1.0") -> None:
    deploy("websocket_connect", "1.0.0")(message(connection))
    body = {"action": "subscribe", "document_id": document_id}
    assert deploy("websocket_subscribe", version)(message(connection, body)) == {"statusCode": 200}


def test_connections_come_and_go(account: Account, deploy: Deploy) -> None:
    deploy("websocket_connect", "1.0.0")(message("one="))
    kept = account.connections()["one="]
    assert int(kept["expires_at"]["N"]) - int(kept["connected_at"]["N"]) == 2 * 60 * 60
    for _ in range(2):
        assert deploy("websocket_disconnect", "1.0.0")(message("one=")) == {"statusCode": 200}
    assert account.connections() == {}


def test_subscribers_hear_each_status_of_their_document_and_no_other(
    account: Account, api: ManagementApi, deploy: Deploy
) -> None:
    event = account.upload("a.pdf", samples.text_pdf())
    front, text = deploy("async_document_processor", "1.1.0"), deploy("text_rag_processor", "1.2.0")
    (queued,) = front(event)["queued"]
    document_id = queued["document_id"]
    join(deploy, "reader=", document_id)
    join(deploy, "other=", "another-document")

    text(account.receive(account.text_rag_queue))

    assert api.sent["reader="] == [
        {"document_id": document_id, "subscribed": True, "status": "queued"},
        {"document_id": document_id, "status": "processing"},
        {"document_id": document_id, "status": "completed"},
    ]
    assert api.sent["other="] == [{"document_id": "another-document", "subscribed": True, "status": "unknown"}]


def test_the_first_subscribe_version_only_confirms(account: Account, api: ManagementApi, deploy: Deploy) -> None:
    join(deploy, "reader=", "some-document", version="1.0.0")
    assert api.sent["reader="] == [{"document_id": "some-document", "subscribed": True}]
    assert account.connections()["reader="]["document_id"] == {"S": "some-document"}


@pytest.mark.parametrize(("version", "forgotten"), [("1.0.0", False), ("1.2.0", True)])
def test_a_gone_connection_stops_nothing_and_later_versions_forget_it(
    version: str, forgotten: bool, account: Account, api: ManagementApi, deploy: Deploy
) -> None:
    front = deploy("async_document_processor", "1.0.0")
    (queued,) = front(account.upload("a.pdf", samples.text_pdf()))["queued"]
    join(deploy, "gone=", queued["document_id"])
    api.gone.add("gone=")

    deploy("text_rag_processor", version)(account.receive(account.text_rag_queue))

    assert account.status(queued["document_id"])["status"] == "completed"
    assert ("gone=" not in account.connections()) is forgotten


def test_a_failed_document_is_told_with_its_reason(account: Account, api: ManagementApi, deploy: Deploy) -> None:
    front = deploy("async_document_processor", "1.1.0")
    (queued,) = front(account.upload("a.pdf", samples.malformed_pdf()))["queued"]
    join(deploy, "reader=", queued["document_id"])
    with pytest.raises(Exception, match="all 1 messages failed"):
        deploy("text_rag_processor", "1.2.0")(account.receive(account.text_rag_queue))
    last = api.sent["reader="][-1]
    assert (last["status"], last["reason"].split(":")[0]) == ("failed", "MalformedDocumentError")


@pytest.mark.parametrize("body", ["", "{", "[]", '{"action": "subscribe"}', '{"document_id": 7}'])
def test_a_subscription_without_a_document_is_refused(body: str, account: Account, deploy: Deploy) -> None:
    assert deploy("websocket_subscribe", "1.1.0")(message("one=", body))["statusCode"] == 400
    assert account.connections() == {}


def test_unknown_actions_are_answered_with_the_known_one(api: ManagementApi, deploy: Deploy) -> None:
    assert deploy("websocket_default", "1.0.0")(message("one=", {"action": "dance"})) == {"statusCode": 200}
    assert "subscribe" in api.sent["one="][0]["error"]


def test_without_an_endpoint_subscriptions_are_kept_and_nothing_is_sent(account: Account, deploy: Deploy) -> None:
    join(deploy, "reader=", "some-document")
    assert deploy("websocket_default", "1.0.0")(message("reader=")) == {"statusCode": 200}
    assert account.connections()["reader="]["document_id"] == {"S": "some-document"}
