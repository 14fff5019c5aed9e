"""The reviewed tables of resource types, read when the first type is asked for: data, no code of the SDKs.

``aws.txt``, ``kubernetes.txt`` and ``other.txt`` say what of each type is lost by a delete; ``identity.txt`` says under
which input a store has its physical name, and which inputs a provider replaces it for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).resolve().parent
NOTHING = "-"
"""The kind of a type that holds nothing."""


class Identity(NamedTuple):
    """What makes a resource the one that it is."""

    name: str
    """The input (a path with dots) that is its physical name."""
    forced: tuple[str, ...]
    """The inputs whose change makes the provider replace it."""


@cache
def rows(table: str) -> Mapping[str, str]:
    """``group/Type`` -> kind, of the table with this name. Raises ``ValueError`` for a type in two rows."""
    found: dict[str, str] = {}
    for group, kind, *types in _words(table):
        for type_ in types:
            if found.setdefault(f"{group}/{type_}", kind) != kind:
                raise ValueError(f"{table}.txt: {group}/{type_} is of two kinds")
    return found


@cache
def identities() -> Mapping[str, Identity]:
    """``group/Type`` -> what makes it the one that it is."""
    return {type_: Identity(name, tuple(forced)) for type_, name, *forced in _words("identity")}


def key(token: str) -> tuple[str, str]:
    """The table and the row of a type token: ``aws:dynamodb/table:Table`` is ``dynamodb/Table`` in ``aws``."""
    package, _, rest = token.partition(":")
    module, _, name = rest.rpartition(":")
    group = module.partition("/")[0]
    return (package, f"{group}/{name}") if package in ("aws", "kubernetes") else ("other", f"{package}:{group}/{name}")


def classify(token: str) -> str | None:
    """A type's kind by its token; ``NOTHING`` for one that holds nothing, None for one that nobody has reviewed."""
    if token.startswith("pulumi:providers:"):
        return NOTHING
    table, row = key(token)
    kind = rows(table).get(row)
    if kind is None and table == "kubernetes":
        if row.endswith("List"):
            return rows(table).get(row.removesuffix("List"))
        if row.endswith("Patch") and row.removesuffix("Patch") in rows(table):
            return NOTHING
    return kind


def _words(table: str) -> Iterator[list[str]]:
    lines = (FOLDER / f"{table}.txt").read_text(encoding="utf-8").splitlines()
    return (words for line in lines if (words := line.partition("#")[0].split()))
