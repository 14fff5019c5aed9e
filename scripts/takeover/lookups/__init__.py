"""Finding in the account what a resource of the program describes, by Pulumi type.

A lookup is given the resource's inputs and returns what fits them: the id by which pulumi-aws imports it (the "Import"
section of each resource in its API documentation), and which resource of a template it would be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scripts.takeover.lookups import delivery, functions, gateway, identity, stores, watching
from scripts.takeover.lookups.account import Account, Lookup, MissingInputError
from scripts.takeover.model import Found

__all__ = ["LOOKUPS", "OWN", "Account", "find"]

LOOKUPS: dict[str, Lookup] = {
    **stores.LOOKUPS,
    **functions.LOOKUPS,
    **gateway.LOOKUPS,
    **watching.LOOKUPS,
    **delivery.LOOKUPS,
    **identity.LOOKUPS,
}

OWN = {
    "aws:apigateway/deployment:Deployment": "a snapshot that can't be compared; the stage moves to a new one",
    "aws:lambda/layerVersion:LayerVersion": "its content can't be compared; a new version is published",
}
"""Types that are made anew on purpose, and why: what forces their replacement can't be read back."""


def find(kind: str, inputs: Mapping[str, Any], account: Account) -> list[Found]:
    """Everything in the account that fits a resource's inputs; nothing where an input isn't known yet.

    Raises ``KeyError`` for a type that no lookup knows, and what boto3 raises for anything but an absence.
    """
    try:
        return account.present(lambda: LOOKUPS[kind](inputs, account))
    except MissingInputError:
        return []
