"""The API: POST /jobs, GET /jobs/{job_id}, GET /health (API Gateway, "Lambda proxy integrations in API Gateway").

Invoked directly with {"test": true} it answers what /health does (seed 004, system health checks).
"""

from __future__ import annotations

import json
from typing import Any

from assistant import health, intake, jobs, requests, views
from assistant.requests import BadRequestError


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer one REST-proxy event, or a direct test."""
    if event.get("test") is True:
        return health.report()
    method, path = event.get("httpMethod", ""), event.get("path", "").strip("/").split("/")
    try:
        if (method, path) == ("GET", ["health"]):
            found = health.report()
            return _response(200 if found["status"] == "ok" else 503, found)
        if (method, path) == ("POST", ["jobs"]):
            return _response(202, {"job_id": intake.accept(requests.design_of(event)), "status": "queued"})
        if method == "GET" and path[0] == "jobs" and len(path) == 2:
            return _job(path[1])
    except BadRequestError as error:
        return _response(400, {"error": str(error)})
    return _response(404, {"error": "there are POST /jobs, GET /jobs/{job_id} and GET /health"})


def _job(job_id: str) -> dict[str, Any]:
    item = jobs.read(job_id)
    if item is None:
        return _response(404, {"error": f"there is no job {job_id}"})
    return _response(200, views.job(item))


def _response(status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
