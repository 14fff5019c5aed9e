"""Comparisons that many properties share; each finds nothing where the new value keeps at least as much as the old."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from guard.in_place.row import Check, Part
from guard.in_place.values import ABSENT, UNKNOWN, at, listed, member, number, shown

ON = frozenset({"true", "on", "enabled", "active", "enable"})
INFINITE = float("inf")
VERSION = re.compile(r"(?P<family>[A-Za-z]+_)?(?P<first>\d+)(?:\.(?P<second>\d+))?")


def is_on(value: Any) -> bool:
    """Whether a switch is on, however its type spells that."""
    return value is True or (isinstance(value, str) and value.lower() in ON)


def shorter(unit: str = "", forever: Collection[Any] = ()) -> Check:
    """A number that goes down. ``forever``: the values that the service takes for no end at all."""

    def rank(value: Any) -> float | None:
        figure = number(value)
        return INFINITE if value in forever or (figure is not None and figure in forever) else figure

    def check(before: Any, after: Any) -> Iterator[Part]:
        old = rank(before)
        if not old:
            return
        new = None if after is UNKNOWN else rank(after)
        if new is None or new < old:
            yield Part(old, after if new is None else new, unit, unknown=after is UNKNOWN)

    return check


def appears_or_shortens(unit: str = "", never: Collection[Any] = (ABSENT, 0)) -> Check:
    """A time after which something is deleted: set where there was none, or lowered."""
    return shorter(unit, forever=never)


def switched_off(before: Any, after: Any) -> Iterator[Part]:
    """A safeguard that is on and will be off."""
    if is_on(before) and not is_on(after):
        yield Part(before, after, unknown=after is UNKNOWN)


def switched_on(before: Any, after: Any) -> Iterator[Part]:
    """Something that deletes, off so far."""
    if not is_on(before) and (is_on(after) or after is UNKNOWN):
        yield Part(before, after, unknown=after is UNKNOWN)


def keeps(kept: Mapping[str, str]) -> Check:
    """A value out of few, each of which keeps certain things: one word each, in any order."""

    def check(before: Any, after: Any) -> Iterator[Part]:
        old = set(kept.get(str(before), "").split())
        if after is UNKNOWN:
            if old:
                yield Part(before, after, unknown=True)
        elif old - set(kept.get(str(after), "").split()):
            yield Part(before, after)

    return check


def suspended(before: Any, after: Any) -> Iterator[Part]:
    """Versions that are made no more. Where the bucket's versioning wasn't declared, only what is called suspended can
    have been on."""
    if after is UNKNOWN:
        yield Part(before, after, unknown=True)
    elif after == "Suspended" if before is ABSENT else is_on(before) and not is_on(after):
        yield Part(before, after)


def removed(before: Any, after: Any) -> Iterator[Part]:
    """A value that was there and isn't any more. One that is known only later is there."""
    if before not in (ABSENT, "", [], {}) and after in (ABSENT, "", [], {}):
        yield Part(before, after)


def sooner(before: Any, after: Any) -> Iterator[Part]:
    """A moment (RFC 3339, in UTC) that comes earlier, or isn't set any more."""
    if isinstance(before, str) and before and (not isinstance(after, str) or after < before):
        yield Part(before, after, unknown=after is UNKNOWN)


def appears_or_changes(before: Any, after: Any) -> Iterator[Part]:
    """A value that takes something away, whatever it says: set where there was none, or another one."""
    if after not in (ABSENT, "", [], {}) and before != after:
        yield Part(before, after, unknown=after is UNKNOWN)


def members(key: str = "") -> Check:
    """A list that loses members; ``key``: the path in a member by which it is known, none where it is plain text."""

    def check(before: Any, after: Any) -> Iterator[Part]:
        old = {shown(at(item, key)): item for item in listed(before)}
        if after is UNKNOWN or any(at(item, key) in (UNKNOWN, None) for item in listed(after)):
            if old:
                yield Part(sorted(old), UNKNOWN, unknown=True)
            return
        new = {shown(at(item, key)) for item in listed(after)}
        for name in old:
            if name not in new:
                yield Part(name, ABSENT, item=name, path=f"[{name}]")

    return check


def in_members(key: str, path: str, check: Check, default: Any = ABSENT) -> Check:
    """The same check of a property in every member that stays in a list."""

    def compare(before: Any, after: Any) -> Iterator[Part]:
        new = {shown(at(item, key)): item for item in listed(after)}
        for item in listed(before):
            name = shown(at(item, key))
            if name in new:
                old_value, new_value = (_or(at(each, path), default) for each in (item, new[name]))
                for part in check(old_value, new_value):
                    yield Part(
                        part.before, part.after, part.unit, part.text, f"[{name}].{path}", name, unknown=part.unknown
                    )

    return compare


def any_of(*checks: Check) -> Check:
    """Whatever one of the checks finds."""

    def check(before: Any, after: Any) -> Iterator[Part]:
        for each in checks:
            yield from each(before, after)

    return check


def major_version(engine: str = "engine", version: str = "engineVersion") -> Check:
    """A newer major version: the service converts the data, and an older one can't read it any more."""

    def check(before: Any, after: Any) -> Iterator[Part]:
        name = str(member(before, engine))
        old, new = member(before, version), member(after, version)
        if new is UNKNOWN and old is not ABSENT:
            yield Part(old, new, unknown=True, path=version)
        elif (was := _major(name, old)) and (will := _major(name, new)) and will > was:
            yield Part(old, new, path=version)

    return check


def _major(engine: str, version: Any) -> tuple[int, ...] | None:
    """PostgreSQL has had one number since 10, OpenSearch always (and comes after Elasticsearch); MySQL has two."""
    found = VERSION.match(str(version))
    if found is None:
        return None
    family, first, second = found["family"], int(found["first"]), int(found["second"] or 0)
    two = any(word in engine for word in ("mysql", "mariadb", "docdb", "neptune", "oracle", "sqlserver"))
    older = "postgres" in engine and first < 10
    return (int(family == "OpenSearch_"), first, second if two or older else 0)


def _or(value: Any, default: Any) -> Any:
    return default if value is ABSENT else value
