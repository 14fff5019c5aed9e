"""The base of every typed model, and the one error that users see when data is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from core import sentences
from core import validation as words

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

SHORTEST = 3
"""Letters by which a beginning tells a name."""
KEY = "[key]"
"""What ends pydantic's path of a fault in a key, and not in its value."""


class ConfigurationError(ValueError):
    """A release, a setting or a version is wrong. The message is one line and names the valid choices."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class Model(BaseModel):
    """Immutable, refuses unknown keys, and is spelled in camelCase in YAML and stack configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)

    @classmethod
    def keys(cls) -> list[str]:
        """The keys as they are written in a file, sorted."""
        return sorted(field.alias or name for name, field in cls.model_fields.items())

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema, with each field's own docstring as its description."""
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, sentence in sentences.of(cls).items():
            for key in {name, cls.model_fields[name].alias} & set(properties):
                properties[key].setdefault("description", sentence)
        return schema


def one_of(choices: list[str] | tuple[str, ...]) -> str:
    """The valid choices as part of a sentence."""
    return ", ".join(choices) if choices else "none"


def unknown(kind: str, name: str, choices: list[str]) -> ConfigurationError:
    """An error for a name that isn't among the choices, with the nearest one as a guess."""
    return ConfigurationError(f"unknown {kind} {name!r}{nearest(name, choices)}; valid: {one_of(choices)}")


def nearest(name: str, choices: Sequence[str]) -> str:
    """The choice that a mistyped name may mean, as part of a sentence; empty where none is near.

    Beside what is spelled alike: one that the name begins with, or that begins with it (``production`` means ``prod``).
    """
    lower = {choice.lower(): choice for choice in choices}
    near = get_close_matches(name.lower(), lower, n=1)
    near = near or [each for each in lower if len(name) >= SHORTEST and _begins(each, name.lower())]
    return f" (did you mean {lower[near[0]]}?)" if near else ""


def _begins(one: str, other: str) -> bool:
    return min(len(one), len(other)) >= SHORTEST and (one.startswith(other) or other.startswith(one))


def explain(
    error: ValidationError,
    where: str,
    model: type[Model],
    prefix: str = "",
    remedy: Callable[[str], str] = lambda _: "",
) -> ConfigurationError:
    """The most telling fault that pydantic found, as one line: where it is, what is wrong, what would be right.

    ``prefix``: what stands before the key in its file; ``remedy``: the first part of the key's path -> what to type.
    """
    faults = error.errors(include_url=False)
    # A misspelt key is also a missing one; the misspelling is what helps.
    fault = next((each for each in faults if each["type"] == "extra_forbidden"), faults[0])
    parts = [part for part in fault["loc"] if part != KEY]
    path = prefix + ".".join(str(part) for part in parts) if parts else prefix.rstrip(":-")
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    end = f"{more}{remedy(str(parts[0])) if parts else ''}"
    if fault["type"] == "extra_forbidden":
        holder = _model_at(model, fault["loc"][:-1])
        choices = holder.keys() if holder else []
        guess = nearest(str(fault["loc"][-1]), choices)
        return ConfigurationError(f"{where}: unknown key {path}{guess}; valid: {one_of(choices)}{end}")
    if fault["type"] == "missing":
        return ConfigurationError(f"{where}: {path} is missing{end}")
    right = words.wanted(fault, model)
    if right and KEY in fault["loc"]:
        return ConfigurationError(f"{where}: {path}: the key has to be {right}{end}")
    if right:
        return ConfigurationError(f"{where}: {path} is {words.given(fault['input'])}; it has to be {right}{end}")
    said = fault["msg"].removeprefix(words.LIBRARY)
    value = "" if isinstance(fault["input"], Mapping | list) else f", not {words.given(fault['input'])}"
    at = f"{path}: " if path else ""
    return ConfigurationError(f"{where}: {at}{said[0].lower()}{said[1:]}{value}{end}")


def _model_at(model: type[Model], loc: tuple[int | str, ...]) -> type[Model] | None:
    """The model that a path of keys leads to; None where the path goes through something untyped."""
    here: Any = model
    for part in loc:
        if not (isinstance(here, type) and issubclass(here, Model)):
            return None
        fields = {field.alias or name: field for name, field in here.model_fields.items()}
        if part not in fields:
            return None
        here = _inner_model(fields[str(part)].annotation)
    return here if isinstance(here, type) and issubclass(here, Model) else None


def _inner_model(annotation: Any) -> Any:
    """The model class in an annotation such as ``Thing | None``."""
    if isinstance(annotation, type):
        return annotation
    return next((arg for arg in getattr(annotation, "__args__", ()) if isinstance(arg, type)), None)
