"""Changes after which something isn't delivered, copied or kept any more, where more than one property decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from guard.in_place.checks import appears_or_changes, is_on, shorter, switched_off
from guard.in_place.row import Part
from guard.in_place.values import ABSENT, UNKNOWN, at, holds_unknown, listed, member, number, shown

LISTENERS = ("lambdaFunctions", "queues", "topics")


def time_to_live(before: Any, after: Any) -> Iterator[Part]:
    """DynamoDB's: switched on, or led to another attribute. Source: DynamoDB API, UpdateTimeToLive."""
    enabled, attribute = member(after, "enabled"), member(after, "attributeName")
    was = member(before, "attributeName") if is_on(member(before, "enabled")) else ABSENT
    if after is UNKNOWN or (
        enabled is not ABSENT and (enabled is UNKNOWN or is_on(enabled)) and _open(enabled, attribute)
    ):
        yield Part(was, UNKNOWN, unknown=True)
    elif is_on(enabled) and attribute != was:
        text = f"time to live is switched on for attribute {attribute}: items are deleted when their time comes"
        if was is not ABSENT:
            text = (
                f"time to live moves from attribute {was} to {attribute}: items are deleted when their time comes there"
            )
        yield Part(was, attribute, text=text)


def recovery_period(before: Any, after: Any) -> Iterator[Part]:
    """How far back a table can be restored, while it can at all: 35 days where nothing is said."""
    if is_on(member(before, "enabled")) and is_on(member(after, "enabled")):
        old, new = (member(side, "recoveryPeriodInDays") for side in (before, after))
        yield from shorter("days")(number(old) or 35.0, 35.0 if new is ABSENT else new)


def _open(*values: Any) -> bool:
    return any(value is UNKNOWN for value in values)


def default_retention(before: Any, after: Any) -> Iterator[Part]:
    """S3's object lock: new objects are locked for a shorter time, by the weaker mode, or not at all."""
    old, new = _locked(before), _locked(after)
    if old is None:
        return
    if after is UNKNOWN or holds_unknown(after if isinstance(after, dict) else {}):
        yield Part(before, UNKNOWN, unknown=True)
    elif new is None or new[0] < old[0] or new[1] < old[1]:
        yield Part(_lock(old), _lock(new))


def _locked(value: Any) -> tuple[float, bool] | None:
    """(days, whether nobody can lift it)."""
    days = (number(member(value, "days")) or 0.0) + 365 * (number(member(value, "years")) or 0.0)
    return (days, member(value, "mode") == "COMPLIANCE") if days else None


def _lock(found: tuple[float, bool] | None) -> str:
    return "none" if found is None else f"{shown(found[0], 'days')}, {'COMPLIANCE' if found[1] else 'GOVERNANCE'}"


def notifications(before: Any, after: Any) -> Iterator[Part]:
    """A bucket's events that somebody got and nobody will. Another listener for the same events is no loss."""
    if is_on(member(after, "eventbridge")):
        return
    known = {name: member(after, name) for name in (*LISTENERS, "eventbridge")}
    if UNKNOWN in known.values():
        yield Part("events", UNKNOWN, unknown=True)
        return
    new = list(_delivered(after))
    for event in _delivered(before):
        if not any(_covers(other, event) for other in new):
            name = _event(event)
            yield Part(name, ABSENT, text=f"nobody is told of {name} any more: what happens meanwhile is missed")
    if is_on(member(before, "eventbridge")):
        yield Part(
            "eventbridge", ABSENT, text="EventBridge hears of nothing any more: what happens meanwhile is missed"
        )


def _delivered(value: Any) -> Iterator[tuple[str, str, str]]:
    """(event, prefix, suffix)."""
    for name in LISTENERS:
        for listener in listed(member(value, name)):
            prefix, suffix = (_text(member(listener, key)) for key in ("filterPrefix", "filterSuffix"))
            for event in listed(member(listener, "events")):
                yield str(event), prefix, suffix


def _covers(new: tuple[str, str, str], old: tuple[str, str, str]) -> bool:
    event = old[0] == new[0] or (new[0].endswith("*") and old[0].startswith(new[0][:-1]))
    return event and old[1].startswith(new[1]) and old[2].endswith(new[2])


