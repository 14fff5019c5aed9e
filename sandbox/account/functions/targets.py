"""What a function's name stands for: region, name and qualifier, and the version that a call of it runs now.

After the Lambda API reference (FunctionName, Qualifier) and the AWS Lambda Developer Guide, "Weighted alias".
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Any

from moto.awslambda.exceptions import UnknownAliasException, UnknownFunctionException
from moto.awslambda.models import lambda_backends

from sandbox.account import settings
from sandbox.account.functions import NotFound

LATEST = "$LATEST"
FULL_NAME = re.compile(
    r"^(?:arn:[\w-]+:lambda:(?P<region>[\w-]+):)?(?:\d{12}:)?(?:function:)?(?P<name>[\w-]+)(?::(?P<qualifier>[\w$-]+))?$"
)


@dataclass(frozen=True)
class Target:
    """The version that an invocation runs, and under what name it was called."""

    function: Any
    region: str
    name: str
    qualifier: str | None
    through_alias: bool

    @property
    def version(self) -> str:
        """Return "$LATEST" or the version's number."""
        return str(self.function.version)

    @property
    def resource(self) -> str:
        """Return the metrics' Resource dimension: the name, with the qualifier that was asked for."""
        return f"{self.name}:{self.qualifier}" if self.qualifier else self.name

    @property
    def arn(self) -> str:
        """Return the ARN that the handler sees as `context.invoked_function_arn`."""
        account = settings.current().account_id
        return f"arn:aws:lambda:{self.region}:{account}:function:{self.resource}"


def parse(function: str, region: str, qualifier: str | None = None) -> tuple[str, str, str | None]:
    """Split a function's name or ARN into region, name and qualifier; raises NotFound where it is neither."""
    match = FULL_NAME.match(function)
    if match is None:
        raise NotFound(f"{function!r} is not the name or ARN of a function")
    return match["region"] or region, match["name"], match["qualifier"] or qualifier


def find(function: str, region: str, qualifier: str | None = None) -> Target:
    """Return what a call would run now; an alias with weights picks one of its versions by chance."""
    region, name, wanted = parse(function, region, qualifier)
    backend = lambda_backends[settings.current().account_id][region]
    chosen = wanted or LATEST
    alias = None
    try:
        if wanted and wanted != LATEST and not wanted.isdigit():
            alias = backend.get_alias(wanted, name)
            chosen = pick(alias)
        return Target(backend.get_function(name, chosen), region, name, wanted, alias is not None)
    except (UnknownFunctionException, UnknownAliasException) as error:
        resource = f"{name}:{wanted}" if wanted else name
        arn = f"arn:aws:lambda:{region}:{settings.current().account_id}:function:{resource}"
        raise NotFound(f"Function not found: {arn}") from error


def pick(alias: Any) -> str:
    """Return the version an alias sends this call to, by its routing weights."""
    rest = random.random()  # noqa: S311 - a share of traffic, not a secret
    for version, weight in ((alias.routing_config or {}).get("AdditionalVersionWeights") or {}).items():
        rest -= float(weight)
        if rest < 0:
            return str(version)
    return str(alias.function_version)
