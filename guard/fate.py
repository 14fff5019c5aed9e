"""What becomes of a resource that the engine deletes: the engine tells a hook neither the operation nor its targets.

An update deletes what isn't declared, what is about to be made anew (the engine has no answer for the program yet), and
what was made anew before (the answer has another id). What is destroyed is declared, answered, and has the very id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from enum import Enum
from typing import Any, TypeVar

import pulumi

T = TypeVar("T")
ANSWERED = 0.05
"""Seconds within which the answer of the engine, where it has come, is seen."""


class Fate(Enum):
    """Why something is deleted."""

    REMOVED = "the program declares it no more"
    REPLACED = "it is made anew"
    DESTROYED = "the whole stack, or a target, is destroyed"


async def fate(declared: Mapping[str, pulumi.Resource], urn: str, identifier: str) -> Fate:
    """Why the resource with this URN and id is deleted. ``declared``: what the program declares, by URN."""
    resource = declared.get(urn)
    if not isinstance(resource, pulumi.CustomResource):
        return Fate.REMOVED
    return Fate.DESTROYED if await answer(resource.id) == identifier else Fate.REPLACED


async def answer(output: pulumi.Output[Any]) -> Any:
    """What the engine has answered; None where it hasn't yet, or in a preview doesn't know."""
    return await answered(output.future())


async def answered(question: Awaitable[T]) -> T | None:
    """What comes of a question that the engine's answer ends; None where that hasn't come yet."""
    waiting = asyncio.ensure_future(question)
    # Not cancelled where it isn't done: that would cancel what the program itself waits for.
    done, _ = await asyncio.wait([waiting], timeout=ANSWERED)
    return waiting.result() if done else None
