"""static-site: what its alias serves, what the function says of itself, and a page that can be read."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from cli.health import functions
from cli.health.serving import Serving
from core.aws import client
from stacks.selection import Selected
from stacks.settings import StackSettings

SYSTEM = "static-site"


def serving(chosen: Selected, told: Mapping[str, Any], settings: StackSettings) -> Serving:
    """What the live alias serves. Raises what boto3 raises."""
    live = functions.look(SYSTEM, told["functions"], settings.region)
    return functions.serving(chosen, told, live)


def look(told: Mapping[str, Any]) -> str:
    """The function's logs."""
    function = str(told["health"]).split(":")[-2]
    return f"aws logs tail /aws/lambda/{function}"


def health(told: Mapping[str, Any], region: str) -> str:
    """The function answers for the deployed release."""
    said = _ask(told, region, "/health")
    if said.get("release") != told["release"]:
        raise AssertionError(f"{told['health']} answers for {said.get('release')}, not {told['release']}")
    return f"{told['health']} answers for {told['release']}"


def page(told: Mapping[str, Any], region: str) -> str:
    """A page that is put into the bucket can be read."""
    word = f"check{uuid.uuid4().hex[:12]}"
    bucket, key = told["stores"]["pages"], "rollback-checks/page.html"
    client("s3", region).put_object(Bucket=bucket, Key=key, Body=f"<p>{word}</p>".encode())
    if word not in str(_ask(told, region, f"/{key}").get("body")):
        raise AssertionError(f"s3://{bucket}/{key} was put, and the site answers without it")
    return f"s3://{bucket}/{key} is served"


def _ask(told: Mapping[str, Any], region: str, path: str) -> dict[str, Any]:
    """What the live function answers. Raises ``RuntimeError`` with its own words where it fails."""
    answer = client("lambda", region).invoke(FunctionName=told["health"], Payload=json.dumps({"path": path}))
    said: dict[str, Any] = json.loads(answer["Payload"].read() or "{}")
    if "FunctionError" in answer:
        raise RuntimeError(f"{said.get('errorType')}: {said.get('errorMessage')}")
    return said


CHECKS = {"health": health, "page": page}
