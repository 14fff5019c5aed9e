"""The RAG API: POST /query, GET /health, /version and /evaluation over HTTP. Standard library only."""

from __future__ import annotations

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import corpus
from bm25 import Index
from version import VERSION

TOP_K = 5
MOST_TOP_K = 20
LARGEST_BODY_BYTES = 64 * 1024
NEEDED_SETTINGS = ("QDRANT_URL", "REDIS_URL", "OPENAI_BASE_URL")


class BadRequestError(Exception):
    """The request can't be answered; the message tells its sender why."""


class Api(ThreadingHTTPServer):
    """The server with the passages it searches."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int]) -> None:
        self.passages = corpus.passages()
        self.index = Index(self.passages)
        self.evaluation = json.loads((Path(__file__).parent / "evaluation.json").read_text(encoding="utf-8"))
        super().__init__(address, Handler)

    def answer(self, query: str, top_k: int) -> dict[str, Any]:
        """Return the best passages for a query."""
        results = [
            {"id": passage, "text": self.passages[passage], "score": score}
            for passage, score in self.index.best(query, top_k)
        ]
        return {"query": query, "release": release(), "results": results}


class Handler(BaseHTTPRequestHandler):
    """The routes."""

    server: Api
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a GET request."""
        if self.path == "/health":
            missing = [name for name in NEEDED_SETTINGS if not os.environ.get(name)]
            state = "unhealthy" if missing else "healthy"
            self._reply(503 if missing else 200, {"status": state, "release": release(), "missing": missing})
        elif self.path == "/version":
            self._reply(200, {"release": release(), "version": VERSION})
        elif self.path == "/evaluation":
            self._reply(200, self.server.evaluation)
        else:
            self._reply(404, {"error": "there are POST /query, GET /health, /version and /evaluation"})

    def do_POST(self) -> None:
        """Answer a POST request."""
        try:
            body = self._body()
            if self.path != "/query":
                self._reply(404, {"error": "there is POST /query"})
            else:
                self._reply(200, self.server.answer(*_asked(body)))
        except BadRequestError as error:
            self.close_connection = True
            self._reply(400, {"error": str(error)})

    def log_message(self, format: str, *args: object) -> None:
        """Log one line per request on standard output."""
        print(f"{self.address_string()} {format % args}", flush=True)

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LARGEST_BODY_BYTES:
            raise BadRequestError(f"a Content-Length of at most {LARGEST_BODY_BYTES} is needed")
        return self.rfile.read(int(length))

    def _reply(self, status: int, document: Any) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def release() -> str:
    """Return the release this pod belongs to."""
    return os.environ.get("RELEASE", "")


def _asked(body: bytes) -> tuple[str, int]:
    try:
        asked = json.loads(body)
    except ValueError as error:
        raise BadRequestError('the body must be JSON like {"query": "...", "top_k": 5}') from error
    query = asked.get("query") if isinstance(asked, dict) else None
    if not isinstance(query, str) or not query.strip():
        raise BadRequestError('"query" must be a text')
    top_k = asked.get("top_k", TOP_K)
    if not isinstance(top_k, int) or isinstance(top_k, bool) or not 1 <= top_k <= MOST_TOP_K:
        raise BadRequestError(f'"top_k" must be a whole number from 1 to {MOST_TOP_K}')
    return query, top_k


def main() -> None:
    """Serve on HOST (default loopback; the Dockerfile opens it) and PORT (default 8000) until SIGTERM."""
    api = Api((os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000"))))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"rag-api {VERSION} listening on port {api.server_address[1]}", flush=True)
    api.serve_forever()


if __name__ == "__main__":
    main()
