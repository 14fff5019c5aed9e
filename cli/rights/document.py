"""IAM policy documents out of the tables of rights: least privilege by the stack's own names, within IAM's limits.

IAM user guide, "IAM and AWS STS quotas": a managed policy has at most 6,144 characters, blanks not counted, and a role
takes ten of them unless its quota was raised.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cli.rights.aws_types import AWS_TYPES, PROGRAM, PROVIDER
from cli.rights.commands import STEPS
from cli.rights.model import Grant, Place
from policies.authorization import has_resources

LIMIT = 6_144
"""Characters of a managed policy."""
ATTACHED = 10
"""Managed policies that a role takes."""
VERSION = "2012-10-17"
Conditions = Mapping[str, Mapping[str, str | tuple[str, ...]]]


def update() -> tuple[Grant, ...]:
    """What an update needs of every declared type, and the program besides."""
    return (*PROVIDER, *PROGRAM, *(grant for rights in AWS_TYPES.values() for grant in rights.grants))


def steps() -> dict[str, tuple[Grant, ...]]:
    """Every step -> what it needs: the update first, then those of `rollback` itself."""
    return {"update": update(), **STEPS}


def narrowed(grant: Grant) -> Iterable[Grant]:
    """A grant, with what has no narrower resource on ``*``: the Service Authorization Reference decides that."""
    narrow = [word for word in grant.words if has_resources(word)]
    wide = [word for word in grant.words if word not in narrow]
    if narrow:
        yield Grant(" ".join(narrow), grant.on, grant.only_if)
    if wide:
        yield Grant(" ".join(wide), ("*",), grant.only_if)


def documents(grants: Iterable[Grant], place: Place) -> list[dict[str, Any]]:
    """Policy documents that together allow the grants, each within the limit of a managed policy.

    Actions that are allowed on the same resources share a statement. Raises ``ValueError`` where one statement alone is
    over the limit, which the tables don't reach.
    """
    found: list[list[dict[str, Any]]] = [[]]
    for statement in sorted(_statements(grants, place), key=lambda each: -size({"Statement": [each]})):
        if size(_document([statement])) > LIMIT:
            raise ValueError(f"one statement has over {LIMIT} characters: {statement['Action'][0]} …")
        home = next((each for each in found if size(_document([*each, statement])) <= LIMIT), None)
        if home is None:
            found.append(home := [])
        home.append(statement)
    return [_document(each) for each in found if each]


def size(document: Mapping[str, Any]) -> int:
    """The characters that IAM counts: none of the blanks."""
    return len("".join(json.dumps(document).split()))


def _document(statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"Version": VERSION, "Statement": list(statements)}


def _statements(grants: Iterable[Grant], place: Place) -> list[dict[str, Any]]:
    """One statement for each set of resources and condition, every action in it once.

    Actions are gathered by pattern first, so that a pattern which several grants name isn't repeated.
    """
    by_pattern: dict[tuple[str, str], set[str]] = {}
    for grant in grants:
        for each in narrowed(grant):
            condition = json.dumps(each.only_if, sort_keys=True)
            for pattern in each.on:
                by_pattern.setdefault((place.arn(pattern), condition), set()).update(each.words)
    by_actions: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for (arn, condition), words in by_pattern.items():
        by_actions.setdefault((tuple(sorted(words)), condition), []).append(arn)
    return [_statement(words, arns, json.loads(condition)) for (words, condition), arns in sorted(by_actions.items())]


def _statement(words: Sequence[str], arns: Sequence[str], condition: Conditions) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(words), "Resource": sorted(arns)}
    return {**statement, "Condition": condition} if condition else statement
