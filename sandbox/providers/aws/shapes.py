"""Pulumi's property values <-> the parameters and answers of AWS's APIs.

What an API wants is read from botocore's service models, what Pulumi wants from `schema.json` (kinds as ``"string"``,
``["list", kind]``, ``["map", kind]`` or an object of kinds). Names meet without regard to case and underscores; the
rest is renamed by path, as ``{"attributes.name": "AttributeName"}``.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from typing import Any

from sandbox.providers import wire

Kind = Any
Rename = Mapping[str, str]

_EMPTY: tuple[Any, ...] = (None, "", [], {}, False, 0)


def plain(name: str) -> str:
    """A name without case and underscores, for comparing."""
    return name.replace("_", "").lower()


def member_of(shape: Any, name: str, rename: Rename, path: str = "") -> str | None:
    """The member of a structure that a property goes by, or None."""
    wanted = rename.get(f"{path}.{name}" if path else name, name)
    members: Mapping[str, Any] = getattr(shape, "members", {})
    if wanted in members:
        return wanted
    return next((member for member in members if plain(member) == plain(wanted)), None)


def to_api(shape: Any, value: Any, rename: Rename, path: str = "") -> Any:
    """A Pulumi value as the parameter that a shape of an API asks for."""
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, value, rename, path)
    if kind == "list":
        names = _pair(shape.member)
        if isinstance(value, dict) and names:
            return [{names[0]: key, names[1]: str(item)} for key, item in sorted(value.items())]
        return [to_api(shape.member, item, rename, path) for item in (value if isinstance(value, list) else [value])]
    if kind == "map":
        return {key: to_api(shape.value, item, rename, path) for key, item in value.items()}
    return _scalar(kind, value)


def _structure(shape: Any, value: Any, rename: Rename, path: str) -> Any:
    if isinstance(value, list):  # a block that may stand at most once, given as a list of one
        value = value[0] if value else {}
    result: dict[str, Any] = {}
    for name, item in value.items():
        member = member_of(shape, name, rename, path)
        if member is not None and item is not None:
            inside = f"{path}.{name}" if path else name
            result[member] = to_api(shape.members[member], item, rename, inside)
    return result


def _scalar(kind: str, value: Any) -> Any:
    if kind in ("integer", "long"):
        return int(value)
    if kind in ("float", "double"):
        return float(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind == "blob":
        return value if isinstance(value, bytes) else str(value).encode()
    if kind == "timestamp":
        return value
    return text_of(value)


def text_of(value: Any) -> str:
    """A value as the text that AWS's attribute maps hold."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def _pair(member: Any) -> tuple[str, str] | None:
    names = {plain(name).removeprefix("tag"): name for name in getattr(member, "members", {})}
    key = names.get("key") or names.get("name")
    return (key, names["value"]) if key and "value" in names else None


def from_api(kind: Kind, value: Any, rename: Rename, path: str = "") -> Any:
    """A value of an API's answer in the form that Pulumi's schema gives the property."""
    if value is None or kind == "any":
        return _any(value)
    if isinstance(kind, dict):
        return _object(kind, value, rename, path)
    if isinstance(kind, list):
        inner = kind[1]
        if kind[0] == "map":
            return _map(inner, value, rename, path)
        return [from_api(inner, item, rename, path) for item in (value if isinstance(value, list) else [value])]
    return _plain_scalar(kind, value)


def _object(kind: dict[str, Kind], value: Any, rename: Rename, path: str) -> Any:
    if isinstance(value, list):
        value = value[0] if value else {}
    if not isinstance(value, dict):
        return {}
    members = {plain(name): name for name in value}
    result = {}
    for name, inner in kind.items():
        inside = f"{path}.{name}" if path else name
        member = members.get(plain(rename.get(inside, name)))
        if member is not None and value[member] is not None:
            result[name] = from_api(inner, value[member], rename, inside)
    return result


def _map(inner: Kind, value: Any, rename: Rename, path: str) -> Any:
    if isinstance(value, list):
        # tags are pairs of Key and Value, key and value, or (KMS) TagKey and TagValue
        pairs = [{plain(name).removeprefix("tag"): item for name, item in entry.items()} for entry in value]
        value = {pair.get("key", pair.get("name")): pair.get("value") for pair in pairs}
    return {key: from_api(inner, item, rename, path) for key, item in value.items()}


def _plain_scalar(kind: str, value: Any) -> Any:
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode()
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind in ("integer", "number"):
        number = float(value)
        return int(number) if kind == "integer" or number.is_integer() else number
    return text_of(value)


def _any(value: Any) -> Any:
    if isinstance(value, (datetime.datetime, bytes)):
        return _plain_scalar("string", value)
    return value


def empty(value: Any) -> bool:
    """Whether a value says no more than its absence: nothing, an empty text, list or map, False or 0."""
    if isinstance(value, dict) and not wire.is_asset(value):
        return all(empty(item) for item in value.values())
    return any(value is item or (type(value) is type(item) and value == item) for item in _EMPTY)


def canonical(value: Any, ordered: bool = False) -> Any:
    """A form in which values that mean the same compare equal.

    JSON texts are compared by what they hold, numbers and booleans with their texts, empty entries with absent ones,
    and lists as sets unless `ordered`.
    """
    if wire.is_asset(value):
        return ("asset", value.get("hash") or repr(sorted(map(str, value.items()))))
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if not empty(item) and not key.startswith("__")}
        return tuple(sorted(((key, canonical(item, ordered)) for key, item in kept.items()), key=repr))
    if isinstance(value, (list, tuple)):
        items = [canonical(item, ordered) for item in value]
        return tuple(items if ordered else sorted(items, key=repr))
    if isinstance(value, str):
        return _canonical_text(value, ordered)
    return _canonical_scalar(value)


def _canonical_scalar(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return "true" if value else ""
    return str(int(value)) if float(value).is_integer() else str(value)


def _canonical_text(value: str, ordered: bool) -> Any:
    if value[:1] in ("{", "[") and value != wire.UNKNOWN:
        try:
            return ("json", canonical(json.loads(value), ordered))
        except ValueError:
            return value
    return value


def same(one: Any, other: Any, ordered: bool = False) -> bool:
    """Whether two values mean the same to AWS; empty and absent are the same."""
    if repr(one) == repr(other):  # most are, and bringing both into a form to compare takes twenty times as long
        return True
    if empty(one) and empty(other):
        return True
    return bool(canonical(one, ordered) == canonical(other, ordered))
