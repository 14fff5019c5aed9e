"""Who may manage a key: one whose policy lets nobody in can't be fixed, and what it encrypted is lost with it.

Source: AWS KMS developer guide, "Default key policy" (a key whose policy doesn't name the account becomes unmanageable
where those that it names are deleted).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guard.in_place.row import Part, Row
from guard.in_place.values import ABSENT, UNKNOWN, document, holds_unknown, listed, member

MANAGES = frozenset({"*", "kms:*", "kms:put*", "kms:putkeypolicy"})


def account_out(before: Any, after: Any) -> Iterator[Part]:
    """A policy that names the account no more, where it did: by default a key's policy does."""
    if not _names_the_account(before):
        return
    policy = document(after)
    if after is UNKNOWN or policy is UNKNOWN or holds_unknown(policy if isinstance(policy, dict) else {}):
        yield Part("the account", UNKNOWN, unknown=True)
    elif not _names_the_account(after):
        yield Part("the account", "those that it names")


def _names_the_account(policy: Any) -> bool:
    if policy in (ABSENT, ""):
        return True  # the default policy
    return any(_opens(statement) for statement in listed(member(document(policy), "Statement")))


def _opens(statement: Any) -> bool:
    actions = {str(each).lower() for each in listed(member(statement, "Action"))}
    principal = member(statement, "Principal")
    named = listed(member(principal, "AWS")) if isinstance(principal, dict) else listed(principal)
    account = any(str(each) == "*" or str(each).endswith(":root") or str(each).isdigit() for each in named)
    allowed = member(statement, "Effect") == "Allow" and member(statement, "Condition") in (ABSENT, {})
    return allowed and account and bool(actions & MANAGES)


POLICY = Row(
    "policy",
    account_out,
    "nobody but {after} may manage the key any more: where they go, all that it encrypted is lost",
    irreversible=False,
)
