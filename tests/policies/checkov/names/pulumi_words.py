"""Pulumi's words: names and shapes of every input of its AWS SDK, read from the SDK's source without importing it."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

TOKEN = re.compile(r"\"(aws:[a-z0-9]+/\w+:[A-Z]\w*)\"")
ARGUMENTS = re.compile(r"'(?:(?:\w+\.)*)(\w+)Args'")
MANY, MAP = "Sequence[", "Mapping["
NO_RESOURCE = re.compile(r"^(get_|_|outputs\.py)")


@dataclass(frozen=True)
class Property:
    """One input."""

    name: str
    many: bool
    map: bool
    parts: str | None
    """The class of its objects; looked up in the same module."""


Properties = dict[str, Property]
"""Inputs by name."""


@dataclass(frozen=True)
class Module:
    """A folder of the SDK, such as ``s3``."""

    resources: dict[str, Properties]
    """Token -> its inputs. A resource and an object within another one may have the same class name."""
    classes: dict[str, Properties]
    """Class of objects -> their inputs."""


def read() -> dict[str, Module]:
    """Every module of the installed pulumi_aws."""
    found = importlib.util.find_spec("pulumi_aws")
    assert found is not None
    assert found.submodule_search_locations
    home = Path(next(iter(found.submodule_search_locations)))
    folders = sorted(each.parent for each in home.glob("*/__init__.py") if each.parent.name != "config")
    with ProcessPoolExecutor(2) as workers:
        return dict(zip((each.name for each in folders), workers.map(module, folders), strict=True))


def folder(module: str) -> str:
    """The folder of a token's module: the one name that Python keeps for itself has an underscore."""
    return f"{module}_" if module == "lambda" else module


def module(folder: Path) -> Module:
    """One folder: resources in a file each, the objects they hold in ``_inputs.py``."""
    inner = folder / "_inputs.py"
    classes = dict(_classes(inner.read_text())) if inner.exists() else {}
    resources: dict[str, Properties] = {}
    for path in sorted(folder.glob("*.py")):
        if not NO_RESOURCE.match(path.name):
            text = path.read_text()
            name = re.search(r"^class (\w+)\(pulumi\.CustomResource\)", text, re.MULTILINE)
            token = re.search(r"super\(\w+, __self__\)\.__init__\(\s*['\"](aws:[^'\"]+)['\"]", text)
            if name and token:
                found = dict(_classes(text))
                # Named so where an object has the resource's name.
                resources[token[1]] = found.get(name[1]) or found.get(f"{name[1]}Init", {})
    return Module(resources, classes)


def _classes(text: str) -> Iterator[tuple[str, Properties]]:
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and node.name.endswith("Args"):
            yield node.name.removesuffix("Args"), {each.name: each for each in _properties(node)}


def _properties(node: ast.ClassDef) -> Iterator[Property]:
    for method in node.body:
        if not isinstance(method, ast.FunctionDef) or method.returns is None:
            continue
        kind = ast.unparse(method.returns)
        parts = ARGUMENTS.search(kind)
        yield Property(_name(method), MANY in kind, MAP in kind, parts[1] if parts else None)


def _name(method: ast.FunctionDef) -> str:
    """As the engine knows it: ``@pulumi.getter(name="kmsKeyId")``, or the Python name where the two are the same."""
    for each in method.decorator_list:
        if isinstance(each, ast.Call):
            for keyword in each.keywords:
                if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                    return str(keyword.value.value)
    return method.name
