"""One ComponentResource a system, and the parts they share.

A component is a pure function of a release and the stack settings: no clock, no randomness, no environment look-ups.
Durable stores are declared by every release alike; only what a release brings and takes away depends on the release.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import pulumi

from components.common.context import Context
from components.common.waiting import begin, wait_for
from stacks.releases import window
from stacks.selection import Selected, canary


class System(Protocol):
    """What the program needs of a system, which is a ``pulumi.ComponentResource``."""

    summary: dict[str, pulumi.Input[object]]
    """What runs, for the stack's output: release, health address, endpoints, stores."""
    published: dict[str, pulumi.Output[Mapping[str, object]]]
    """Function name -> the versions that were published for it."""


def declare(context: Context, selected: Mapping[str, Selected], turns: Sequence[Sequence[str]]) -> dict[str, System]:
    """The selected systems, declared in turns: one that fails leaves those of later turns as they were."""
    declared: dict[str, System] = {}
    for number, names in enumerate(turns, 1):
        for name in names:
            declared[name] = _SYSTEMS[name](context, selected[name])
            if pulumi.runtime.is_dry_run():
                # An update begins when all is declared, so that a program which fails has touched nothing.
                begin()
        if number < len(turns) and not pulumi.runtime.is_dry_run():
            wait_for(declared[name] for name in names)
    return {name: declared[name] for name in selected}


def _async_rag(context: Context, selected: Selected) -> System:
    from components.async_rag import AsyncRag

    return AsyncRag(context, selected, pulumi.ResourceOptions(providers=[context.account.provider]))


def _compaction(context: Context, selected: Selected) -> System:
    from components.compaction import Compaction

    opts = pulumi.ResourceOptions(providers=[context.account.provider])
    return Compaction(context, selected, window("compaction"), opts)


def _cryptique(context: Context, selected: Selected) -> System:
    from components.cryptique import Cryptique

    return Cryptique(context, selected, pulumi.ResourceOptions(providers=[context.account.provider]))


def _security_assistant(context: Context, selected: Selected) -> System:
    from components.security_assistant import SecurityAssistant

    return SecurityAssistant(context, selected, pulumi.ResourceOptions(providers=[context.account.provider]))


def _rag_api(context: Context, selected: Selected) -> System:
    from components.rag_api import RagApi

    settings = context.settings.rag_api
    releases = {**window("rag-api"), selected.version: selected.release}
    return RagApi(context, selected, canary(context.settings), releases, context.namespace(settings.namespace))


_SYSTEMS: dict[str, Callable[[Context, Selected], System]] = {
    "async-rag": _async_rag,
    "rag-api": _rag_api,
    "compaction": _compaction,
    "cryptique": _cryptique,
    "security-assistant": _security_assistant,
}
"""Each imports its own SDKs, so that a stack without a system doesn't pay for them."""
