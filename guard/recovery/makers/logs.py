"""CloudWatch log groups: every event into one compressed object. No API puts events back with their dates.

CloudWatch Logs API reference, FilterLogEvents: groups of the class INFREQUENT_ACCESS can't be read so and are refused.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.aws import client
from core.errors import DamagedError, ServiceError, translate_errors
from guard.recovery.digest import Content, Digest
from guard.recovery.maker import Copy, Order, Progress
from guard.recovery.makers import json_lines
from guard.recovery.points import LocatedStore, RecoveryPoint

NOTE = "events come back as a file; not restored: retention, metric filters, subscriptions, tags"


class Logs:
    """Counts, copies and reads back CloudWatch log groups; their events go into a file."""

    def count(self, store: LocatedStore) -> int:
        """Events, all of them read."""
        with translate_errors(str(store)):
            return sum(1 for _ in _events(store))

    def measure(self, store: LocatedStore, progress: Progress) -> Content:
        """See ``Maker``."""
        with translate_errors(str(store)):
            return _digest(_events(store), progress)

    def copy(self, order: Order) -> Copy:
        """See ``Maker``. Events up to the moment of the order."""
        s3, digest = client("s3", order.region), Digest()
        key = f"logs/{order.store.name.lstrip('/')}/{order.id}.ndjson.gz"
        until = int(order.at.timestamp() * 1000)
        with translate_errors(str(order.store)), json_lines.spooled() as file:
            with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=6, mtime=0) as zipped:
                for event in _events(order.store, until):
                    zipped.write(json_lines.line(event))
                    _add(digest, event)
                    order.progress("reading events", digest.items, None)
            written = json_lines.upload(s3, file, order.bucket, key, digest.content())
        return Copy(json_lines.uri(order.bucket, key), digest.content(), NOTE, written)

    def verify(self, point: RecoveryPoint, progress: Progress) -> str:
        """See ``Maker``."""
        with translate_errors(f"copy {point.where} of {point.store}", DamagedError):
            found = _digest(_held(point), progress)
        if differs := point.differs(found):
            raise DamagedError(f"copy {point.where} of {point.store}: {differs}")
        return f"the object was read: {found.items} events"

    def check(self, point: RecoveryPoint) -> None:
        """See ``Maker``."""
        json_lines.check(client("s3", point.store.region), point)

    def restore(self, point: RecoveryPoint, target: str, progress: Progress) -> int:
        """Write the events to a new file, one JSON record a line."""
        path, done = Path(target), 0
        if path.exists():
            raise ServiceError(f"{target} exists: events are restored to a new file")
        self.verify(point, progress)
        with translate_errors(f"file {target}"), path.open("xb") as file:
            for event in _held(point):
                file.write(json_lines.line(event))
                done += 1
                progress("writing events", done, point.items)
        with translate_errors(f"file {target}", DamagedError), path.open("rb") as file:
            found = _digest((json.loads(text) for text in file), progress)
        if differs := point.differs(found):
            raise DamagedError(f"file {target} restored from {point.id}: {differs}")
        return done


def _events(store: LocatedStore, until: int | None = None) -> Iterator[dict[str, Any]]:
    """Events of a group; ``until`` in milliseconds since 1970."""
    more = {} if until is None else {"endTime": until}
    pages = client("logs", store.region).get_paginator("filter_log_events").paginate(logGroupName=store.name, **more)
    for page in pages:
        for event in page["events"]:
            yield {name: event[name] for name in ("logStreamName", "timestamp", "message", "eventId", "ingestionTime")}


def _held(point: RecoveryPoint) -> Iterator[dict[str, Any]]:
    return json_lines.lines(client("s3", point.store.region), *json_lines.place(point.where), zipped=True)


def _add(digest: Digest, event: dict[str, Any]) -> None:
    digest.add(json_lines.line({name: event[name] for name in ("logStreamName", "timestamp", "message")}))


def _digest(events: Iterator[dict[str, Any]], progress: Progress) -> Content:
    digest = Digest()
    for event in events:
        _add(digest, event)
        progress("reading events", digest.items, None)
    return digest.content()
