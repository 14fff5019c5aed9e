"""The before_update hook: the last check before a resource is changed in place so that it loses data.

The plan is a component at the end of the program, which is in time for deletes (the engine makes them last) and for
previews. An update without a preview has changed a resource in place long before that. The engine calls this hook
before it asks the provider, with every value known. Source: Pulumi documentation, "Resource hooks" (before_create,
before_update).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pulumi

from guard import approvals
from guard.approvals import GONE, Action
from guard.in_place import Loss, declared_values, losses, refusal
from guard.in_place.values import revealed

HOOK = "durable-store-loss"
"""The name that the hook has in the state."""


class LossError(RuntimeError):
    """A change in place is refused. The message is two lines: what is lost, and the command that approves it."""


@dataclass(frozen=True)
class LossHook:
    """Decides about the changes in place of one stack."""

    stack: str
    beside: Callable[[str], str | None]
    """The URN of the store that a resource stands beside, by the resource's URN, where that store was there before this
    update; None for a store itself."""
    folder: Path = approvals.FOLDER
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def decide(
        self, urn: str, token: str, before: Mapping[str, Any] | None, after: Mapping[str, Any], *, preview: bool = False
    ) -> None:
        """Raises ``LossError`` where data would be lost that nobody has approved.

        Args:
            urn: the resource's.
            token: its type.
            before: its outputs; None where this update makes it.
            after: its inputs, as the provider will get them.
            preview: what is known only in the update is left to the update.
        """
        store = self.beside(urn)
        found = losses(token, before, declared_values(after), existing_store=store is not None)
        found = [loss for loss in found if loss.certain or not preview]
        if said := self.unapproved([urn, store], store or urn, found):
            raise LossError(f"{urn.rpartition('::')[2]} would lose data: {said}")

    def unapproved(self, stores: Sequence[str | None], name: str, found: Sequence[Loss]) -> str | None:
        """Why losses must not be made, in two lines; None where there are none, or somebody approved.

        Args:
            stores: the URNs of which an approval lets them through.
            name: what the command calls the store.
            found: the losses.
        """
        given = approvals.load(self.stack, self.folder) if found else ()
        # Whoever let the store itself go has let go what it holds.
        if not found or approvals.any_of(given, stores, (Action.LOSE, *GONE), self.now()) is not None:
            return None
        return refusal(name, self.stack, found)

    def as_resource_hook(self) -> pulumi.ResourceHook:
        """The hook as the engine takes it: once per program, for creates and updates alike."""

        async def before_change(args: pulumi.ResourceHookArgs) -> None:
            preview = bool(pulumi.runtime.is_dry_run())
            before, after = await revealed(args.old_outputs), await revealed(args.new_inputs)
            self.decide(args.urn, str(args.type), before, after or {}, preview=preview)

        return pulumi.ResourceHook(HOOK, before_change, opts=pulumi.ResourceHookOptions(on_dry_run=True))
