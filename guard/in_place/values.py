"""Values as two updates are compared by: what isn't there, what isn't known yet, and how a person reads them.

A program's inputs may spell a name as Python does or as the engine does (``attribute_name``, ``attributeName``): both
are found.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final

import pulumi
from pulumi import _types

from guard.casing import to_camel, to_snake


class Missing(Enum):
    """Why there is no value."""

    ABSENT = "not set"
    """The program leaves it out: the service's own default holds."""
    UNKNOWN = "known only in the update"
    AS_IT_IS = "left as it is"
    """The program leaves it out, and the provider then leaves the account's value alone (a default of rows)."""


ABSENT: Final = Missing.ABSENT
UNKNOWN: Final = Missing.UNKNOWN
AS_IT_IS: Final = Missing.AS_IT_IS


async def revealed(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What the engine hands to a hook, with secrets as what they are: the SDK makes an Output of each, which compares
    as nothing at all. One that isn't known yet is None."""
    if values is None:
        return None
    return {key: await value.future() if isinstance(value, pulumi.Output) else value for key, value in values.items()}


def declared_values(props: Mapping[str, Any] | None) -> dict[str, Any]:
    """A resource's inputs as a transformation sees them, as plain data: what isn't set is left out, and what is known
    only in the update is None."""
    return {to_camel(str(key)): _plain(value) for key, value in dict(props or {}).items() if value is not None}


def _plain(value: Any) -> Any:
    if _types.is_input_type(type(value)):
        return declared_values(_types.input_type_to_untranslated_dict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, str | int | float | bool):
        return value.value if isinstance(value, Enum) else value
    # An asset has no figures; anything else (an Output, an awaitable) will be known later.
    return {} if isinstance(value, pulumi.Asset | pulumi.Archive) else None


def member(value: Any, name: str) -> Any:
    """One property of an object; of a list with one object, which is how some types spell an object, that one's."""
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 1:
        value = value[0]
    if value is None or value is UNKNOWN:
        return UNKNOWN
    if not isinstance(value, Mapping):
        return ABSENT
    for key in (name, to_snake(name), f"{name}_"):
        if key in value:
            return UNKNOWN if value[key] is None else value[key]
    return ABSENT


def at(values: Any, path: str) -> Any:
    """The value at a path with dots, ``ABSENT`` or ``UNKNOWN``; the whole for an empty path."""
    for part in path.split(".") if path else ():
        values = member(values, part)
    return values


def prior(values: Any) -> Any:
    """What the state has, without its nulls: a state knows everything, so that None there is a value not set."""
    if isinstance(values, Mapping):
        return {str(key): prior(value) for key, value in values.items() if value is not None}
    if isinstance(values, list | tuple):
        return [prior(value) for value in values if value is not None]
    return values


def number(value: Any) -> float | None:
    """A number, also one that a type spells as text; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def document(value: Any) -> Any:
    """A JSON document given as text, or as the object itself; ``UNKNOWN`` where it is neither."""
    if not isinstance(value, str):
        return value
    if not value:
        return ABSENT
    try:
        return json.loads(value)
    except ValueError:
        return UNKNOWN


def listed(value: Any) -> list[Any]:
    """The items of a list; a lone object is its own list, nothing is none."""
    if isinstance(value, Missing):
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def holds_unknown(value: Any) -> bool:
    """Whether anything in a value is known only in the update."""
    if value is None or value is UNKNOWN:
        return True
    if isinstance(value, Mapping):
        return any(holds_unknown(inner) for inner in value.values())
    return isinstance(value, list | tuple) and any(holds_unknown(inner) for inner in value)


def shown(value: Any, unit: str = "") -> str:
    """A value as a person reads it: 345,600 s, 1 day, "expires"."""
    if isinstance(value, Missing):
        return value.value
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        if value == float("inf"):
            return "for ever"
        figure = f"{int(value):,}" if float(value).is_integer() else f"{value:,g}"
        singular = unit.removesuffix("s") if value == 1 and len(unit) > 1 else unit
        return f"{figure} {singular}".strip()
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
