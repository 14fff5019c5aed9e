"""One ComponentResource a system, and the parts they share.

A component is a pure function of a release and the stack settings: no clock, no randomness, no environment look-ups.
Durable stores are declared by every release alike; only what a release brings and takes away depends on the release.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import pulumi

from components.parts.context import Context
from stacks.releases import window
from stacks.selection import Selected, canary


class System(Protocol):
    """What the program needs of a system."""

    summary: dict[str, pulumi.Input[object]]
    """What runs, for the stack's output: release, health address, endpoints, stores."""
    published: dict[str, pulumi.Output[Mapping[str, object]]]
    """Function name -> the versions that were published for it."""


def declare(context: Context, selected: Mapping[str, Selected]) -> dict[str, System]:
    """The selected systems, declared."""
    return {name: _SYSTEMS[name](context, chosen) for name, chosen in selected.items()}


def _async_rag(context: Context, selected: Selected) -> System:
    from components.async_rag import AsyncRag

    return AsyncRag(context, selected, pulumi.ResourceOptions(providers=[context.account.provider]))


def _rag_api(context: Context, selected: Selected) -> System:
    from components.rag_api import RagApi

    settings = context.settings.rag_api
    releases = {**window("rag-api"), selected.version: selected.release}
    return RagApi(context, selected, canary(context.settings), releases, context.namespace(settings.namespace))


_SYSTEMS: dict[str, Callable[[Context, Selected], System]] = {"async-rag": _async_rag, "rag-api": _rag_api}
"""Each imports its own SDKs, so that a stack without a system doesn't pay for them."""
