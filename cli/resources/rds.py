"""Stores that a takeover doesn't look for: a template of SAM's has none of them."""

from __future__ import annotations

from cli.resources.account import Account, Inputs, Search, text


def _database(inputs: Inputs, account: Account) -> list[str]:
    identifier = text(inputs, "identifier")
    account.call("rds", "describe_db_instances", DBInstanceIdentifier=identifier)
    return [identifier]


FINDERS: dict[str, Search[str]] = {"aws:rds/instance:Instance": _database}
