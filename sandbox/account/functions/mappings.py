"""Event source mappings where moto differs from Lambda: which function they name, duplicates, and look-up by it."""

from __future__ import annotations

from typing import Any

from moto.awslambda import models
from moto.core.exceptions import JsonRESTError

from sandbox.account import settings
from sandbox.account.functions import targets

_create = models.LambdaBackend.create_event_source_mapping
_update = models.LambdaBackend.update_event_source_mapping


def qualified_arn(function: str, region: str) -> str:
    """Return the full ARN of a function's name or ARN, with the qualifier it was given."""
    region, name, qualifier = targets.parse(function, region)
    arn = f"arn:aws:lambda:{region}:{settings.current().account_id}:function:{name}"
    return f"{arn}:{qualifier}" if qualifier and qualifier != targets.LATEST else arn


def _create_mapping(self: Any, spec: dict[str, Any]) -> Any:
    arn = qualified_arn(spec["FunctionName"], self.region_name)
    for mapping in self._event_source_mappings.values():
        if (mapping.function_arn, mapping.event_source_arn) == (arn, spec.get("EventSourceArn")):
            source, name = mapping.event_source_arn, spec["FunctionName"]
            text = f'An event source mapping with event source ("{source}") and function ("{name}") already exists.'
            raise JsonRESTError("ResourceConflictException", f"{text} Please update or delete the existing mapping.")
    made = _create(self, spec)
    made.function_arn = arn
    return made


def _update_mapping(self: Any, uuid: str, spec: dict[str, Any]) -> Any:
    changed = _update(self, uuid, spec)
    if changed and spec.get("FunctionName"):
        changed.function_arn = qualified_arn(spec["FunctionName"], self.region_name)
        changed.function_name = spec["FunctionName"]
    return changed


def _list_mappings(self: Any, event_source_arn: str | None, function_name: str | None) -> Any:
    wanted = qualified_arn(function_name, self.region_name) if function_name else None
    return [
        mapping
        for mapping in self._event_source_mappings.values()
        if event_source_arn in (None, "", mapping.event_source_arn) and wanted in (None, mapping.function_arn)
    ]


def install() -> None:
    """Put the fixed behaviour in place of moto's."""
    models.LambdaBackend.create_event_source_mapping = _create_mapping
    models.LambdaBackend.update_event_source_mapping = _update_mapping
    models.LambdaBackend.list_event_source_mappings = _list_mappings