def _event(event: tuple[str, str, str]) -> str:
    prefix, suffix = (
        f" {word} {text}" if text else "" for word, text in zip(("under", "ending in"), event[1:], strict=True)
    )
    return f"{event[0]}{prefix}{suffix}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def replication(before: Any, after: Any) -> Iterator[Part]:
    """S3's replication rules: one that copied and copies no more."""
    running = [rule for rule in listed(after) if member(rule, "status") is UNKNOWN or is_on(member(rule, "status"))]
    new = {mark for rule in running for mark in _marks(rule)}
    for rule in listed(before):
        if is_on(member(rule, "status")) and not new.intersection(_marks(rule)):
            name = shown(member(rule, "id"))
            yield Part(name, UNKNOWN if after is UNKNOWN else ABSENT, unknown=after is UNKNOWN, item=name)


def _marks(rule: Any) -> set[tuple[str, str]]:
    """What a rule is known by: S3 gives it an id and a priority where the program gives none."""
    marks = {(name, shown(found)) for name in ("id", "priority") if (found := member(rule, name)) not in (ABSENT, "")}
    places = (rule, member(rule, "filter"), at(rule, "filter.and"))
    scope = next((text for place in places if (text := _text(member(place, "prefix")))), "")
    return marks | {("scope", f"{scope} {shown(at(rule, 'destination.bucket'))}")}


def stream_consumer(before: Any, after: Any) -> Iterator[Part]:
    """A stream's consumer that is stopped. A queue's may be: its messages wait."""
    old, new = (True if found is ABSENT else found for found in (member(side, "enabled") for side in (before, after)))
    if member(before, "startingPosition") not in (ABSENT, ""):
        yield from (Part(old, new, path="enabled", unknown=part.unknown) for part in switched_off(old, new))


def consumer_filter(before: Any, after: Any) -> Iterator[Part]:
    """A consumer's filter that appears or changes. A queue's deletes what it doesn't match, whoever else reads; a new
    consumer of a stream leaves the records to the others. Source: Lambda documentation, "Event filtering"."""
    reads_beside = not before and member(after, "startingPosition") not in (ABSENT, "")
    if not reads_beside:
        old, new = (member(side, "filterCriteria") for side in (before, after))
        yield from (replace(part, path="filterCriteria") for part in appears_or_changes(old, new))


def claims_on_scale(before: Any, after: Any) -> Iterator[Part]:
    """A StatefulSet that gets smaller and deletes the claims of the pods that go. Source: Kubernetes documentation,
    "PersistentVolumeClaim retention"."""
    policy = at(after, "persistentVolumeClaimRetentionPolicy.whenScaled")
    replicas = [1.0 if found is None else found for found in (number(at(side, "replicas")) for side in (before, after))]
    if policy == "Delete" and replicas[1] < replicas[0] and number(at(after, "replicas")) is not None:
        yield Part(replicas[0], replicas[1], path="replicas")


def schema_fields(before: Any, after: Any) -> Iterator[Part]:
    """Fields that a version of a CustomResourceDefinition has no more: the API server drops them at the next write."""
    versions = {str(member(version, "name")): version for version in listed(after)}
    path = "schema.openAPIV3Schema"
    for version in listed(before):
        name = str(member(version, "name"))
        if name in versions:
            for field in _lost_fields(at(version, path), at(versions[name], path)):
                yield Part(field, ABSENT, item=f"{name}: {field}", path=f"[{name}].{field}")


def _lost_fields(before: Any, after: Any, where: str = "") -> Iterator[str]:
    if after is UNKNOWN or is_on(member(after, "x-kubernetes-preserve-unknown-fields")):
        return
    if member(before, "x-kubernetes-preserve-unknown-fields") is True:
        yield where or "all that the schema doesn't name"
    for key in ("items", "additionalProperties"):
        if isinstance(member(before, key), dict) and isinstance(member(after, key), dict):
            yield from _lost_fields(member(before, key), member(after, key), f"{where}[]")
    old, new = member(before, "properties"), member(after, "properties")
    for name, schema in old.items() if isinstance(old, dict) else ():
        here = f"{where}.{name}" if where else str(name)
        if isinstance(new, dict) and name in new:
            yield from _lost_fields(schema, new[name], here)
        elif member(after, "additionalProperties") is ABSENT and new is not UNKNOWN:
            yield here
