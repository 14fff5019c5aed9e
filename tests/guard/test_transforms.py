"""Transforms that the engine calls after the guard: which of them could undo it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi.runtime import _callbacks
from pulumi.runtime.settings import get_monitor

from guard import transforms
from guard.transforms import for_previews, undoing


def undo(_: object) -> None:
    return None


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Registers a transform with the SDK's own server of callbacks, of which only the connection is left out."""

    def register(transform: Any, *, of_invokes: bool = False) -> None:
        servicer: Any = object.__new__(_callbacks._CallbackServicer)
        servicer._monitor, servicer._transforms, servicer._callbacks = get_monitor(), {}, {}
        servicer._target = "127.0.0.1:1"
        servicer.do_register_invoke_transform(transform) if of_invokes else servicer.register_transform(transform)
        monkeypatch.setattr(_callbacks._CallbackServicer, "_servicers", [SimpleNamespace(**vars(servicer))])

    monkeypatch.setattr(transforms, "_of_previews", [])
    return register


def test_a_transform_of_every_resource_could_undo_what_the_guard_did(registered: Callable[..., None]) -> None:
    assert not undoing()
    registered(undo)
    assert undoing()
    assert not undoing([undo]), "it is in the options of one resource"


def test_one_of_invokes_touches_no_resource(registered: Callable[..., None]) -> None:
    registered(undo, of_invokes=True)
    assert not undoing()


@pytest.mark.parametrize("preview", [True, False])
def test_one_that_only_looks_passes_in_previews_alone(
    registered: Callable[..., None], monkeypatch: pytest.MonkeyPatch, preview: bool
) -> None:
    monkeypatch.setattr(transforms, "is_dry_run", lambda: preview)
    registered(for_previews(undo))
    assert undoing() is not preview
