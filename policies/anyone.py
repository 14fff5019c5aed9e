"""Whom a resource's policy lets in: somebody named, or anyone.

Sources: S3 User Guide, "The meaning of 'public'"; IAM User Guide, "Principal", "Policy evaluation logic" and
"Findings for external and public access".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from policies.conditions import conditioned, excepts_named, fixed_arn
from policies.documents import ALLOW, DENY, Statement, actions, named, principals, statements, wild
from policies.subject import items


def open_statements(document: object) -> Iterator[Statement]:
    """The statements of a document that let anyone in, and that no other statement takes back."""
    refused = refusals(document)
    for statement in statements(document, ALLOW):
        if about_anyone(statement) and not conditioned(statement) and not taken_back(statement, refused):
            yield statement


def refusals(document: object) -> list[Statement]:
    """The statements of a document that refuse everybody who isn't named."""
    return [each for each in statements(document, DENY) if about_anyone(each) and _refuses_strangers(each)]


def taken_back(statement: Statement, refused: list[Statement]) -> bool:
    """Whether one refusal is about all that a statement allows."""
    return any(_covers(refusal, statement) for refusal in refused)


def about_anyone(statement: Statement) -> bool:
    """Whether a statement is about anyone: by ``*``, by all but some, or by a wildcard for accounts or services."""
    return any(is_anyone(name) for _, name in principals(statement))


def is_anyone(name: str) -> bool:
    """Whether a principal's name stands for principals of any account."""
    return name.strip() == "*" or (wild(name) and "${" not in name and not fixed_arn(name))


def _refuses_strangers(refusal: Statement) -> bool:
    if "NotPrincipal" in refusal:  # meets everybody but those; another condition may let strangers off as well
        return not refusal.get("Condition") and not any(is_anyone(name) for _, name in named(refusal["NotPrincipal"]))
    return not refusal.get("Condition") or excepts_named(refusal)


def _covers(refusal: Statement, statement: Statement) -> bool:
    """Whether a refusal is about all that a statement allows: its actions and its resources."""
    return all(_all_meet(refusal, kind, _patterns(statement, kind)) for kind in ("Action", "Resource"))


def _patterns(statement: Statement, kind: str) -> list[str]:
    """What a statement is about: anything, where it says what it isn't about, or where it names no resource."""
    if kind == "Action":
        return [each.lower() for each in actions(statement)] if "Action" in statement else ["*"]
    return [str(each) for each in items(statement.get("Resource"))] or ["*"]


def _all_meet(refusal: Statement, kind: str, given: list[str]) -> bool:
    if f"Not{kind}" not in refusal:
        return all(any(fnmatchcase(each, by) for by in _patterns(refusal, kind)) for each in given)
    excepted = [str(each) for each in items(refusal[f"Not{kind}"])]
    excepted = [each.lower() for each in excepted] if kind == "Action" else excepted
    return not any(_overlap(each, other) for each in given for other in excepted)


def _overlap(one: str, other: str) -> bool:
    """Whether two patterns may mean the same: where both have wildcards, as far as their beginnings agree."""
    if wild(one) and wild(other):
        ours, theirs = (re.split(r"[*?]|\$\{", each, maxsplit=1)[0] for each in (one, other))
        return ours.startswith(theirs) or theirs.startswith(ours)
    return fnmatchcase(one, other) or fnmatchcase(other, one)
