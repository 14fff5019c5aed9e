"""What a preview says would happen, and whether a takeover may go on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cli.takeover.model import PlannedChange, TakeoverError
from core.urn import name_of

REPLACING = frozenset(
    {"replace", "create-replacement", "delete-replaced", "import-replacement", "read-replacement", "discard-replaced"}
)
DELETING = frozenset({"delete", "discard"})
_QUIET = frozenset({"same", "read", "refresh", "import"})
_LONGEST = 60
"""Characters of a value that are shown."""


def changes(preview: Mapping[str, Any]) -> list[PlannedChange]:
    """What would be created, updated, replaced or deleted.

    Raises `TakeoverError` where the preview failed for another reason than a replacement that the engine refuses.
    """
    found = [_change(step) for step in preview.get("steps") or [] if step["op"] not in _QUIET]
    if not blocking(found) and (failed := _error(preview)):
        raise TakeoverError(f"the program can't be previewed: {failed}")
    return [each for each in found if each.kind != "pulumi:pulumi:Stack"]


def blocking(found: Iterable[PlannedChange]) -> list[PlannedChange]:
    """The changes that forbid a takeover."""
    return [each for each in found if each.operation in REPLACING | DELETING]


def refusal(found: Sequence[PlannedChange]) -> str | None:
    """Why a takeover may not go on, in one line; None where it may."""
    in_the_way = blocking(found)
    if not in_the_way:
        return None
    first = in_the_way[0]
    more = len({(each.kind, each.name) for each in in_the_way}) - 1
    others = f" (and {more} more)" if more else ""
    if first.operation in DELETING:
        return f"the next update would delete {first.kind} {first.name}{others}: bring the stack up to date first"
    return (
        f"the next update would replace {first.kind} {first.name}: {'; '.join(first.properties)}{others}; "
        "make the program's settings fit what exists, then run this again"
    )


def _change(step: Mapping[str, Any]) -> PlannedChange:
    old, new = step.get("oldState") or {}, step.get("newState") or {}
    kind, name = (new or old)["type"], name_of(str(step["urn"]))
    operation = str(step["op"])
    if operation in REPLACING:
        pairs = [
            f"{key} is {_short(_input(old, key))}, the program wants {_short(_input(new, key))}"
            for key in step.get("replaceReasons") or step.get("diffReasons") or []
        ]
        return PlannedChange(kind, name, operation, tuple(pairs))
    return PlannedChange(kind, name, operation, tuple(step.get("diffReasons") or []))


def _input(state: Mapping[str, Any], path: str) -> Any:
    return (state.get("inputs") or {}).get(path.partition(".")[0].partition("[")[0])


def _short(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _error(preview: Mapping[str, Any]) -> str | None:
    """The first error: its first line, and where that only announces a traceback, the traceback's last."""
    for each in preview.get("diagnostics") or []:
        lines = [line.strip().removeprefix("error:").strip() for line in str(each["message"]).splitlines()]
        lines = [line for line in lines if line]
        if each.get("severity") == "error" and lines and lines != ["preview failed"]:
            return f"{lines[0]} {lines[-1]}" if lines[0].endswith(":") else lines[0]
    return None
