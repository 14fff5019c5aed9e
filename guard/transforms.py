"""Transforms that the engine calls (``pulumi.runtime.register_resource_transform``): they run after the guard.

Unlike transformations they get a resource once the program has handed it on, with the options that the guard gave it.
The SDK has no list of them, so its servers of callbacks are asked. They keep transforms of resources and of invokes in
one table; those of invokes touch no resource.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from pulumi.runtime._callbacks import _CallbackServicer
from pulumi.runtime.settings import get_monitor, is_dry_run

Transform = TypeVar("Transform", bound=Callable[..., Any])
_OF_RESOURCES = f"{_CallbackServicer.register_transform.__qualname__}."
"""What the name of a callback begins with that transforms resources."""


_of_previews: list[object] = []


def for_previews(transform: Transform) -> Transform:
    """Let a transform pass in previews, where it can take nothing off anything: one that only looks or asks."""
    _of_previews.append(transform)
    return transform


def undoing(own: Collection[object] = ()) -> bool:
    """Whether the program registered a transform for every resource. ``own``: those in the options of some."""
    passing = [*own, *(_of_previews if is_dry_run() else ())]
    return any(
        transform not in passing and servicer._callbacks[token].__qualname__.startswith(_OF_RESOURCES)
        for servicer in _CallbackServicer._servicers
        if servicer._monitor is get_monitor()
        for transform, token in servicer._transforms.items()
    )
