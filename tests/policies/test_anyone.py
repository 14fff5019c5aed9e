"""Whether a policy lets anyone in, held against IAM's own evaluation: of requests that strangers make."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from policies.anyone import open_statements
from policies.subject import items

Request = Mapping[str, str]

STRANGE: Mapping[str, tuple[str | None, ...]] = {
    "aws:SourceAccount": (None, "999999999999", "123400000000"),
    "aws:PrincipalOrgID": (None, "o-stranger01"),
    "aws:SourceVpce": (None, "vpce-stranger"),
    "aws:SourceIp": (None, "8.8.8.8", "198.51.100.9", "2600::1"),
    "aws:SourceArn": (None, "arn:aws:s3:::files-of-strangers", "arn:aws:sns:us-east-1:999999999999:files"),
    "aws:SecureTransport": ("true", "false"),
}
"""What a stranger's request may bear."""


def strangers(statements: list[dict[str, Any]]) -> Iterator[Request]:
    """Every request of a stranger that the statements can tell from others."""
    named = {key for each in statements for keys in each.get("Condition", {}).values() for key in keys}
    told = {key: values for key, values in STRANGE.items() if key in named}
    for values in itertools.product(*told.values()):
        yield {key: value for key, value in zip(told, values, strict=True) if value is not None}


OURS: Mapping[str, tuple[str, ...]] = {
    "aws:SourceAccount": ("123456789012", "*", "1234*"),
    "aws:PrincipalOrgID": ("o-a1b2c3d4e5", "o-*"),
    "aws:SourceVpce": ("vpce-1a2b3c4d", "vpce-*"),
    "aws:SourceArn": ("arn:aws:s3:::files", "arn:aws:s3:::files*", "arn:aws:sns:*:123456789012:*", "arn:aws:sns:*:*:*"),
    "aws:SourceIp": ("203.0.113.0/24", "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "::/0"),
    "aws:SecureTransport": ("true",),
}


SETS = ("AllValues", "AnyValue")


def meets(operator: str, pattern: str, value: str) -> bool:
    if "ipaddress" in operator:
        return ip_address(value) in ip_network(pattern)
    return fnmatchcase(value, pattern) if "like" in operator or "arn" in operator else value == pattern


def holds(operator: str, key: str, patterns: list[str], request: Request) -> bool:
    """One condition by the rules of the IAM User Guide: of absent keys, of sets, of negations."""
    word = operator.lower()
    if word == "null":
        return (key not in request) is (patterns == ["true"])
    positive = word.replace("not", "")
    if key not in request:
        if word.startswith("foranyvalue:"):
            return False
        return word.endswith("ifexists") or word.startswith("forallvalues:") or positive != word
    return any(meets(positive, each, request[key]) for each in patterns) is (positive == word)


def applies(statement: Mapping[str, Any], request: Request, action: str) -> bool:
    conditions = statement.get("Condition", {})
    return any(fnmatchcase(action, each) for each in items(statement["Action"])) and all(
        holds(operator, key, [str(each) for each in items(patterns)], request)
        for operator, keys in conditions.items()
        for key, patterns in keys.items()
    )


def strangers_let_in(statements: list[dict[str, Any]]) -> bool:
    def allowed(request: Request, action: str) -> bool:
        met = {each["Effect"] for each in statements if applies(each, request, action)}
        return met == {"Allow"}

    return any(allowed(each, action) for each in strangers(statements) for action in ("s3:GetObject", "s3:PutObject"))


@st.composite
def condition(draw: st.DrawFn, negative: bool) -> dict[str, Any]:
    key = draw(st.sampled_from(sorted(OURS)))
    if key == "aws:SecureTransport":
        return {"Bool": {key: "false" if negative else "true"}}
    wild = draw(st.booleans()) or key in ("aws:SourceIp", "aws:SourceArn")
    values = draw(st.lists(st.sampled_from(OURS[key] if wild else OURS[key][:1]), min_size=1, max_size=2, unique=True))
    family = "IpAddress" if key == "aws:SourceIp" else "ArnLike" if key == "aws:SourceArn" else "StringLike"
    family = family if wild else "StringEquals"
    if negative:
        family = "NotIpAddress" if family == "IpAddress" else family[:-4] + "NotLike" if wild else "StringNotEquals"
    # `ForAnyValue` with `IfExists` isn't documented.
    sets, optional = draw(st.sampled_from([("", ""), ("", "IfExists"), *((f"For{each}:", "") for each in SETS)]))
    operator = f"{sets}{family}{optional}"
    found: dict[str, Any] = {operator: {key: values}}
    if not negative and draw(st.booleans()):
        found["Null"] = {key: "false"}
    return found


@st.composite
def statement(draw: st.DrawFn) -> dict[str, Any]:
    effect = draw(st.sampled_from(["Allow", "Allow", "Deny"]))
    action = draw(st.sampled_from(["s3:*", "s3:GetObject", "s3:PutObject"]))
    found = {"Effect": effect, "Principal": "*", "Action": action, "Resource": "*"}
    negative = draw(st.booleans())
    given_conditions = draw(st.none() | condition(negative))
    return {**found, "Condition": given_conditions} if given_conditions else found


def told_open(statements: list[dict[str, Any]]) -> bool:
    return any(True for _ in open_statements(json.dumps({"Statement": statements})))


@given(st.lists(statement(), min_size=1, max_size=2))
@example([{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}])
@settings(max_examples=40, deadline=None)
def test_no_stranger_is_passed_over(statements: list[dict[str, Any]]) -> None:
    if strangers_let_in(statements):
        assert told_open(statements)


@given(st.lists(statement(), min_size=1, max_size=2))
@settings(max_examples=40, deadline=None)
def test_what_no_stranger_is_let_in_by_is_no_finding(statements: list[dict[str, Any]]) -> None:
    if told_open(statements):
        assert strangers_let_in(statements) or names_nobody(statements)


def names_nobody(statements: list[dict[str, Any]]) -> bool:
    """Rights by negation, refusals without, two conditions: they can add up to nobody, and S3 calls them public."""
    if sum("Condition" in each for each in statements) > 1:
        return True
    return any(
        ("Not" in operator) is (each["Effect"] == "Allow")
        for each in statements
        for operator in each.get("Condition", {})
        if operator != "Null"
    )


def test_the_evaluation_knows_strangers() -> None:
    everyone = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    assert strangers_let_in([everyone])
    assert not strangers_let_in([{**everyone, "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}}])
