"""Whom a resource's policy lets in: somebody named, or anyone.

Sources: S3 User Guide, "The meaning of 'public'"; IAM User Guide, "Principal", "Policy evaluation logic" and
"Findings for external and public access".
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from policies.conditions import conditioned, excepts_named, fixed_arn
from policies.documents import ALLOW, DENY, Statement, actions, principals, statements, wild
from policies.subject import items


def open_statements(document: object) -> Iterator[Statement]:
    """The statements of a document that let anyone in, and that no other statement takes back."""
    refusals = [each for each in statements(document, DENY) if about_anyone(each) and _refuses_strangers(each)]
    for statement in statements(document, ALLOW):
        taken_back = any(_covers(refusal, statement) for refusal in refusals)
        if about_anyone(statement) and not conditioned(statement) and not taken_back:
            yield statement


def about_anyone(statement: Statement) -> bool:
    """Whether a statement is about anyone: by ``*``, by all but some, or by a wildcard for accounts or services."""
    return any(is_anyone(name) for _, name in principals(statement))


def is_anyone(name: str) -> bool:
    """Whether a principal's name stands for principals of any account."""
    return name.strip() == "*" or (wild(name) and "${" not in name and not fixed_arn(name))


def _refuses_strangers(refusal: Statement) -> bool:
    return "NotPrincipal" not in refusal and (not refusal.get("Condition") or excepts_named(refusal))


def _covers(refusal: Statement, statement: Statement) -> bool:
    """Whether a refusal is about all that a statement allows."""
    if "NotAction" in refusal or "NotResource" in refusal or "NotAction" in statement or "NotResource" in statement:
        return False
    pairs = (
        ([each.lower() for each in actions(statement)], [each.lower() for each in actions(refusal)]),
        (_resources(statement), _resources(refusal)),
    )
    return all(all(any(fnmatchcase(each, by) for by in refused) for each in given) for given, refused in pairs)


def _resources(statement: Statement) -> list[str]:
    """Where a document names no resource, it is about the one that it belongs to."""
    return [str(each) for each in items(statement.get("Resource"))] or ["*"]
