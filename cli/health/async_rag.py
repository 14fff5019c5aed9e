"""async-rag: its aliases, route and consumers, its health address, and a document that goes all the way."""

from __future__ import annotations

import json
import time
import urllib.error
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cli.health import functions, web
from cli.health.pdf import one_page_pdf
from cli.health.serving import Drift, DriftedResource, Serving
from cli.health.waiting import looks
from core.aws import client
from stacks.async_rag import AsyncRagRelease, AsyncRagSettings
from stacks.selection import Selected
from stacks.settings import StackSettings

SYSTEM = "async-rag"
ROUTES = {"async": "async_document_processor", "legacy": "process_document_for_rag"}
"""The function that an upload wakes, by route."""
CONSUMERS = ("vdr_processor", "text_rag_processor")
NOTIFICATION = "aws:s3/bucketNotification:BucketNotification"

PATIENCE = 180.0
"""Seconds a document may take: three minutes (runbook async-rag, level 1, step 3)."""


def serving(chosen: Selected, told: Mapping[str, Any], settings: StackSettings) -> Serving:
    """What the live aliases serve, which way uploads take, and whether the queues are worked on."""
    assert isinstance(chosen.release, AsyncRagRelease)
    own, region = settings.of(AsyncRagSettings), settings.region
    live = functions.look(SYSTEM, told["functions"], region)
    found = functions.serving(chosen, told, live)
    wanted = "async" if own.route == "async" and chosen.release.async_path else "legacy"
    drift = [
        *_uploads(told, wanted, region),
        *functions.consumers(live, CONSUMERS, region, enabled=wanted == "async" or own.drain),
    ]
    notes = ["uploads take the legacy route (async-rag:route)"] if own.route == "legacy" else []
    return replace(found, drift=(*found.drift, *drift), notes=tuple(notes))


def _uploads(told: Mapping[str, Any], wanted: str, region: str) -> list[Drift]:
    """What of the bucket's notification isn't as it is asked for."""
    bucket, target = str(told["stores"]["bucket"]), told["functions"].get(ROUTES[wanted])
    config = client("s3", region).get_bucket_notification_configuration(Bucket=bucket)
    live = [str(each["LambdaFunctionArn"]) for each in config.get("LambdaFunctionConfigurations") or ()]
    if live == [target]:
        return []
    names = {arn: route for route, name in ROUTES.items() if (arn := told["functions"].get(name))}
    routes = (
        ", ".join(f"the {names[arn]} route" if arn in names else arn for arn in live) or "no route: nothing reads them"
    )
    what = f"uploads to {bucket} take {routes}; the settings ask for the {wanted} route"
    return [Drift(what, "", (DriftedResource(NOTIFICATION, "bucket", bucket),))]


def look(told: Mapping[str, Any]) -> str:
    """The logs of the query handler, and its health."""
    function = str(told["functions"]["query_handler"]).split(":")[-2]
    return f"aws logs tail /aws/lambda/{function}; curl {told['health']}"


def health(told: Mapping[str, Any], _region: str) -> str:
    """The health address answers with the release that was deployed."""
    return web.release_of(told)


def document(told: Mapping[str, Any], region: str) -> str:
    """A PDF that is put into the bucket can be found by a query (runbook async-rag, verification)."""
    word = f"check{uuid.uuid4().hex[:12]}"
    bucket, key = told["stores"]["bucket"], f"rollback-checks/{word}.pdf"
    client("s3", region).put_object(Bucket=bucket, Key=key, Body=one_page_pdf(f"The word is {word}."))
    began = time.monotonic()
    for _ in looks(PATIENCE):
        if word in _ask(told["endpoints"]["query"], word):
            return f"s3://{bucket}/{key} was found by a query after {time.monotonic() - began:.1f} s"
    raise TimeoutError(f"s3://{bucket}/{key} can't be found by a query after {PATIENCE:.0f} s")


def _ask(api: str, text: str) -> str:
    """What a query finds, as text."""
    try:
        found = web.post(f"{api}/query", {"query": text, "top_k": 3})
    except urllib.error.HTTPError as error:
        if error.code < 500:
            raise
        return ""
    return json.dumps(found.get("results", []))


CHECKS = {"health": health, "document": document}
