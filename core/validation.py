"""What a typed model takes, in plain words: pydantic's own messages are for programmers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

LONGEST = 60
"""Characters of a value that are told again."""
LIBRARY = "Value error, "
"""What pydantic puts before a message of ours."""
PATTERNS = {
    r"^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$": "a release, such as v1.2.3",
    r"^\d+\.\d+\.\d+$": "a version of three numbers, such as 1.2.3",
    r"^[0-9a-f]{64}$": "a SHA-256: 64 of the characters 0-9 and a-f",
    r"^sha256:[0-9a-f]{64}$": "a digest: sha256: and 64 of the characters 0-9 and a-f",
    r"^[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)+$": "an image without a tag, such as ghcr.io/owner/name",
    r"^[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)*$": "a registry without https://, such as ghcr.io or example.com:5000",
    r"^\d+(\.\d+)?(m|[KMGT]i?)?$": "a quantity of Kubernetes, such as 250m or 512Mi",
    r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$": "a DNS label: at most 63 of the characters a-z, 0-9 and -, no - at an end",
    r"^[a-z0-9-]+/[a-z0-9-]+$": "NAMESPACE/NAME in the characters a-z, 0-9 and -",
    r"^[A-Z][A-Z0-9_]*$": "the name of an environment variable in capitals, such as LOG_LEVEL",
    r"^[a-z]{2}(-[a-z]+)+-\d$": "a region of AWS, such as us-east-1",
    r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$": "the name of a bucket: 3 to 63 of the characters a-z, 0-9, . and -",
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$": "words in small letters with - between them",
    r"^db\.[a-z0-9]+\.[a-z0-9]+$": "a class of RDS instances, such as db.t4g.medium",
    r"^\d+(\.\d+)?$": "a version of PostgreSQL, such as 16.4",
    r"^https?://[^\s/]+(:\d+)?$": "an address without a path, such as https://app.example.com",
    r"^[a-z0-9-]{1,64}$": "a name of at most 64 of the characters a-z, 0-9 and -",
    r"^[a-z0-9-]+$": "a name in the characters a-z, 0-9 and -",
    r"^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$": "the id of a check, such as CKV_AWS_21",
    r"^(urn:pulumi:[^:\s]+::[^:\s]+::\S+?::\S.*|blast-radius:[a-z0-9-]+)$": "a resource's URN, or blast-radius:SYSTEM",
    r"^[A-Za-z][A-Za-z0-9.\[\]_-]*$": "the name of a property, such as ttl.enabled",
    r"^[^\n]*$": "one line",
    r"^[^/\s~][^\n~]*$": "a path below the folder of Pulumi.yaml, such as approvals",
    r"^[a-z][a-z0-9._/-]*( [a-z0-9._/-]+)*$": "a command in small letters, such as pulumi up",
    r"^[A-Za-z][A-Za-z0-9-]*:[A-Za-z][A-Za-z0-9]*$": "the key of a setting, such as shop:recoveryBucket",
    r"^[a-z0-9.{}-]{3,63}$": "the name of a bucket, in which {stack} may stand for the stack's",
}
"""Every pattern of the models, in words; a test finds the one that is missing."""


def given(value: Any) -> str:
    """A value as a person wrote it, shortened."""
    if isinstance(value, str):
        text = "a secret" if value == "[secret]" else repr(value)
    else:
        text = json.dumps(value, default=str)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def wanted(fault: Mapping[str, Any], model: type[BaseModel]) -> str | None:
    """What would be right in place of a faulty value: ``a whole number from 1 to 500``.

    ``fault``: one of pydantic's ``ValidationError.errors()``. None where the fault's own message, one of ours, says it.
    """
    kind, context = str(fault["type"]), fault.get("ctx") or {}
    if kind in ("value_error", "assertion_error"):
        return None
    field = field_at(model, fault["loc"])
    if kind == "string_pattern_mismatch":
        return PATTERNS.get(str(context["pattern"]), f"text of the form {context['pattern']}")
    if kind in ("literal_error", "enum"):
        return str(context["expected"]).replace("'", "")
    if kind.startswith(("int_", "float_")) or kind in ("finite_number", *_BOUNDS):
        return _number(kind, context, field)
    if kind in ("string_too_short", "string_too_long", "too_short", "too_long"):
        return _length(kind, context)
    inner = next(_models(field.annotation), None) if field else None
    return _SHAPES.get(kind) or (_mapping(inner) if kind in _MAPPINGS else None) or _own_words(fault)


def field_at(model: type[BaseModel], path: Sequence[int | str]) -> FieldInfo | None:
    """The field that a path of keys leads to; None where the path ends in something that is no field."""
    here: type[BaseModel] | None = model
    field = None
    for part in path:
        if here is None:
            return None
        field = next((each for name, each in here.model_fields.items() if part in (name, each.alias)), None)
        if field is None:
            return None
        here = next(_models(field.annotation), None)
    return field


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in an annotation such as ``Thing | None``; not those within lists and mappings."""
    for part in _parts(annotation):
        if isinstance(part, type) and issubclass(part, BaseModel):
            yield part


