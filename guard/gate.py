"""The gate: a `pulumi destroy` is refused before it deletes anything, unless every durable store may go.

A destroy begins with what nothing depends on, so the hooks of the stores speak last: of 272 resources 115 were gone by
then (2026-11-30). So everything that isn't a store has a hook as well, which asks about all stores at once. Updates
pass it: what they delete isn't declared any more, or is being replaced.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import pulumi

from guard.approvals import Action
from guard.fate import Fate, fate
from guard.hook import GuardError, Hook
from guard.store import Store

HOOK = "durable-stores-first"
"""The name that the gate has in the state. Like the stores' own hook it never changes."""
TARGET = "PULUMI_OPTION_TARGET"
"""The variable that the engine takes for ``--target`` (every option can come from PULUMI_OPTION_…)."""
REMEDY = (
    "To make one resource anew: pulumi up --replace URN -s {stack}. "
    f"To destroy one alone that holds nothing: {TARGET}=URN pulumi destroy --run-program -s {{stack}}"
)
SHOWN = 3
"""Refusals that are shown whole; the others are counted."""


@dataclass
class Gate:
    """Asks about all stores, once a program."""

    hook: Hook
    stores: Callable[[], Iterable[Store]]
    """Every durable store of the state, where it lies."""
    declared: Mapping[str, pulumi.Resource]
    """What a program declares, by URN."""
    beside: Callable[[], Iterable[str]] = tuple
    """Why what stands beside somebody else's stores must not be deleted, a refusal each."""
    refusal: str | None = field(default=None, init=False)
    asked: bool = field(default=False, init=False)

    def as_resource_hook(self) -> pulumi.ResourceHook:
        """The hook as the engine takes it."""

        async def before_delete(args: pulumi.ResourceHookArgs) -> None:
            if args.urn in chosen(os.environ):
                return
            if await fate(self.declared, args.urn, args.id) is Fate.DESTROYED:
                self.decide()

        return pulumi.ResourceHook(HOOK, before_delete, opts=pulumi.ResourceHookOptions(on_dry_run=True))

    def decide(self) -> None:
        """Raises ``GuardError`` unless every store may be deleted."""
        if not self.asked:
            self.refusal, self.asked = refusal(self.hook, list(self.stores()), list(self.beside())), True
        if self.refusal:
            raise GuardError(self.refusal)


def chosen(environment: Mapping[str, str]) -> frozenset[str]:
    """The URNs that a person has the engine destroy alone; none where they are no plain URNs.

    The engine tells a program nothing of its targets, but takes them from a variable as well, which the program sees.
    What the command line names as well isn't named here, and is refused as ever.
    """
    named = environment.get(TARGET, "").split(",")
    return frozenset(urn for urn in named if urn.startswith("urn:pulumi:") and "*" not in urn)


def refusal(hook: Hook, stores: list[Store], beside: Iterable[str] = ()) -> str | None:
    """Why not everything may be deleted; None where it may. ``beside``: refusals of what isn't a store.

    Approvals are asked first: to look for recovery points, every item is read.
    """
    refused = [said for store in stores if (said := hook.unapproved(store, Action.DELETE))]
    refused = refused or [said for store in stores if (said := hook.refusal(store, Action.DELETE))]
    heads = [f"{len(refused)} of {len(stores)} durable stores must not be deleted"] if refused else []
    others = list(beside)
    word = "companion" if len(others) == 1 else "companions"
    heads += [f"{len(others)} {word} of other people's stores must not be deleted"] if others else []
    if not heads:
        return None
    refused += others
    more = f"\n… and {len(refused) - SHOWN} more" if len(refused) > SHOWN else ""
    return (
        f"{' and '.join(heads)}, so nothing was deleted. {REMEDY.format(stack=hook.stack)}\n"
        + "\n".join(refused[:SHOWN])
        + more
    )
