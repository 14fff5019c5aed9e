"""Finding in the account what a resource of the program describes, by Pulumi type.

A lookup is given the resource's inputs and returns what fits them: the id by which pulumi-aws imports it (the "Import"
section of each resource in its API documentation), and which resource of a CloudFormation template it would be. A
takeover asks for both (``cli.takeover``), an update that was killed for the id alone (``cli.killed_updates``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli.resources import apigateway as gateway
from cli.resources import awslambda as functions
from cli.resources import cloudwatch as watching
from cli.resources import codedeploy as delivery
from cli.resources import iam as identity
from cli.resources import stores
from cli.resources.account import Account, Lookup
from cli.resources.found import Match

__all__ = ["LOOKUPS", "Account", "find"]

LOOKUPS: dict[str, Lookup] = {
    **stores.LOOKUPS,
    **functions.LOOKUPS,
    **gateway.LOOKUPS,
    **watching.LOOKUPS,
    **delivery.LOOKUPS,
    **identity.LOOKUPS,
}


def find(kind: str, inputs: Mapping[str, Any], account: Account) -> list[Match]:
    """Everything in the account that fits a resource's inputs; nothing where an input isn't known yet.

    Raises ``KeyError`` for a type that no lookup knows, and what boto3 raises for anything but an absence.
    """
    return account.fitting(LOOKUPS[kind], inputs)