def _parts(annotation: Any) -> Iterator[Any]:
    """The types in an annotation such as ``Annotated[int, Ge(1)] | None``, and what bounds them."""
    if get_origin(annotation) in (Union, UnionType, Annotated):
        for part in get_args(annotation):
            yield from _parts(part)
    elif isinstance(annotation, FieldInfo):
        yield from annotation.metadata
    else:
        yield annotation


_BOUNDS = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "above"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "below"),
}
_MAPPINGS = ("model_type", "model_attributes_type", "dict_type", "mapping_type", "dataclass_type")
_SHAPES = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "date_type": "a date, such as 2026-11-30",
    "date_parsing": "a date, such as 2026-11-30",
    "date_from_datetime_parsing": "a date, such as 2026-11-30",
    "date_from_datetime_inexact": "a date, such as 2026-11-30",
    "datetime_type": "a date and a time, such as 2026-11-30T12:00:00Z",
    "datetime_parsing": "a date and a time, such as 2026-11-30T12:00:00Z",
    "datetime_from_date_parsing": "a date and a time, such as 2026-11-30T12:00:00Z",
    "timezone_aware": "a date and a time with its zone, such as 2026-11-30T12:00:00Z",
}


def _number(kind: str, context: Mapping[str, Any], field: FieldInfo | None) -> str:
    """A number with its bounds, both where the field has both."""
    whole = kind.startswith("int_") or (field is not None and int in _parts(field.annotation))
    noun = "a whole number" if whole else "a number"
    low, high = _bounds(field)
    if kind in _BOUNDS and low is None and high is None:
        name, word = _BOUNDS[kind]
        return f"{noun} of {word} {context[name]:,g}"
    if low and high and low.startswith("from"):
        return f"{noun} {low} {high.replace('up to', 'to')}"
    return " ".join([noun, *filter(None, [low, high])])


def _bounds(field: FieldInfo | None) -> tuple[str | None, str | None]:
    low = high = None
    for bound in (*field.metadata, *_parts(field.annotation)) if field else ():
        if isinstance(bound, Ge):
            low = f"from {bound.ge:,g}"
        elif isinstance(bound, Gt):
            low = f"above {bound.gt:,g}"
        elif isinstance(bound, Le):
            high = f"up to {bound.le:,g}"
        elif isinstance(bound, Lt):
            high = f"below {bound.lt:,g}"
    return low, high


def _length(kind: str, context: Mapping[str, Any]) -> str:
    unit = "text" if kind.startswith("string") else "a list"
    parts = ("characters", "character") if unit == "text" else ("entries", "entry")
    least, most = context.get("min_length"), context.get("max_length")
    bound = least if kind.endswith("short") else most
    return f"{unit} of {'at least' if kind.endswith('short') else 'at most'} {bound} {parts[bound == 1]}"


def _mapping(model: type[BaseModel] | None) -> str:
    """A mapping, and the keys that it takes."""
    if model is None:
        return "a mapping of keys to values"
    needed = [field.alias or name for name, field in model.model_fields.items() if field.is_required()]
    others = [field.alias or name for name, field in model.model_fields.items() if not field.is_required()]
    keys = [f"with {', '.join(needed)}"] if needed else []
    keys += [f"{'and perhaps ' if needed else 'of '}{', '.join(others)}"] if others else []
    return " ".join(["a mapping", *keys])


def _own_words(fault: Mapping[str, Any]) -> str:
    """The library's message, as the end of a sentence: for kinds of faults that no model of ours has."""
    said = str(fault["msg"]).removeprefix(LIBRARY)
    return said.removeprefix("Input should be ").removeprefix("Value should be ")
