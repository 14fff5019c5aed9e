"""IAM documents as the policies read them (IAM User Guide, "JSON policy elements")."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.subject import UNKNOWN, dig, items


def parsed(document: object) -> Any:
    """A document given as JSON text or as an object; ``UNKNOWN`` where it is unknown, None where it is none."""
    if document is UNKNOWN or document is None or isinstance(document, Mapping):
        return document
    try:
        found = json.loads(str(document))
    except ValueError:
        return None
    return found if isinstance(found, Mapping) else None


def allowed(document: object) -> Iterator[Mapping[str, Any]]:
    """The statements of a document that allow something."""
    for statement in items(dig(parsed(document), "Statement")):
        if isinstance(statement, Mapping) and str(statement.get("Effect", "Allow")).lower() == "allow":
            yield statement


def principals(statement: Mapping[str, Any]) -> Iterator[str]:
    """Who a statement is about; ``*`` is anyone."""
    if "NotPrincipal" in statement:
        yield "*"
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        for names in principal.values():
            yield from (str(name) for name in items(names))
    else:
        yield from (str(name) for name in items(principal))


SOURCES = ("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:principalorgid", "aws:sourcevpce")
"""Condition keys that say where a request comes from."""
HOLDS_WITHOUT_THE_KEY = ("not", "null", "ifexists", "forallvalues")
"""Parts of operators that are true for a request which doesn't bear the key at all."""
ANY_VALUE = re.compile(r"(arn)?:?(aws[a-z-]*)?[:*?]*")


def conditioned(statement: Mapping[str, Any]) -> bool:
    """Whether a statement holds only for requests from a named source."""
    conditions = statement.get("Condition")
    for operator, keys in conditions.items() if isinstance(conditions, Mapping) else ():
        if not isinstance(keys, Mapping) or any(part in str(operator).lower() for part in HOLDS_WITHOUT_THE_KEY):
            continue
        for key, values in keys.items():
            named = [str(value) for value in items(values)]
            if str(key).lower() in SOURCES and named and not any(map(ANY_VALUE.fullmatch, named)):
                return True
    return False
