"""Saved forms of what there is most of: metric data and log events, as plain values instead of objects.

Pickling tens of thousands of small objects takes seconds; pickling the values in them takes a tenth of that. Large
objects of buckets are named instead of read (``sandbox.account.contents``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, Dimension, MetricDatum
from moto.logs.models import LogEvent, LogStream
from moto.s3.models import FakeKey

from sandbox.account import contents


def _packed_datum(datum: Any) -> Any:
    if type(datum) is not MetricDatum:
        return datum
    packed = vars(datum).get("packed")
    if packed is not None:  # data never changes once it's written
        return packed
    dimensions = tuple([(pair.name, pair.value) for pair in datum.dimensions or ()])
    stamp = datum.timestamp
    naive = stamp.tzinfo is None
    seconds = stamp.replace(tzinfo=UTC).timestamp() if naive else stamp.timestamp()
    datum.packed = (datum.namespace, datum.name, datum.value, dimensions, seconds, naive, datum.unit)
    return datum.packed


def _datum(packed: Any) -> Any:
    if not isinstance(packed, tuple):
        return packed
    made = MetricDatum.__new__(MetricDatum)
    made.namespace, made.name, made.value, dimensions, seconds, naive, made.unit = packed
    made.dimensions = [Dimension(name, value) for name, value in dimensions]
    stamp = datetime.fromtimestamp(seconds, UTC)
    made.timestamp = stamp.replace(tzinfo=None) if naive else stamp
    return made


def _cloudwatch_state(self: Any) -> dict[str, Any]:
    return {**vars(self), "metric_data": [_packed_datum(datum) for datum in list(self.metric_data)]}


def _set_cloudwatch_state(self: Any, saved: dict[str, Any]) -> None:
    vars(self).update({**saved, "metric_data": [_datum(packed) for packed in saved["metric_data"]]})


def _stream_state(self: Any) -> dict[str, Any]:
    return {**vars(self), "events": [dict(vars(event)) for event in list(self.events)]}


def _set_stream_state(self: Any, saved: dict[str, Any]) -> None:
    events = []
    for values in saved["events"]:
        event = LogEvent.__new__(LogEvent)
        vars(event).update(values)
        events.append(event)
        # Ids must stay unique after a restart: followers of a log tell events apart by them.
        LogEvent._event_id = max(LogEvent._event_id, event.event_id + 1)
    vars(self).update({**saved, "events": events})


_key_state = FakeKey.__getstate__
_key_value: Any = FakeKey.value


def _state_of_key(self: Any) -> dict[str, Any]:
    """An object of a bucket lies in a buffer, and to read it makes a copy: so its digest is kept with it."""
    writing, digest = contents.writing(), vars(self).get("kept_as")
    if writing is not None and digest in writing.contents.there:
        left_out = ("_value_buffer", "lock", "kept_as")
        kept = {name: value for name, value in vars(self).items() if name not in left_out}
        return {**kept, "value": contents.Kept(digest)}
    state: dict[str, Any] = _key_state(self)
    state.pop("kept_as", None)
    if writing is not None and (name := writing.name(state["value"])) is not None:
        self.kept_as = name[1]
    return state


def _set_value(self: Any, value: bytes) -> None:
    vars(self).pop("kept_as", None)
    _key_value.fset(self, value)


def install() -> None:
    """Use the compact forms wherever these objects are pickled."""
    CloudWatchBackend.__getstate__ = _cloudwatch_state
    CloudWatchBackend.__setstate__ = _set_cloudwatch_state
    FakeKey.__getstate__ = _state_of_key
    FakeKey.value = property(_key_value.fget, _set_value)
    LogStream.__getstate__ = _stream_state
    LogStream.__setstate__ = _set_stream_state


install()
