"""A verdict is the same however a value is spelled: every case of the tables, once more in each other spelling."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY

from policies.wire import properties
from tests.policies.case_files import Case, read
from tests.policies.requests import struct

CASES = list(read(Path(__file__).parent / "tables" / "access"))
LISTS = ("Action", "NotAction", "NotResource", "Resource", "Statement", "AWS", "Service")
ELSEWHERE = {"Effect": "Deny", "Principal": "*", "Action": "sts:GetFederationToken", "Resource": "*"}
NAMED = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:GetCallerIdentity", "Resource": "*"}

Change = Callable[[Any], Any]


def leaves(change: Change) -> Change:
    """The change of a value by that of everything in it that is neither a list nor a mapping."""

    def changed(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: changed(each) for key, each in value.items()}
        return [changed(each) for each in value] if isinstance(value, list) else change(value)

    return changed


def documents(change: Change) -> Change:
    """The change of a value by that of every IAM document in it, as text or as an object."""

    def changed(value: Any) -> Any:
        if isinstance(value, Mapping):
            return change(value) if "Statement" in value else {key: changed(each) for key, each in value.items()}
        if isinstance(value, list):
            return [changed(each) for each in value]
        return json.dumps(change(json.loads(value))) if is_document(value) else value

    return changed


def is_document(value: Any) -> bool:
    if not (isinstance(value, str) and value.lstrip().startswith("{")):
        return False
    try:
        return "Statement" in json.loads(value)
    except ValueError:
        return False


def statements(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Change:
    """The change of a value by that of every statement of a document in it."""

    def changed(document: Any) -> Any:
        given = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
        return {**document, "Statement": [change(each) if isinstance(each, dict) else each for each in given]}

    return documents(changed)


def elements(names: tuple[str, ...], change: Change) -> Change:
    return statements(lambda each: {key: change(value) if key in names else value for key, value in each.items()})


def keys(change: Callable[[str], str]) -> Change:
    """Every key of a mapping and of those in it."""

    def changed(value: Any) -> Any:
        return {change(key): changed(each) for key, each in value.items()} if isinstance(value, dict) else value

    return changed


def lone(value: Any) -> Any:
    """A list of one item as the item."""
    if isinstance(value, Mapping):
        return {key: lone(each) for key, each in value.items()}
    if isinstance(value, list):
        return lone(value[0]) if len(value) == 1 else [lone(each) for each in value]
    return value


def listed(value: Any) -> Any:
    """An item as a list of one, where IAM takes both."""
    if isinstance(value, Mapping):
        listing = {key: [each] if key in LISTS and not isinstance(each, list) else each for key, each in value.items()}
        return {key: listed(each) for key, each in listing.items()}
    return [listed(each) for each in value] if isinstance(value, list) else value


def beside(*others: Mapping[str, Any]) -> Change:
    """Other statements before those of a document, which change nothing about them."""
    return documents(
        lambda each: {**each, "Statement": [*others, *listed({"Statement": each["Statement"]})["Statement"]]}
    )


def secret(value: Any) -> Any:
    """A value as a secret, and everything in it too."""
    if isinstance(value, Mapping):
        value = {key: secret(each) for key, each in value.items()}
    elif isinstance(value, list):
        value = [secret(each) for each in value]
    return {SPECIAL_SIG_KEY: SPECIAL_SECRET_SIG, "value": value}


def number(change: Callable[[int | float], Any]) -> Change:
    return leaves(lambda each: change(each) if isinstance(each, int | float) and not isinstance(each, bool) else each)


SPELLINGS: Mapping[str, Change] = {
    "truth as text": leaves(lambda each: str(each) if isinstance(each, bool) else each),
    "numbers as text": number(str),
    "numbers as floats": number(float),
    "another partition": leaves(
        lambda each: each.replace("arn:aws:", "arn:aws-us-gov:") if isinstance(each, str) else each
    ),
    "documents as objects": leaves(lambda each: json.loads(each) if is_document(each) else each),
    "documents over many lines": leaves(
        lambda each: json.dumps(json.loads(each), indent=2) if is_document(each) else each
    ),
    "items for lists": lone,
    "items for lists in documents": documents(lone),
    "lists for items in documents": documents(listed),
    "actions in upper case": elements(("Action", "NotAction"), leaves(lambda each: str(each).upper())),
    "actions in lower case": elements(("Action", "NotAction"), leaves(lambda each: str(each).lower())),
    "conditions in upper case": elements(("Condition",), keys(str.upper)),
    "conditions in lower case": elements(("Condition",), keys(str.lower)),
    "everyone as an AWS principal": elements(("Principal",), lambda each: {"AWS": each} if each == "*" else each),
    "everyone among the named": elements(
        ("Principal",), lambda each: {"AWS": ["123456789012", "*"]} if each in ("*", {"AWS": "*"}) else each
    ),
    "other statements first": beside(NAMED, ELSEWHERE),
}


def wrong(change: Change) -> Iterator[tuple[str, str]]:
    """The cases about which another spelling changes the verdict."""
    for case in CASES:
        resources = tuple(replace(each, given=change(dict(each.given))) for each in case.resources)
        if bool(replace(case, resources=resources).texts) is not case.found:
            yield case.policy, case.name


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_another_spelling_changes_no_verdict(spelling: str) -> None:
    assert list(wrong(SPELLINGS[spelling])) == []


def as_sent(case: Case, wrap: Change) -> Case:
    sent = [replace(each, given=struct(wrap(each.given)), read=properties) for each in case.resources]
    return replace(case, resources=tuple(sent))


@pytest.mark.parametrize("wrap", [dict, lambda given: {key: secret(each) for key, each in given.items()}])
def test_what_the_engine_sends_is_judged_alike_secret_or_not(wrap: Change) -> None:
    assert [case.name for case in CASES if bool(as_sent(case, wrap).texts) is not case.found] == []


def test_every_spelling_is_one_that_the_cases_have() -> None:
    changed = {
        name: sum(repr(change(dict(each.given))) != repr(dict(each.given)) for case in CASES for each in case.resources)
        for name, change in SPELLINGS.items()
    }
    assert all(count > 10 for count in changed.values()), changed
