"""Whether a function's resource policy lets API Gateway invoke it.

Source: API Gateway Developer Guide, "Control access to a REST API": without the permission a request is answered with
500, "Internal server error". A function's permissions don't count for its aliases, nor the other way round (Lambda
Developer Guide, "Using resource-based policies").
"""

from __future__ import annotations

import re
from typing import Any

from moto.awslambda.exceptions import UnknownAliasException, UnknownFunctionException
from moto.awslambda.models import lambda_backends

from sandbox.account import functions, settings
from sandbox.account.functions import targets, versions

SERVICE = "apigateway.amazonaws.com"
_ACTIONS = ("lambda:InvokeFunction", "lambda:*", "*")


def granted(function: str, region: str, source: str) -> bool:
    """Return whether API Gateway may invoke a function (ARN, with qualifier) for the request with this source ARN."""
    try:
        region, name, qualifier = targets.parse(function, region)
        backend = lambda_backends[settings.current().account_id][region]
        statements = versions.policy_of(backend, name, qualifier).statements
    except (functions.NotFound, UnknownAliasException, UnknownFunctionException):
        return False
    return any(_grants(statement, source) for statement in statements)


def _grants(statement: dict[str, Any], source: str) -> bool:
    principal = statement.get("Principal")
    if isinstance(principal, dict):
        principal = principal.get("Service") or principal.get("AWS")
    allows = statement.get("Effect") == "Allow" and principal in (SERVICE, "*") and statement.get("Action") in _ACTIONS
    return allows and all(
        _holds(key, wanted, source)
        for pairs in (statement.get("Condition") or {}).values()
        for key, wanted in pairs.items()
    )


def _holds(key: str, wanted: str, source: str) -> bool:
    """Whether one condition that AddPermission writes holds: on the source's ARN or its account."""
    if key.lower() == "aws:sourcearn":
        pattern = re.escape(wanted).replace(r"\*", ".*").replace(r"\?", ".")
        return re.fullmatch(pattern, source) is not None
    return key.lower() == "aws:sourceaccount" and wanted == settings.current().account_id
