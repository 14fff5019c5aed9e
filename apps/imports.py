"""What code imports and won't find where it runs."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from apps.errors import ArtifactError
from apps.tree import Files

RUNTIME = frozenset({"boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six"})
"""What Lambda's Python runtime brings beside the standard library: the SDK and what it stands on (AWS Lambda Developer
Guide, "Runtime-included SDK versions")."""


def lacking(own: Files, brought: Files) -> tuple[str, ...]:
    """The packages that the own modules import and that neither Python, Lambda's runtime nor the files bring, sorted.

    own: what was written here; what it imports is looked at. brought: everything on the path beside it, its own
    modules included.

    Raises:
        ArtifactError: a module isn't Python.
    """
    there = {name.partition("/")[0].partition(".")[0] for name in brought}
    wanted = {name for path, text in own.items() if path.endswith(".py") for name in _imported(path, text)}
    return tuple(sorted(wanted - there - RUNTIME - sys.stdlib_module_names))


def _imported(path: str, text: bytes) -> Iterator[str]:
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise ArtifactError(f"{path} isn't Python: {error}") from None
    skipped = {id(node) for branch in ast.walk(module) for node in _for_types_only(branch)}
    for node in ast.walk(module):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _for_types_only(node: ast.AST) -> Iterator[ast.AST]:
    """What stands under ``if TYPE_CHECKING:`` is never run."""
    if isinstance(node, ast.If) and ast.unparse(node.test).rpartition(".")[2] == "TYPE_CHECKING":
        yield from (inner for statement in node.body for inner in ast.walk(statement))
