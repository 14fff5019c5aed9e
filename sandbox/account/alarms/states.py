"""An alarm's state changes: the record of each, and who hears of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend

from sandbox.account import background

log = logging.getLogger("sandbox.account")

KEPT_HISTORY = 5000
"""Records kept per region; CloudWatch keeps 30 days."""


@dataclass(frozen=True)
class StateChange:
    """One transition of one alarm.

    Args:
        backend: the region that the alarm lives in.
        alarm: the alarm, already in its new state.
        old: the state before.
        new: the state now.
        old_reason: the reason that the state before had.
        old_since: since when the alarm had been in the state before (UTC).
    """

    backend: CloudWatchBackend
    alarm: Alarm
    old: str
    new: str
    old_reason: str
    old_since: datetime


Listener = Callable[[StateChange], object]

_listeners: list[Listener] = []


def on_state_change(listener: Listener) -> Listener:
    """Have `listener` called after every state change, in the thread that found it; usable as a decorator."""
    _listeners.append(listener)
    return listener


def history(backend: CloudWatchBackend) -> list[dict[str, Any]]:
    """Return the alarm history of a region, oldest first; it outlives its alarms, as in CloudWatch."""
    if not hasattr(backend, "alarm_history"):
        backend.alarm_history = []
    records: list[dict[str, Any]] = backend.alarm_history
    return records


def record(backend: CloudWatchBackend, alarm: Alarm, kind: str, summary: str, data: dict[str, Any]) -> None:
    """Append one record: `kind` is ConfigurationUpdate, StateUpdate or Action."""
    records = history(backend)
    records.append(
        {
            "AlarmName": alarm.name,
            "AlarmType": "MetricAlarm" if alarm.rule is None else "CompositeAlarm",
            "Timestamp": datetime.now(UTC).replace(tzinfo=None),
            "HistoryItemType": kind,
            "HistorySummary": summary,
            "HistoryData": json.dumps({"version": "1.0", **data}),
        }
    )
    del records[:-KEPT_HISTORY]


def set_state(backend: CloudWatchBackend, alarm: Alarm, new: str, reason: str, data: str) -> StateChange | None:
    """Put an alarm into a state and record it; None where it was in that state already.

    Tell the listeners with `announce`, once no lock is held.
    """
    old, old_reason, old_since = alarm.state_value, alarm.state_reason, alarm.state_updated_timestamp
    alarm.state_reason, alarm.state_reason_data = reason, data
    if new == old:
        return None
    alarm.state_value = new
    alarm.state_updated_timestamp = datetime.now(UTC).replace(tzinfo=None)
    states = {
        "oldState": {"stateValue": old, "stateReason": old_reason},
        "newState": {"stateValue": new, "stateReason": reason},
    }
    record(backend, alarm, "StateUpdate", f"Alarm updated from {old} to {new}", states)
    background.mark_changed()
    return StateChange(backend, alarm, old, new, old_reason, old_since)


def announce(change: StateChange | None) -> None:
    """Tell all listeners of a change; one that fails doesn't keep it from the others."""
    if change is None:
        return
    for listener in list(_listeners):
        try:
            listener(change)
        except Exception:
            log.exception("a listener failed on the change of alarm %s to %s", change.alarm.name, change.new)
