"""The search API: POST /query, GET /health, GET /version (API Gateway, "Lambda proxy integrations in API Gateway")."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

import psycopg

from rag.database import session
from rag.log import say

import answers

TOP_K = 5
MOST_TOP_K = 50


class BadRequestError(Exception):
    """The request can't be answered; the message tells its sender why."""


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer one REST-proxy event."""
    route = (event.get("httpMethod", ""), "/" + event.get("path", "").strip("/"))
    try:
        if route == ("POST", "/query"):
            return _response(200, _query(event))
        if route == ("GET", "/health"):
            return _health()
        if route == ("GET", "/version"):
            version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "")
            return _response(200, {"release": _release(), "function_version": version})
    except BadRequestError as error:
        return _response(400, {"error": str(error)})
    return _response(404, {"error": "there are POST /query, GET /health and GET /version"})


def _query(event: dict[str, Any]) -> dict[str, Any]:
    body = event.get("body") or ""
    try:
        asked = json.loads(base64.b64decode(body) if event.get("isBase64Encoded") else body)
    except ValueError as error:
        raise BadRequestError('the body must be JSON like {"query": "...", "top_k": 5}') from error
    query = asked.get("query") if isinstance(asked, dict) else None
    if not isinstance(query, str) or not query.strip():
        raise BadRequestError('"query" must be a text')
    top_k = asked.get("top_k", TOP_K)
    if not isinstance(top_k, int) or isinstance(top_k, bool) or not 1 <= top_k <= MOST_TOP_K:
        raise BadRequestError(f'"top_k" must be a whole number from 1 to {MOST_TOP_K}')
    with session() as connection:
        mode, hits = answers.find(connection, query, top_k)
    say("Query answered", mode=mode, results=len(hits))
    return {"query": query, "mode": mode, "release": _release(), "results": [hit.as_dict() for hit in hits]}


def _health() -> dict[str, Any]:
    try:
        with session() as connection:
            connection.execute("SELECT 1")
    except psycopg.Error as error:
        say("Unhealthy", error=error)
        return _response(503, {"status": "unhealthy", "release": _release()})
    return _response(200, {"status": "healthy", "release": _release()})


def _release() -> str:
    return os.environ.get("RELEASE", "")


def _response(status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
