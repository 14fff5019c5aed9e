"""The sandbox's aws plugin beside the documents: what the SDK and CloudFormation say of each input, and what it does.

Sources: the installed SDK's classes (kinds, required inputs) and descriptions (defaults, values, conflicts,
replacements; `sandbox.providers.aws.docstrings` reads them), CloudFormation's schemas, whose create-only properties
no call of the service changes, and `READ`, what was read in the provider's own source. What a resource's name is made
of is for life without a document. What differs is explained in ``differences.yaml``.

    python -m tests.support.aws_documents       # writes sandbox/providers/aws/documented.txt
"""

from __future__ import annotations

import ast
import functools
import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from guard.types import key
from sandbox.providers.aws import schema, shapes, types
from sandbox.providers.aws.api import Api
from sandbox.providers.aws.model import Type
from tests.support.sdk_types import IN_PLACE, REVIEWED, create_only

TABLE = Path(schema.__file__).with_name("documented.txt")
EXPLANATIONS = Path(__file__).parents[1] / "sandbox" / "providers" / "aws" / "differences.yaml"

READ = {
    "apigateway/Integration": "type integrationHttpMethod credentials passthroughBehavior",
    "apigatewayv2/Integration": "integrationType integrationSubtype",
    "cloudwatch/LogGroup": "logGroupClass",
    "dynamodb/Table": "hashKey rangeKey localSecondaryIndexes restoreDateTime restoreSourceName restoreToLatestTime",
    "kms/Key": "customKeyStoreId customerMasterKeySpec keyUsage multiRegion xksKeyId",
    "lambda/EventSourceMapping": "queues selfManagedEventSource topics",
    "secretsmanager/SecretVersion": "secretId secretBinary secretString secretStringWoVersion",
    "ssm/Parameter": "dataType",
}
"""Inputs that the provider's source (terraform-provider-aws, which Pulumi's provider is built from) marks ForceNew."""
READ_IN_PLACE = {
    "apigateway/Integration": {"connectionType"},
    "apigateway/Resource": {"parentId", "pathPart"},
    "codedeploy/Application": {"name"},
    "lambda/Function": {"codeSigningConfigArn"},
    "rds/Instance": {"identifier", "performanceInsightsKmsKeyId"},
}
"""Inputs that the provider's source changes in place, whatever else says that they are for life."""

LIKE = {"replace", "unread", "computed", "ordered", "defaults", "required", "unchecked"}
"""Words of a row that say what a property is like; a property named there alone does nothing."""

HEADER = """\
# Written by `python -m tests.support.aws_documents`; a test compares. One line an input of each emulated type:
# ! required, ? optional; kind; what documents say (default, values, conflicts, whether a change replaces); behind |
# what the plugin does where that is something else. The reasons: tests/sandbox/providers/aws/differences.yaml.
"""


@dataclass(frozen=True, order=True)
class Difference:
    """One thing that documents and plugin say differently of an input."""

    input: str
    aspect: str
    documented: str
    plugin: str


@dataclass(frozen=True)
class Explanation:
    """Why some differences stay: which aspect, of which inputs, and the reason."""

    aspect: str
    inputs: tuple[str, ...]
    reason: str


def explanations() -> list[Explanation]:
    """The entries of ``differences.yaml``."""
    entries = yaml.safe_load(EXPLANATIONS.read_text())
    return [Explanation(entry["aspect"], tuple(entry["inputs"].split()), entry["reason"]) for entry in entries]


def differences() -> list[Difference]:
    """Every difference between the documents and the plugin, explained or not."""
    return [difference for kind in types.everything() for difference in _of_type(kind)]


def _of_type(kind: Type) -> Iterator[Difference]:
    for name in kind.inputs:
        documented, done = _documented(kind, name), _done(kind, name)
        for aspect, said in documented.items():
            if done[aspect] != said:
                yield Difference(f"{key(kind.token)[1]}.{name}", aspect, said, done[aspect])


def _documented(kind: Type, name: str) -> dict[str, str]:
    found = schema.of(kind.token)
    said = found.said.get(name, {})
    return {
        "required": _yes(name in found.required),
        "default": _text(said.get("default")),
        "values": " ".join(said.get("values", ())),
        "conflicts": " ".join(said.get("conflicts", ())),
        "replaces": _yes(name in _for_life(kind)),
        "emulated": "yes",
    }


