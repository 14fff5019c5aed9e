"""The URNs that a resource may have had before, by its own aliases and by those of what it lies in.

The engine puts them together only after a resource was sent to it, which is too late to refuse. Source: Pulumi
documentation, "Resource options: aliases"; a child whose name begins with its parent's is taken to have followed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pulumi

ROOT = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Address:
    """The part of a URN that a program decides about."""

    types: tuple[str, ...]
    """The types from the topmost component down to the resource's own."""
    name: str
    project: str | None = None
    stack: str | None = None
    """None: those of this program."""

    @property
    def urn(self) -> str:
        """The URN that the engine gives it (Pulumi documentation, "Resource names: URNs")."""
        stack, project = self.stack or pulumi.get_stack(), self.project or pulumi.get_project()
        return f"urn:pulumi:{stack}::{project}::{'$'.join(self.types)}::{self.name}"


def parse(urn: str) -> Address | None:
    """The address in a URN; None where it isn't one."""
    parts = urn.split("::", 3)
    if len(parts) != 4 or not parts[0].startswith("urn:pulumi:"):
        return None
    types = tuple(kind for kind in parts[2].split("$") if kind != ROOT)
    return Address(types, parts[3], parts[1], parts[0].removeprefix("urn:pulumi:"))


def former(
    token: str,
    name: str,
    aliases: Iterable[object],
    parent: Address | None,
    parents: Iterable[Address],
    address_of: dict[pulumi.Resource, Address],
) -> frozenset[Address]:
    """The addresses that a resource may have had; what is known only later is left out.

    ``parent``: what it lies in now; ``parents``: what that was called before; ``address_of``: of what was declared.
    """
    earlier = list(parents)
    found: set[Address] = set()
    for own in (None, *aliases):
        if isinstance(own, str):
            found |= {address for address in [parse(own)] if address is not None}
        elif own is None:
            found |= {_inherited(token, name, parent, before) for before in earlier}
        elif isinstance(own, pulumi.Alias):
            found |= set(_of_alias(own, token, name, parent, earlier, address_of))
    return frozenset(found)


def _inherited(token: str, name: str, parent: Address | None, before: Address | None) -> Address:
    if before is None:
        return Address((token,), name)
    if parent is not None and name.startswith(parent.name):
        name = before.name + name.removeprefix(parent.name)
    return Address((*before.types, token), name, before.project, before.stack)


def _of_alias(
    alias: pulumi.Alias,
    token: str,
    name: str,
    parent: Address | None,
    earlier: list[Address],
    address_of: dict[pulumi.Resource, Address],
) -> Iterator[Address]:
    kind = alias.type_ if isinstance(alias.type_, str) else token
    chosen = alias.name if isinstance(alias.name, str) else name
    own_name = isinstance(alias.name, str)
    above: list[Address | None]
    unnamed: object = ...  # how the SDK says that an alias names no parent
    if alias.parent is unnamed:
        above = [parent, *earlier]
    elif isinstance(alias.parent, pulumi.Resource):
        above = [address_of[alias.parent]] if alias.parent in address_of else []
    elif isinstance(alias.parent, str):
        found = parse(alias.parent)
        above = [found if found is not None and found.types else None]
    else:
        above = [None]
    for each in above:
        types = (*each.types, kind) if each else (kind,)
        followed = _inherited(kind, chosen, parent, each).name if each is not None and not own_name else chosen
        yield Address(
            types,
            followed,
            alias.project if isinstance(alias.project, str) else None,
            alias.stack if isinstance(alias.stack, str) else None,
        )
