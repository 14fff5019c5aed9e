"""The before_delete hook: the last check before a durable store is deleted; it runs in previews too.

It fails closed. Whatever can't be read, counted or found is a refusal, and the engine then never calls the provider's
delete. Source: Pulumi documentation, "Resource hooks" (before_delete, on_dry_run).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pulumi

from core import project
from guard import approvals
from guard.approvals import Action
from guard.durable import HOOK, durable
from guard.evidence import RecoveryPoints
from guard.in_place.values import revealed
from guard.store import Store


class GuardError(RuntimeError):
    """A delete is refused. The message is two lines: what is missing, and the command that makes it."""


@dataclass(frozen=True)
class Hook:
    """Decides about the deletes of one stack."""

    stack: str
    evidence: RecoveryPoints
    owner: Callable[[str], str | None]
    """The store that a belt guards, by the belt's URN."""
    folder: Path | None = None
    """That of the approvals; None: the project's own."""
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    word: Callable[[Store], str] = field(default=lambda store: store.name)
    """What a command calls a store: its name, or its URN where others have that name."""

    def decide(self, store: Store, action: Action) -> None:
        """Raises ``GuardError`` unless the operation was approved and nothing would be lost by it."""
        if refusal := self.refusal(store, action):
            raise GuardError(refusal)

    def refusal(self, store: Store, action: Action) -> str | None:
        """Why a store must not go, in two lines; None where it may."""
        if action is Action.REPLACE and (holds := durable(store.type)) and holds.renewable:
            return None  # the program's own values take the place of its older ones
        return self.refusal_for(store, action, self.evidence.find(store).missing)

    def refusal_for(self, store: Store, action: Action, missing: str | None) -> str | None:
        """The same, where what is missing has been looked for already."""
        return missing if missing is not None else self.unapproved(store, action)

    def unapproved(self, store: Store, action: Action) -> str | None:
        """That nobody approves of the operation, and how to approve it; None where somebody does."""
        given, owner = approvals.load(self.stack, self.folder), self.owner(store.urn)
        approved = approvals.any_of(given, [owner], approvals.GONE, self.now()) if owner else None
        if approved is not None or approvals.find(given, store.urn, action, self.now()) is not None:
            return None
        command = project.commands().approve(self.word(store), action.value, self.stack)
        return f"{store.name}: its {action.noun} isn't approved ({store.urn})\n  {command}"

    def as_resource_hook(
        self, locate: Callable[[pulumi.ResourceHookArgs], Store], operation: Callable[[str, str], Awaitable[Action]]
    ) -> pulumi.ResourceHook:
        """The hook as the engine takes it: once per program.

        ``locate``: the store that a call is about; ``operation``: what the delete of a URN with an id is.
        """

        async def before_delete(args: pulumi.ResourceHookArgs) -> None:
            args.old_inputs, args.old_outputs = await revealed(args.old_inputs), await revealed(args.old_outputs)
            self.decide(locate(args), await operation(args.urn, args.id))

        return pulumi.ResourceHook(HOOK, before_delete, opts=pulumi.ResourceHookOptions(on_dry_run=True))
