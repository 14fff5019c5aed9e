"""Whether what makes a store the one that it is has changed: what a program declares held against what a service told.

Both spell the same thing in other ways. A service gives a list back in an order of its own, fills in what a program
left to it, and makes numbers of texts; a program may know a part only during the update. What is left out of an object,
and what isn't known yet, is no change; the delete hook hears of whatever the provider replaces all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from guard.casing import to_camel
from guard.in_place.values import ABSENT, member, number

DROPPED = frozenset({"rangeKey", "localSecondaryIndexes", "fifoQueue"})
"""Inputs that no service fills in, so that to leave them out is a change as well."""
_NOTHING: tuple[Any, ...] = (None, False, "", 0, [], {}, ())


def changed(old: Mapping[str, Any], new: Mapping[str, Any], unset: Collection[str] = ()) -> set[str]:
    """The inputs that differ.

    Args:
        old: what the service told, by path; nothing at all where nobody asked it yet.
        new: what the program declares and knows already.
        unset: inputs that the program leaves out.
    """
    if not old:
        return set()
    found = {path for path, value in new.items() if not is_same(old.get(path), value)}
    return found | {path for path in DROPPED.intersection(unset) if old.get(path) not in _NOTHING}


def is_same(old: Any, new: Any) -> bool:
    """Whether a value that a service told is the one that a program declares, as far as that is known (None isn't)."""
    if new is None or (old in _NOTHING and new in _NOTHING):
        return True
    if _is_list(old) and isinstance(new, Mapping) and len(old) == 1:
        return is_same(old[0], new)
    if _is_list(new) and isinstance(old, Mapping) and len(new) == 1:
        return is_same(old, new[0])
    if isinstance(new, Mapping):
        return isinstance(old, Mapping) and all(_holds(old, str(name), value) for name, value in new.items())
    if _is_list(new):
        return _is_list(old) and _are_same(list(old), list(new))
    return bool(old == new) or (number(old) is not None and number(old) == number(new))


def _holds(old: Mapping[str, Any], name: str, value: Any) -> bool:
    found = next((each for key in (name, to_camel(name)) if (each := member(old, key)) is not ABSENT), None)
    return is_same(found, value)


def _are_same(old: list[Any], new: list[Any]) -> bool:
    """Whether each of one list is in the other, in any order; the least known ones are looked for last."""
    if len(old) != len(new):
        return False
    for value in sorted(new, key=lambda each: each is None):
        found = next((place for place, other in enumerate(old) if is_same(other, value)), None)
        if found is None:
            return False
        del old[found]
    return True


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
