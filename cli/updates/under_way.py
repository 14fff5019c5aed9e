"""Whose update of a stack is under way: what isn't as it is pinned meanwhile is its work, and nobody's drift."""

from __future__ import annotations

from cli.engine import Engine
from cli.updates import pins


def find(engine: Engine) -> str | None:
    """The update that is under way, in words: the command of this checkout with its process, else the engine's.

    None where none is. Raises ``EngineError`` where the engine can't be asked.
    """
    if owner := pins.holder(engine.stack):
        return f"the update of {owner}"
    return engine.under_way()
