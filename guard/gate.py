"""The gate: a `pulumi destroy` is refused before it deletes anything, unless every durable store may go.

A destroy begins with what nothing depends on, so the hooks of the stores speak last: of 272 resources 115 were gone by
then (2026-11-30). So everything that isn't a store has a hook as well, which asks about all stores at once. Updates
pass it: what they delete isn't declared any more, or is being replaced.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pulumi

from guard.approvals import Action
from guard.hook import GuardError, Hook
from guard.store import Store

HOOK = "durable-stores-first"
"""The name that the gate has in the state. Like the stores' own hook it never changes."""
ANSWERED = 0.05
"""Seconds within which the answer of the engine, where it has come, is seen."""
SHOWN = 3
"""Refusals that are shown whole; the others are counted."""


@dataclass
class Gate:
    """Asks about all stores, once a program."""

    hook: Hook
    stores: Callable[[], Iterable[Store]]
    """Every durable store of the state, where it lies."""
    declared: Callable[[str], pulumi.Resource | None]
    """What a program declares, by URN."""
    refusal: str | None = field(default=None, init=False)
    asked: bool = field(default=False, init=False)

    def as_resource_hook(self) -> pulumi.ResourceHook:
        """The hook as the engine takes it."""

        async def before_delete(args: pulumi.ResourceHookArgs) -> None:
            if await self.is_destroyed(args.urn, args.id):
                self.decide()

        return pulumi.ResourceHook(HOOK, before_delete, opts=pulumi.ResourceHookOptions(on_dry_run=True))

    async def is_destroyed(self, urn: str, identifier: str) -> bool:
        """Whether the program declares the very thing that is deleted.

        An update deletes what isn't declared, what is about to be made anew (the engine has no answer for the program
        yet), and what was made anew before (the answer has another id).
        """
        resource = self.declared(urn)
        return isinstance(resource, pulumi.CustomResource) and await answer(resource.id) == identifier

    def decide(self) -> None:
        """Raises ``GuardError`` unless every store may be deleted."""
        if not self.asked:
            self.refusal, self.asked = refusal(self.hook, list(self.stores())), True
        if self.refusal:
            raise GuardError(self.refusal)


async def answer(output: pulumi.Output[str]) -> str | None:
    """What the engine has answered; None where it hasn't yet, or in a preview doesn't know."""
    waiting = asyncio.ensure_future(output.future())
    # Not cancelled where it isn't done: that would cancel what the program itself waits for.
    done, _ = await asyncio.wait([waiting], timeout=ANSWERED)
    return waiting.result() if done else None


def refusal(hook: Hook, stores: list[Store]) -> str | None:
    """Why not everything may be deleted; None where it may.

    Approvals are asked first: to look for recovery points, every item is read.
    """
    refused = [said for store in stores if (said := hook.unapproved(store, Action.DELETE))]
    refused = refused or [said for store in stores if (said := hook.refusal(store, Action.DELETE))]
    if not refused:
        return None
    more = f"\n… and {len(refused) - SHOWN} more" if len(refused) > SHOWN else ""
    return (
        f"{len(refused)} of {len(stores)} durable stores must not be deleted, so nothing was deleted. "
        "To make one resource anew: pulumi up --replace URN\n" + "\n".join(refused[:SHOWN]) + more
    )
