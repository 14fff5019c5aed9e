"""What code imports and won't find where it runs."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping

from apps.errors import ArtifactError
from apps.tree import Files

RUNTIME = frozenset({"boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six"})
"""What Lambda's Python runtime brings beside the standard library: the SDK and what it stands on (AWS Lambda Developer
Guide, "Runtime-included SDK versions")."""


def lacking(own: Files, brought: Files, start: str | None = None) -> tuple[str, ...]:
    """The packages that own modules import and that neither Python, Lambda's runtime nor the files bring, sorted.

    own: what was written here; what it imports is looked at. brought: everything on the path beside it, its own
    modules included. start: the module that is run, without which every module may be; then only what is reached from
    there counts, since a package that functions share has modules that some of them never load.

    Raises:
        ArtifactError: a module isn't Python.
    """
    there = {name.partition("/")[0].partition(".")[0] for name in brought}
    modules = {_dotted(path): path for path in own if path.endswith(".py")}
    reached = set(modules) if start is None else set(_reached(start, modules, own))
    wanted = {
        name.partition(".")[0]
        for module in reached
        for name in _imported(module, modules[module], own[modules[module]])
    }
    return tuple(sorted(wanted - there - RUNTIME - sys.stdlib_module_names))


def _dotted(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _reached(start: str, modules: Mapping[str, str], own: Files) -> Iterator[str]:
    """The own modules that importing ``start`` may load, packages around them included."""
    waiting, seen = [start], set[str]()
    while waiting:
        parts = waiting.pop().split(".")
        for name in (".".join(parts[:length]) for length in range(1, len(parts) + 1)):
            if name in modules and name not in seen:
                seen.add(name)
                waiting += _imported(name, modules[name], own[modules[name]])
                yield name


def _imported(name: str, path: str, text: bytes) -> Iterator[str]:
    """Every module that one names, with dots; of ``from a import b`` both ``a`` and ``a.b``, which may be one."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise ArtifactError(f"{path} isn't Python: {error}") from None
    package = name if path.endswith("__init__.py") else name.rpartition(".")[0]
    skipped = {id(node) for branch in ast.walk(module) for node in _for_types_only(branch)}
    for node in ast.walk(module):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(node, package)
            yield from (
                (origin, *(f"{origin}.{alias.name}" for alias in node.names))
                if origin
                else (alias.name for alias in node.names)
            )


def _origin(node: ast.ImportFrom, package: str) -> str:
    """The module that an import takes names from; empty for ``from . import x`` beside the handler."""
    if not node.level:
        return node.module or ""
    above = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join(each for each in (*above, node.module) if each)


def _for_types_only(node: ast.AST) -> Iterator[ast.AST]:
    """What stands under ``if TYPE_CHECKING:`` is never run."""
    if isinstance(node, ast.If) and ast.unparse(node.test).rpartition(".")[2] == "TYPE_CHECKING":
        yield from (inner for statement in node.body for inner in ast.walk(statement))
