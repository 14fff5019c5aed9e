"""Settings of asynchronous invocation, one set a qualifier (Lambda API, PutFunctionEventInvokeConfig and its like).

moto takes no notice of the qualifier, shows the first of several puts, and forgets with an update what it doesn't name.
Lambda replaces with a put and merges with an update, and treats an event by the settings of the qualifier that it was
sent to.
"""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import UnknownEventConfig
from moto.awslambda.models import EventInvokeConfig
from moto.awslambda.responses import LambdaResponse

from sandbox.account.functions import targets

Answer = tuple[int, dict[str, Any], str]


def of(function: Any) -> dict[str, EventInvokeConfig]:
    """The settings of a moto function by qualifier; ``$LATEST`` where none is named."""
    if not hasattr(function, "event_settings"):
        function.event_settings = {}
    kept: dict[str, EventInvokeConfig] = function.event_settings
    return kept


def for_events_to(function: Any, qualifier: str | None) -> dict[str, Any]:
    """What holds for an event that was sent to a qualifier; empty where nothing was set."""
    found = of(function).get(qualifier or targets.LATEST)
    return dict(found.config) if found else {}


class _Subject:
    """The function and qualifier that a request names."""

    def __init__(self, response: Any, after: int = 1) -> None:
        named = unquote(response.path.split("?")[0].rstrip("/").rsplit("/", after + 1)[-after - 1])
        given = response.querystring.get("Qualifier", [None])[0]
        _, name, qualifier = targets.parse(named, response.region, given)
        self.qualifier = qualifier or targets.LATEST
        # Raises where there is no such function or qualifier.
        response.backend.get_function(name, qualifier)
        self.function = response.backend.get_function(name)
        self.arn = f"{self.function.function_arn}:{self.qualifier}"

    def settings(self) -> EventInvokeConfig:
        """Those that are set; raises Lambda's ResourceNotFoundException where there are none."""
        found = of(self.function).get(self.qualifier)
        if found is None:
            raise UnknownEventConfig(self.arn)
        return found

    def put(self, config: dict[str, Any]) -> Answer:
        made = EventInvokeConfig(self.arn, str(time.time()), config)
        of(self.function)[self.qualifier] = made
        return _answer(_shown(made))


def _shown(settings: EventInvokeConfig) -> dict[str, Any]:
    shown: dict[str, Any] = settings.response()
    return {
        "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}},
        **shown,
        "LastModified": float(shown["LastModified"]),
    }


def _answer(document: dict[str, Any]) -> Answer:
    return 200, {"status": 200, "content-type": "application/json"}, json.dumps(document)


def _put(self: Any) -> Answer:
    return _Subject(self).put(self.json_body)


def _update(self: Any) -> Answer:
    subject = _Subject(self)
    return subject.put({**subject.settings().config, **self.json_body})


def _get(self: Any) -> Answer:
    return _answer(_shown(_Subject(self).settings()))


def _delete(self: Any) -> Answer:
    subject = _Subject(self)
    subject.settings()
    del of(subject.function)[subject.qualifier]
    return 204, {"status": 204}, ""


def _list(self: Any) -> Answer:
    found = of(_Subject(self, after=2).function)
    return _answer({"FunctionEventInvokeConfigs": [_shown(found[qualifier]) for qualifier in sorted(found)]})


def install() -> None:
    """Put this in the place of moto's."""
    for name, method in (("put", _put), ("update", _update), ("get", _get), ("delete", _delete)):
        setattr(LambdaResponse, f"{name}_function_event_invoke_config", method)
    LambdaResponse.list_function_event_invoke_configs = _list
