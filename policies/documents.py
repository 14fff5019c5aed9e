"""IAM documents as the policies read them (IAM User Guide, "JSON policy elements")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.subject import UNKNOWN, items
from policies.values import decoded

Statement = Mapping[str, Any]
"""The elements of a statement, by their names as the documentation spells them."""

ELEMENTS = {
    name.lower(): name
    for name in (
        "Statement",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    )
}
ALLOW, DENY = "allow", "deny"


def parsed(document: object) -> Any:
    """A document given as JSON text or as an object; ``UNKNOWN`` where it is unknown, None where it is none."""
    if document is UNKNOWN or document is None or isinstance(document, Mapping):
        return document
    found = decoded(str(document))
    return found if isinstance(found, Mapping) else None


def statements(document: object, effect: str) -> Iterator[Statement]:
    """The statements of a document that have an effect (``ALLOW``, ``DENY``); a lone statement needs no list."""
    body = parsed(document)
    for each in items(_spelled(body).get("Statement")) if isinstance(body, Mapping) else ():
        if isinstance(each, Mapping):
            statement = _spelled(each)
            if str(statement.get("Effect", ALLOW)).lower() == effect:
                yield statement


def allowed(document: object) -> Iterator[Statement]:
    """The statements of a document that allow something."""
    return statements(document, ALLOW)


def actions(statement: Statement) -> list[str]:
    """What a statement names under Action."""
    return [str(each) for each in items(statement.get("Action"))]


def principals(statement: Statement) -> Iterator[tuple[str, str]]:
    """Who a statement is about, as kind and name: ``("AWS", "*")``; anyone where all but some are meant."""
    if "NotPrincipal" in statement:
        yield "AWS", "*"
    yield from named(statement.get("Principal"))


def named(principal: object) -> Iterator[tuple[str, str]]:
    """Whom an element Principal or NotPrincipal names, as kind and name."""
    if isinstance(principal, Mapping):
        for kind, names in principal.items():
            yield from ((str(kind), str(name)) for name in items(names))
    else:
        yield from (("AWS", str(name)) for name in items(principal))


def wild(text: str) -> bool:
    """Whether a text has a wildcard or a policy variable, so that it is no fixed value."""
    return any(sign in text for sign in ("*", "?", "${"))


def _spelled(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {ELEMENTS.get(str(key).lower(), str(key)): value for key, value in mapping.items()}
