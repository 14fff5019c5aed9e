"""The before_delete hook: the last check before a durable store is deleted; it runs in previews too.

It fails closed. Whatever can't be read, counted or found is a refusal, and the engine then never calls the provider's
delete. Source: Pulumi documentation, "Resource hooks" (before_delete, on_dry_run).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pulumi

from guard.approvals import Action
from guard.decision import Decision
from guard.durable import HOOK
from guard.in_place.values import revealed
from guard.store import Store


class GuardError(RuntimeError):
    """A delete is refused. The message is two lines: what is missing, and the command that makes it."""


class Hook(Decision):
    """Decides about the deletes of one stack."""

    def decide(self, store: Store, action: Action) -> None:
        """Raises ``GuardError`` unless the operation was approved and nothing would be lost by it."""
        if refusal := self.refusal(store, action):
            raise GuardError(refusal)

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
