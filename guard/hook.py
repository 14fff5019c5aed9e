"""The last guard before a deed: the hook that the engine calls before it deletes a durable store, in previews too.

It fails closed. Whatever can't be read, counted or found is a refusal, and the engine then never calls the provider's
delete. Source: Pulumi documentation, "Resource hooks" (before_delete, on_dry_run).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pulumi

from guard import approvals
from guard.approvals import Action
from guard.durable import HOOK, durable, is_durable, physical_name
from guard.evidence import RecoveryPoints


class GuardError(RuntimeError):
    """A delete is refused. The message is two lines: what is missing, and the command that makes it."""


@dataclass(frozen=True)
class Hook:
    """Decides about the deletes of one stack."""

    stack: str
    evidence: RecoveryPoints
    declared: Collection[str]
    """The URNs of the stores that the program declares: the delete of such a one is half of a replacement."""
    owner: Callable[[str], str | None]
    """The store that a belt guards, by the belt's URN."""
    folder: Path = approvals.FOLDER
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def decide(self, urn: str, token: str, name: str) -> None:
        """Raises ``GuardError`` unless the delete was approved and nothing would be lost by it."""
        if refusal := self.refusal(urn, token, name):
            raise GuardError(refusal)

    def refusal(self, urn: str, token: str, name: str) -> str | None:
        """Why a store must not go, in two lines; None where it may."""
        action = Action.REPLACE if urn in self.declared else Action.DELETE
        if action is Action.REPLACE and (holds := durable(token)) and holds.renewable:
            return None  # the program's own values take the place of its older ones
        return self.refusal_for(urn, name, action, self.evidence.find(urn, token, name).missing)

    def refusal_for(self, urn: str, name: str, action: Action, missing: str | None) -> str | None:
        """The same, where what is missing has been looked for already."""
        if missing is not None:
            return missing
        given, owner = approvals.load(self.stack, self.folder), self.owner(urn)
        approved = approvals.any_of(given, [owner], approvals.GONE, self.now()) if owner else None
        if approved is None and approvals.find(given, urn, action, self.now()) is None:
            return (
                f"{name}: nobody has approved that it is {action.value}d ({urn})\n"
                f"  rollback guard approve {name} --action {action.value} --by NAME --reason TEXT -s {self.stack}"
            )
        return None

    def as_resource_hook(self) -> pulumi.ResourceHook:
        """The hook as the engine takes it: once per program."""

        def before_delete(args: pulumi.ResourceHookArgs) -> None:
            token = str(args.type)
            inputs = args.old_inputs or {}
            name = physical_name(token, inputs, args.id) if is_durable(token) else str(args.name)
            self.decide(args.urn, token, name)

        return pulumi.ResourceHook(HOOK, before_delete, opts=pulumi.ResourceHookOptions(on_dry_run=True))
