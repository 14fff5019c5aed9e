"""Names and kinds of the properties of the emulated types, as the Python SDK declares them.

They stand in `schema.json`, because importing the SDK would cost a plugin seconds;
``python -m sandbox.providers.aws.schema`` writes the file anew from the installed SDK.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.providers.aws import VERSION, docstrings

FILE = Path(__file__).with_name("schema.json")
UNEMULATED = Path(__file__).with_name("unemulated.txt")


@dataclass(frozen=True)
class Resource:
    """The properties of one type: kinds of the inputs, names of the required ones, kinds of all properties.

    `said` has what the inputs' descriptions promise, by input: `default` (as a text), `values`, `conflicts` (other
    inputs), `forces` (a change replaces the resource).
    """

    inputs: Mapping[str, Any]
    required: frozenset[str]
    properties: Mapping[str, Any]
    said: Mapping[str, Mapping[str, Any]]


@functools.cache
def _document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(FILE.read_text())
    return loaded


@functools.cache
def of(token: str) -> Resource:
    """The properties of a type. Raises `KeyError` for one that isn't emulated."""
    entry = _document()[token]
    properties = {**entry["inputs"], **entry["outputs"]}
    return Resource(entry["inputs"], frozenset(entry["required"]), properties, entry["said"])


@functools.cache
def _unemulated() -> dict[str, frozenset[str]]:
    lines = (line.partition("#")[0].split() for line in UNEMULATED.read_text().splitlines())
    return {words[0]: frozenset(words[1:]) for words in lines if words}


def unemulated(token: str) -> frozenset[str]:
    """The inputs of a type that no call of the plugin takes (`unemulated.txt`)."""
    return _unemulated().get(token, frozenset())


def tokens() -> list[str]:
    """The tokens of all types in the file."""
    return list(_document())


def package() -> str:
    """The package schema that the engine asks for when `pulumi import` writes code, as JSON."""
    types: dict[str, Any] = {}
    resources: dict[str, Any] = {}
    for token in _document():
        found = of(token)
        resources[token] = {
            "inputProperties": {name: _spec(token, name, kind, types) for name, kind in found.inputs.items()},
            "requiredInputs": sorted(found.required),
            "properties": {name: _spec(token, name, kind, types) for name, kind in found.properties.items()},
        }
    language = {"python": {"compatibility": "tfbridge20", "moduleNameOverrides": _modules(resources)}}
    return json.dumps(
        {"name": "aws", "version": VERSION, "resources": resources, "types": types, "language": language},
        separators=(",", ":"),
    )


def _modules(resources: Mapping[str, Any]) -> dict[str, str]:
    modules = {token.split(":")[1] for token in resources}
    return {module: {"lambda": "lambda_"}.get(module.split("/")[0], module.split("/")[0]) for module in sorted(modules)}


def _spec(token: str, name: str, kind: Any, types: dict[str, Any]) -> dict[str, Any]:
    if isinstance(kind, dict):
        title = name[:1].upper() + name[1:]
        of_type = f"{token.rsplit('/', 1)[0]}/{token.rsplit(':', 1)[1]}{title}:{token.rsplit(':', 1)[1]}{title}"
        fields = {field: _spec(of_type, field, inner, types) for field, inner in kind.items()}
        types[of_type] = {"type": "object", "properties": fields}
        return {"$ref": f"#/types/{of_type}"}
    if isinstance(kind, list):
        inside = _spec(token, name, kind[1], types)
        return (
            {"type": "array", "items": inside}
            if kind[0] == "list"
            else {"type": "object", "additionalProperties": inside}
        )
    if kind in ("any", "asset", "archive"):
        return {"$ref": f"pulumi.json#/{kind.capitalize()}"}
    return {"type": kind}


# --- writing the file -------------------------------------------------------------------------------------------------


def describe(token: str) -> dict[str, Any]:
    """The properties of a type as the installed SDK declares them: inputs, required, outputs."""
    from pulumi._types import input_type_py_to_pulumi_names

    module, name = token.split(":")[1].split("/", maxsplit=1)[0], token.rsplit(":", 1)[1]
    package = importlib.import_module(f"pulumi_aws.{ {'lambda': 'lambda_'}.get(module, module) }")
    home = importlib.import_module(getattr(package, name).__module__)
    # where a nested type has the same name, the SDK calls the arguments InitArgs
    arguments = getattr(home, f"{name}InitArgs", None) or getattr(home, f"{name}Args")
    state = getattr(home, f"_{name}State")
    names = input_type_py_to_pulumi_names(arguments)
    signature = inspect.signature(arguments.__init__).parameters
    inputs = {wired: _kind(arguments, python, home) for python, wired in names.items()}
    outputs = {wired: _kind(state, python, home) for python, wired in input_type_py_to_pulumi_names(state).items()}
    return {
        "inputs": inputs,
        "required": sorted(
            wired for python, wired in names.items() if signature[python].default is inspect.Parameter.empty
        ),
        "outputs": {name: kind for name, kind in outputs.items() if name not in inputs},
        "said": {wired: said for python, wired in names.items() if (said := _said(arguments, python, names))},
    }


_BRIDGED = {"filename": "code"}
"""Properties that the descriptions call as Terraform does, and that the SDK has under another name."""


def _said(cls: type, python: str, names: Mapping[str, str]) -> dict[str, Any]:
    said = docstrings.read(getattr(cls, python).fget.__doc__ or "")
    conflicts = [names.get(_BRIDGED.get(each, each)) or names[f"{each}s"] for each in said.conflicts]
    found = {"default": said.default, "values": list(said.values), "conflicts": conflicts, "forces": said.forces}
    return {name: value for name, value in found.items() if value or (name == "default" and value is not None)}


def _kind(cls: type, python: str, home: Any) -> Any:
    import pulumi

    getter = getattr(cls, python).fget
    hint = getter.__annotations__["return"]
    return _of_hint(hint, home, pulumi)


def _of_hint(hint: Any, home: Any, pulumi: Any) -> Any:  # noqa: PLR0911 - one answer for each form of a hint
    if isinstance(hint, typing.ForwardRef):
        hint = hint.__forward_arg__
    if isinstance(hint, str):
        return _of_class(getattr(home, hint, None)) if not hint.startswith("Output") else None
    plain = {str: "string", bool: "boolean", int: "integer", float: "number"}.get(hint)
    if plain:
        return plain
    if hint in (pulumi.Archive, pulumi.Asset):
        return hint.__name__.lower()
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Union:
        found = [kind for part in arguments if (kind := _of_hint(part, home, pulumi)) not in (None, "any")]
        return found[0] if found else "any"
    if origin is not None and arguments and issubclass(origin, typing.Sequence):
        return ["list", _of_hint(arguments[0], home, pulumi) or "any"]
    if origin is not None and arguments and issubclass(origin, typing.Mapping):
        return ["map", _of_hint(arguments[-1], home, pulumi) or "any"]
    return None


def _of_class(cls: Any) -> Any:
    if cls is None or not isinstance(cls, type):
        return "any"
    if issubclass(cls, str):
        return "string"
    from pulumi._types import input_type_py_to_pulumi_names, is_input_type

    if not is_input_type(cls):
        return "any"
    home = importlib.import_module(cls.__module__)
    return {wired: _kind(cls, python, home) for python, wired in input_type_py_to_pulumi_names(cls).items()}


def main() -> None:
    """Write `schema.json` for all types of the table."""
    from sandbox.providers.aws import types

    lines = [
        f"{json.dumps(kind.token)}: {json.dumps(describe(kind.token), sort_keys=True)}" for kind in types.everything()
    ]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