def _done(kind: Type, name: str) -> dict[str, str]:
    said = schema.of(kind.token).said.get(name, {})
    default = kind.defaults.get(name)
    return {
        "required": _yes(name in (kind.required or schema.of(kind.token).required)),
        "default": _text(None if default is None else shapes.text_of(default)),
        "values": "" if name in kind.unchecked else " ".join(said.get("values", ())),
        "conflicts": "" if name in kind.unchecked else " ".join(said.get("conflicts", ())),
        "replaces": _yes(name in {*kind.replace, "region"}),
        "emulated": _yes(name in kind.unemulated or uses(kind, name)),
    }


def _for_life(kind: Type) -> set[str]:
    row, inputs = key(kind.token)[1], set(kind.inputs)
    described = {name for name, said in schema.of(kind.token).said.items() if said.get("forces")}
    prefixes = {f"{kind.autoname}Prefix", "namePrefix"}
    named = {*kind.key, *kind.carry, *kind.parents, *(prefixes if kind.autoname else ())}
    read = {*READ.get(row, "").split(), *REVIEWED.get(row, "").split()}
    found = {*described, *create_only(row, inputs), *named, *read, "region"} & inputs
    return found - IN_PLACE.get(row, set()) - READ_IN_PLACE.get(row, set()) - {"tags"}


def uses(kind: Type, name: str) -> bool:
    """Whether a call of the plugin takes the input, or a function in the file of its type names it."""
    named = {"region", *kind.key, *kind.parents, kind.autoname, f"{kind.autoname}Prefix", "namePrefix"}
    if name in named or any(name in part.keys for part in kind.parts):
        return True
    return name in _taken(kind) or name in _named(inspect.getfile(_table(kind)))


@functools.cache
def _api() -> Api:
    return Api("http://127.0.0.1:9", "us-east-1")


def _taken(kind: Type) -> frozenset[str]:
    return _taken_by(kind.token)


@functools.cache
def _taken_by(token: str) -> frozenset[str]:
    kind, api = types.find(token), _api()
    file = inspect.getfile(_table(kind))
    by_hand = _named(file) if ".parameters(scope" in Path(file).read_text() else frozenset()
    operations = {kind.create, *kind.update, *by_hand} & set(api.client(kind.service).meta.method_to_api_mapping)
    shapes_of = [api.shapes(kind.service, each)[0] for each in sorted(operations)]
    return frozenset(
        name for name in kind.inputs if any(shapes.member_of(shape, name, kind.rename) for shape in shapes_of)
    )


def _table(kind: Type) -> Any:
    """The module whose table has the type."""
    loaded = (module for name, module in sys.modules.items() if name.startswith(f"{types.__name__}."))
    return next(module for module in loaded if any(each is kind for each in module.TYPES))


@functools.cache
def _named(file: str) -> frozenset[str]:
    """The texts in a file of types, without those that only say what a property is like."""
    tree = ast.parse(Path(file).read_text())
    rows = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Type"]
    left_out = {
        id(inner) for row in rows for word in row.keywords if word.arg in LIKE for inner in ast.walk(word.value)
    }
    return frozenset(
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left_out
    )


def _yes(condition: object) -> str:
    return "yes" if condition else "no"


def _text(value: Any) -> str:
    return "-" if value is None else str(value)


def table() -> str:
    """The content of ``documented.txt``."""
    lines = [HEADER.rstrip()]
    for kind in types.everything():
        for name in kind.inputs:
            said, done = _documented(kind, name), _done(kind, name)
            shown = [_shown(said), *([f"| {_shown(done)}"] if done != said else [])]
            mark = "!" if said["required"] == "yes" else "?"
            lines.append(" ".join([f"{key(kind.token)[1]}.{name}", mark, _kind(kind.inputs[name]), *shown]).rstrip())
    return "\n".join(lines) + "\n"


def _shown(said: Mapping[str, str]) -> str:
    words = [f"default={said['default']}"] if said["default"] != "-" else []
    words += [f"{name}={said[name].replace(' ', ',')}" for name in ("values", "conflicts") if said[name]]
    words += ["replaces"] if said["replaces"] == "yes" else []
    return " ".join([*words, *(["unemulated"] if said["emulated"] == "no" else [])]) or "-"


def _kind(kind: Any) -> str:
    if isinstance(kind, list):
        return f"{kind[0]}[{_kind(kind[1])}]"
    return "{" + ",".join(sorted(kind)) + "}" if isinstance(kind, dict) else str(kind)


if __name__ == "__main__":
    TABLE.write_text(table())
