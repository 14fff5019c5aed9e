"""What all event source mappings have in common: which are enabled, where they lead, what they filter.

Source: Lambda API reference, CreateEventSourceMapping.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from moto.awslambda.models import EventSourceMapping, LambdaBackend, lambda_backends
from moto.dynamodb.models import dynamodb_backends
from moto.events.models import EventPattern
from moto.sqs.models import sqs_backends

from sandbox.account import background

_create = LambdaBackend.create_event_source_mapping
_configuration = EventSourceMapping.get_configuration

NOTHING_YET = "No records processed"


@dataclass(frozen=True)
class Target:
    """The function at the end of a mapping.

    Args:
        name: the function's name.
        qualifier: alias or version, None for $LATEST.
    """

    name: str
    qualifier: str | None


def target(function: str) -> Target:
    """Take apart a function name, partial ARN or ARN, with or without a qualifier."""
    parts = function.rpartition("function:")[2].split(":")
    return Target(parts[0], parts[1] if len(parts) > 1 else None)


def enabled(service: str) -> list[tuple[LambdaBackend, EventSourceMapping]]:
    """Return the enabled mappings whose source is of a service ("sqs", "dynamodb")."""
    return [
        (backend, mapping)
        for regions in list(dict(lambda_backends).values())
        for backend in list(dict(regions).values())
        for mapping in list(backend._event_source_mappings.values())
        if mapping.enabled and mapping.event_source_arn.split(":")[2] == service
    ]


def is_stopped(backend: LambdaBackend, mapping: EventSourceMapping) -> bool:
    """Return whether nothing may run now: the function is gone, or its reserved concurrency is 0."""
    try:
        function = backend.get_function(target(mapping.function_arn).name)
    except Exception:
        return True
    concurrency = getattr(function, "reserved_concurrency", None)
    return concurrency is not None and int(concurrency) == 0


def matches(mapping: EventSourceMapping, record: dict[str, Any]) -> bool:
    """Return whether a record passes the mapping's FilterCriteria; without criteria everything does."""
    filters = (mapping.filter_criteria or {}).get("Filters") or []
    if not filters:
        return True
    return any(_matches(json.loads(one["Pattern"]), record) for one in filters if one.get("Pattern"))


def _matches(pattern: dict[str, Any], record: dict[str, Any]) -> bool:
    # A pattern on a message's body looks into it where it's JSON.
    body = record.get("body")
    if isinstance(pattern.get("body"), dict) and isinstance(body, str):
        try:
            record = {**record, "body": json.loads(body)}
        except ValueError:
            return False
    return bool(EventPattern(None, pattern).matches_event(record))


def failed_items(mapping: EventSourceMapping, answer: Any, known: Iterable[str]) -> list[str] | None:
    """Return the ids that a partial batch response names as failed, None where the whole batch failed.

    A mapping without ReportBatchItemFailures never has failed items. An answer that can't be read, or that names an
    unknown id, fails the whole batch, as Lambda does.
    """
    if "ReportBatchItemFailures" not in (mapping.function_response_types or []) or not answer:
        return []
    if not isinstance(answer, dict):
        return None
    failures = answer.get("batchItemFailures") or []
    ids = [item.get("itemIdentifier") if isinstance(item, dict) else None for item in failures]
    return None if set(ids) - set(known) else [str(one) for one in ids]


def note(mapping: EventSourceMapping, result: str) -> None:
    """Set what the API shows as the mapping's LastProcessingResult."""
    mapping.last_result = result
    background.mark_changed()


def create(self: LambdaBackend, spec: dict[str, Any]) -> EventSourceMapping:
    """Create a mapping that moto itself doesn't deliver to, and note where its reader begins."""
    mapping = _create(self, spec)
    _take_over(self)
    _start_position(self, mapping)
    return mapping


def _shown(self: EventSourceMapping) -> dict[str, Any]:
    return {**_configuration(self), "LastProcessingResult": getattr(self, "last_result", NOTHING_YET)}


def _take_over(backend: LambdaBackend) -> None:
    """Empty the lists by which moto's queues and streams deliver by themselves."""
    for queue in sqs_backends[backend.account_id][backend.region_name].queues.values():
        queue.lambda_event_source_mappings.clear()
    for table in dynamodb_backends[backend.account_id][backend.region_name].tables.values():
        table.lambda_event_source_mappings.clear()


def _start_position(backend: LambdaBackend, mapping: EventSourceMapping) -> None:
    """Note where a stream's reader begins: LATEST skips what is in the stream already."""
    parts = mapping.event_source_arn.split(":", 5)
    if parts[2] != "dynamodb":
        return
    table = dynamodb_backends[backend.account_id][backend.region_name].get_table(parts[5].split("/")[1])
    mapping.checkpoint = len(table.stream_shard.items) if mapping.starting_position == "LATEST" else 0


def install() -> None:
    """Put these operations in the place of moto's."""
    LambdaBackend.create_event_source_mapping = create
    EventSourceMapping.get_configuration = _shown
