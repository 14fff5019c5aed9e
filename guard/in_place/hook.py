"""The hook `durable-store-loss`: the last check before a change that loses data without deleting a store.

The plan is a component at the end of the program, which is in time for deletes (the engine makes them last) and for
previews. An update without a preview has changed a resource in place long before that. The engine calls this hook
before it asks the provider to make, change or delete a resource, with every value known. Source: Pulumi documentation,
"Resource hooks" (before_create, before_update, before_delete).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pulumi

from guard import approvals
from guard.decision import may_lose
from guard.in_place import Loss, declared_values, losses, refusal
from guard.in_place.values import revealed

HOOK = "durable-store-loss"
"""The name that the hook has in the state."""


class LossError(RuntimeError):
    """A change in place is refused. The message is two lines: what is lost, and the command that approves it."""


@dataclass(frozen=True)
class Change:
    """One resource that an update makes, changes or deletes."""

    urn: str
    token: str
    before: Mapping[str, Any] | None
    """Its outputs; None where this update makes it."""
    after: Mapping[str, Any] | None
    """Its inputs, as the provider will get them; None where it leaves."""
    store: str | None = None
    """The URN of the store of this stack that it stands beside; None for a store itself, and beside what is no store of
    this stack."""
    existing_store: bool = False
    """What it stands beside was there before this update."""
    approved_by: frozenset[str] = frozenset()
    """The URNs of which an approval lets it through."""
    inside: frozenset[str] = frozenset()
    """The URNs of the components that it lies in, of which an approval of one property lets that through."""


@dataclass(frozen=True)
class LossHook:
    """Decides about the changes in place of one stack."""

    stack: str
    folder: Path | None = None
    """That of the approvals; None: the project's own."""
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    is_new_and_empty: Callable[[str], bool] = field(default=lambda _: False)
    """Whether the account proves that the store of a URN was just made and holds nothing."""

    def decide(self, change: Change, *, preview: bool = False) -> None:
        """Raises ``LossError`` where data would be lost that is not approved.

        ``preview``: what is known only in the update is left to the update.
        """
        if said := self.refusal(change, preview=preview):
            raise LossError(said)

    def refusal(self, change: Change, *, preview: bool = False) -> str | None:
        """Why a change must not be made, in two lines; None where it may."""
        after = None if change.after is None else declared_values(change.after)
        found = losses(change.token, change.before, after, existing_store=change.existing_store)
        said = self.unapproved(change, self.taking(change, [loss for loss in found if loss.certain or not preview]))
        return None if said is None else f"{change.urn.rpartition('::')[2]} would lose data: {said}"

    def taking(self, change: Change, found: Sequence[Loss]) -> list[Loss]:
        """Those that take something: from a store that was just made and holds nothing, no expiry does."""
        left = [loss for loss in found if not loss.held]
        return left if len(left) == len(found) or self.is_new_and_empty(change.store or change.urn) else list(found)

    def unapproved(self, change: Change, found: Sequence[Loss]) -> str | None:
        """Why these losses must not be made, in two lines; None where there are none, or somebody approved."""
        given = approvals.load(self.stack, self.folder) if found else ()
        stores = {change.urn, *change.approved_by}
        if not found or may_lose(given, stores, self.now()):
            return None
        every, now = stores | change.inside, self.now()
        left = [loss for loss in found if not any(each.covers_part(every, loss.path, now) for each in given)]
        return refusal(change.store or change.urn, self.stack, left) if left else None

    def as_resource_hook(
        self, ask: Callable[[pulumi.ResourceHookArgs], Awaitable[Change | None]]
    ) -> pulumi.ResourceHook:
        """The hook as the engine takes it: once per program, for creates, updates and deletes alike.

        ``ask``: the change that a call is about.
        """

        async def before_change(args: pulumi.ResourceHookArgs) -> None:
            args.old_inputs, args.old_outputs = await revealed(args.old_inputs), await revealed(args.old_outputs)
            args.new_inputs = await revealed(args.new_inputs)
            change = await ask(args)
            if change is not None:
                self.decide(change, preview=bool(pulumi.runtime.is_dry_run()))

        return pulumi.ResourceHook(HOOK, before_change, opts=pulumi.ResourceHookOptions(on_dry_run=True))
