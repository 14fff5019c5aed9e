"""compaction: its aliases and consumers, what the handler says of itself, and a receipt that can be found."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cli.health import functions
from cli.health.serving import Serving
from cli.health.waiting import looks
from core.aws import client
from stacks.compaction import CompactionRelease, CompactionSettings
from stacks.selection import Selected, named_releases
from stacks.settings import StackSettings

SYSTEM = "compaction"
CONSUMERS = ("stream_processor", "metadata_handler", "label_handler")

PATIENCE = 120.0
"""Seconds within which a receipt that was written can be found."""


def serving(chosen: Selected, told: Mapping[str, Any], settings: StackSettings) -> Serving:
    """What the live aliases serve, and whether stream and queues are worked on."""
    assert isinstance(chosen.release, CompactionRelease)
    own, region = settings.of(CompactionSettings), settings.region
    live = functions.look(SYSTEM, told["functions"], region)
    other = own.handlers_from if own.handlers_from != chosen.version else None
    handlers = chosen.release.handlers(named_releases(settings, SYSTEM)) if other else None
    found = functions.serving(chosen, told, live, handlers, origin=other)
    notes = []
    if other:
        notes.append(f"the handlers are those of {other} (compaction:handlersFrom), the package is {chosen.version}'s")
        found = replace(found, text=f"{chosen.version} with handlers of {other}" if found.as_asked else found.text)
    if not own.use_package_compaction:
        notes.append("the handlers' own compaction runs (compaction:usePackageCompaction)")
    drift = functions.consumers(live, CONSUMERS, region, enabled=True)
    return replace(found, drift=(*found.drift, *drift), notes=tuple(notes))


def look(told: Mapping[str, Any]) -> str:
    """The handler's own word, and its logs."""
    function = str(told["health"]).split(":")[-2]
    return f"""aws lambda invoke --function-name {function}:live --payload '{{"action":"health"}}' /dev/stdout"""


def health(told: Mapping[str, Any], region: str) -> str:
    """The handler answers for the deployed release and its package (runbook compaction, verification)."""
    said = _ask(told, region, {"action": "health"})
    found = (said.get("status"), said.get("release"), said.get("package"))
    if found != ("ok", told["release"], told["package"]):
        raise AssertionError(f"{told['health']} says {said}, not {told['release']} with package {told['package']}")
    return f"{told['release']}, package {said['package']}, {said['items']} receipts in format {said['format']}"


def receipt(told: Mapping[str, Any], region: str) -> str:
    """A receipt that is written to the table can be found in the Chroma store, with its label."""
    from boto3.dynamodb.types import TypeSerializer

    tables, table = client("dynamodb", region), told["stores"]["receiptsTable"]
    word = f"check{uuid.uuid4().hex[:12]}"
    item = {
        "receipt_id": f"rollback-check-{word}",
        "merchant": word,
        "total": "4.20",
        "date": "2026-01-31",
        "text": f"{word} espresso",
        "labels": [{"word_id": "1", "label": "MERCHANT_NAME"}],
    }
    written = {name: TypeSerializer().serialize(value) for name, value in item.items()}
    began = time.monotonic()
    tables.put_item(TableName=table, Item=written)
    try:
        for _ in looks(PATIENCE):
            found = _ask(told, region, {"action": "query", "text": word, "top_k": 3})
            if any(each.get("merchant") == word and each.get("labels") for each in found.get("results", [])):
                return f"receipt {word} was found with its label after {time.monotonic() - began:.1f} s"
    finally:
        tables.delete_item(TableName=table, Key={"receipt_id": written["receipt_id"]})
    raise TimeoutError(f"receipt {word} can't be found with its label after {PATIENCE:.0f} s")


def _ask(told: Mapping[str, Any], region: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Invoke the live handler. Raises ``RuntimeError`` with the handler's own words where it fails."""
    answer = client("lambda", region).invoke(FunctionName=told["health"], Payload=json.dumps(payload))
    said: dict[str, Any] = json.loads(answer["Payload"].read() or "{}")
    if "FunctionError" in answer:
        raise RuntimeError(f"{said.get('errorType')}: {said.get('errorMessage')}")
    return said


CHECKS = {"health": health, "receipt": receipt}
