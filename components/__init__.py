"""One ComponentResource a system, and the parts they share.

A component is a pure function of a release and the stack settings: no clock, no randomness, no environment look-ups.
Durable stores are declared by every release alike; only what a release brings and takes away depends on the release.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import pulumi

from components.common.context import Context
from components.common.waiting import begin, wait_for
from stacks.selection import Manifests, Selected
from stacks.systems import Need, imported, needing, system


class System(Protocol):
    """What the program needs of a system, which is a ``pulumi.ComponentResource``."""

    summary: dict[str, pulumi.Input[object]]
    """What runs, for the stack's output: release, health address, endpoints, stores."""
    published: dict[str, pulumi.Output[Mapping[str, object]]]
    """Function name -> the versions that were published for it."""


def declare(
    context: Context,
    selected: Mapping[str, Selected],
    manifests: Mapping[str, Manifests],
    turns: Sequence[Sequence[str]],
) -> dict[str, System]:
    """The selected systems, declared in turns: one that fails leaves those of later turns as they were."""
    declared: dict[str, System] = {}
    for number, names in enumerate(turns, 1):
        for name in names:
            declared[name] = _declare(context, selected[name], manifests[name])
            if pulumi.runtime.is_dry_run():
                # An update begins when all is declared, so that a program which fails has touched nothing.
                begin()
        if number < len(turns) and not pulumi.runtime.is_dry_run():
            wait_for(declared[name] for name in names)
    return {name: declared[name] for name in selected}


def _declare(context: Context, selected: Selected, manifests: Manifests) -> System:
    """One system. Its component imports its own SDKs, so that a stack without the system doesn't pay for them."""
    component = imported(system(selected.system).component)
    providers = [context.account.provider] if needing(Need.ACCOUNT, [selected.system]) else []
    declared: System = component(context, selected, manifests, pulumi.ResourceOptions(providers=providers))
    return declared
