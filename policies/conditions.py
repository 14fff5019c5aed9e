"""What a condition of an IAM document narrows a request to.

Sources: S3 User Guide, "The meaning of 'public'", and EFS User Guide, "Blocking public access" (which keys name
somebody); IAM User Guide, "Condition operators" and "Set operators" (what holds for a key that is absent).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from policies.documents import wild
from policies.networks import everyone
from policies.subject import UNKNOWN, items

ACCOUNT = re.compile(r"\d{12}")
ORGANIZATION_PATH = re.compile(r"o-[a-z0-9]+/")
ROLE_SESSIONS = re.compile(r"ARO[A-Z0-9]+:\*")
"""All sessions of one role, by its unique id."""
POSITIVE = re.compile(
    r"(foranyvalue:|forallvalues:)?(string(equals|equalsignorecase|like)|arn(equals|like)|ipaddress|bool)"
)
NEGATIVE = re.compile(
    r"(forallvalues:)?(stringnot(equals|equalsignorecase|like)|arnnot(equals|like)|notipaddress)(ifexists)?"
)


def _fixed(values: list[str]) -> bool:
    return not any(map(wild, values))


def _fixed_arns(values: list[str]) -> bool:
    return all(fixed_arn(value) for value in values)


def _fixed_paths(values: list[str]) -> bool:
    return all(ORGANIZATION_PATH.match(value) for value in values)


def _fixed_users(values: list[str]) -> bool:
    return all(not wild(value) or ROLE_SESSIONS.fullmatch(value) for value in values)


def _fixed_networks(values: list[str]) -> bool:
    return not any(map(wild, values)) and not any(everyone(values))


def _true(values: list[str]) -> bool:
    return all(value.lower() == "true" for value in values)


NARROWING: Mapping[str, Callable[[list[str]], bool]] = {
    **dict.fromkeys(
        (
            "aws:sourceaccount",
            "aws:sourceowner",
            "aws:sourceorgid",
            "aws:sourcevpc",
            "aws:sourcevpce",
            "aws:vpceaccount",
            "aws:vpceorgid",
            "aws:principalaccount",
            "aws:principalorgid",
            "aws:principalservicename",
            "aws:principalservicenameslist",
            "kms:calleraccount",
            "s3:dataaccesspointaccount",
            "s3:x-amz-server-side-encryption-aws-kms-key-id",
            "vpc-lattice-svcs:sourcevpc",
            "vpc-lattice-svcs:sourcevpcowneraccount",
        ),
        _fixed,
    ),
    **dict.fromkeys(
        (
            "aws:sourcearn",
            "aws:sourcevpcarn",
            "aws:principalarn",
            "s3:dataaccesspointarn",
            "elasticfilesystem:accesspointarn",
        ),
        _fixed_arns,
    ),
    **dict.fromkeys(("aws:sourceorgpaths", "aws:principalorgpaths", "aws:vpceorgpaths"), _fixed_paths),
    "aws:userid": _fixed_users,
    "aws:sourceip": _fixed_networks,
    "elasticfilesystem:accessedviamounttarget": _true,
}
"""Condition key -> whether its values name somebody: who asks, or from where."""
BY_SERVICES = ("aws:viaawsservice", "aws:principalisawsservice")
"""A refusal that excepts these leaves the calls that a service makes for the account itself."""


def fixed_arn(value: str) -> bool:
    """Whether an ARN, wildcards and all, lies in one account or is of one bucket, whose name is unique."""
    if not wild(value):
        return True
    parts = value.split(":", 5)
    if len(parts) < 6:
        return False
    if ACCOUNT.fullmatch(parts[4]):
        return True
    # `arn:aws:s3:::files` and, in older examples, `arn:aws:s3:*:*:files`; access points are named within an account.
    bucket = parts[5].partition("/")[0]
    return parts[2] == "s3" and parts[4] in ("", "*") and bucket != "accesspoint" and not wild(bucket)


def tested(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """The conditions of a statement as operator, key (both in lower case) and values; all of them have to hold."""
    conditions = statement.get("Condition")
    for operator, keys in conditions.items() if isinstance(conditions, Mapping) else ():
        for key, values in keys.items() if isinstance(keys, Mapping) else ():
            yield str(operator).lower(), str(key).lower(), [_text(value) for value in items(values)]


def _text(value: object) -> str:
    """A value as IAM compares it: a boolean of JSON is its word."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def required(statement: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Keys with values one of which a request has to bear: what holds without the key isn't required.

    ``IfExists`` and ``ForAllValues`` hold without the key, unless ``Null`` wants it there.
    """
    found = list(tested(statement))
    present = {key for operator, key, values in found if operator == "null" and values == ["false"]}
    for operator, key, values in found:
        plain = operator.removesuffix("ifexists")
        lenient = plain != operator or plain.startswith("forallvalues:")
        if values and POSITIVE.fullmatch(plain) and (not lenient or key in present):
            yield key, values


def undecided(statement: Mapping[str, Any]) -> bool:
    """Whether a statement's condition isn't known yet, so that it may narrow: the update asks again."""
    conditions = statement.get("Condition")
    operators = conditions.values() if isinstance(conditions, Mapping) else ()
    return conditions is UNKNOWN or any(keys is UNKNOWN for keys in operators)


def conditioned(statement: Mapping[str, Any]) -> bool:
    """Whether a statement holds only for requests of somebody named, or from a named source."""
    return undecided(statement) or any(
        key in NARROWING and NARROWING[key](values) for key, values in required(statement)
    )


def excepts_named(statement: Mapping[str, Any]) -> bool:
    """Whether a refusal meets everybody but somebody named: ``StringNotEquals aws:SourceVpce vpce-1``."""
    found = list(tested(statement))
    named = 0
    for operator, key, values in found:
        if NEGATIVE.fullmatch(operator) and key in NARROWING and values and NARROWING[key](values):
            named += 1
        elif not (operator.startswith("bool") and key in BY_SERVICES and values == ["false"]):
            return False
    return named > 0 or undecided(statement)
