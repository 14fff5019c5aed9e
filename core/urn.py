"""URNs: how the engine names a resource (Pulumi documentation, "Uniform Resource Names").

``urn:pulumi:STACK::PROJECT::PARENT$...$TYPE::NAME``: the types of what a resource lies in stand before its own. A name
may hold ``::`` itself, so the engine splits at the first three (sdk/go/common/resource/urn).
"""

from __future__ import annotations

PARTS = 4
PREFIX = "urn:pulumi:"


def stack_of(urn: str) -> str:
    """The stack that a resource belongs to; empty for what is no URN."""
    head = urn.partition("::")[0]
    return head.removeprefix(PREFIX) if head.startswith(PREFIX) else ""


def name_of(urn: str) -> str:
    """The name that the program gave a resource; what is no URN, such as a name, is its own."""
    parts = _parts(urn)
    return parts[3] if parts else urn


def types_of(urn: str) -> str:
    """The type tokens of what a resource lies in, and its own, with ``$`` between them; empty for what is no URN."""
    parts = _parts(urn)
    return parts[2] if parts else ""


def type_of(urn: str) -> str:
    """A resource's own type token; empty for what is no URN."""
    return types_of(urn).rpartition("$")[2]


def provider_urn(reference: object) -> str:
    """The URN of a provider in a resource's reference to it, ``URN::ID``; empty where it has none."""
    return str(reference or "").rpartition("::")[0]


def _parts(urn: str) -> list[str]:
    parts = urn.split("::", PARTS - 1)
    return parts if len(parts) == PARTS else []
