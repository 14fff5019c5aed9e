"""The engine's own history of a stack (``pulumi stack history --json``, newest first), read for the audit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from core import project
from guard import pack

ENVIRONMENT, FLAG = f"pulumi.env.{pack.VARIABLE}", "pulumi.flag.policy-pack"
"""What the history says of an update that named a pack. Not which, and an empty variable is "set" as well."""
LOWERED = (f"{ENVIRONMENT}_CONFIG", f"{FLAG}-config")
"""The same of a configuration by which even a fixed policy can be made advisory: the engine decides about that."""
HARMLESS = frozenset({"same", "create", "update", "read", "refresh", "import"})
"""Operations by which no resource leaves the state."""
Update = Mapping[str, Any]


def changed(update: Update) -> bool:
    """Whether an update may have changed which resources there are, or how they are guarded.

    One that was refused didn't, nor did a refresh that let nothing go: an edit of the state before it is still an edit.
    """
    if update.get("kind") == "refresh" and not set(update.get("resourceChanges") or ()) - HARMLESS:
        return False
    return update["result"] != "failed" or bool(set(update.get("resourceChanges") or ()) - {"same"})


def newest(history: Sequence[Update]) -> str | None:
    """When the newest update started that may have changed anything."""
    return next((str(update["startTime"]) for update in history if changed(update)), None)


def since(history: Sequence[Update], start: str | None) -> Iterator[Update]:
    """The updates after the one that started at ``start``, the newest first; all of them where none did."""
    for update in history:
        if start is not None and str(update["startTime"]) <= start:
            return
        yield update


def removals(history: Sequence[Update], start: str | None, now: datetime) -> list[tuple[datetime, datetime]]:
    """When anything may have left the state by an update after ``start``: its beginning and its end."""
    return [
        (_time(update["startTime"]), _time(update["endTime"]) if update.get("endTime") else now)
        for update in since(history, start)
        if set(update.get("resourceChanges") or ()) - HARMLESS
    ]


def buckets(history: Sequence[Update], default: str) -> list[str]:
    """The recovery buckets that the settings of updates named, the newest first, each once."""
    found, key = [], project.current().settings.recovery_bucket_setting
    for update in history:
        told = (update.get("config") or {}).get(key)
        value = told.get("value") if isinstance(told, Mapping) else told
        found.append(str(value) if value else default)
    return list(dict.fromkeys(found))


def judged(update: Update) -> bool:
    """Whether the environment named a pack, and nothing on the command line named another."""
    environment = update.get("environment") or {}
    return ENVIRONMENT in environment and FLAG not in environment


def named(update: Update) -> bool:
    """Whether the command line named a pack: which one isn't recorded."""
    return FLAG in (update.get("environment") or {})


def lowered(update: Update) -> bool:
    """Whether the pack was given a configuration of its own."""
    return bool(set(update.get("environment") or ()) & set(LOWERED))


def _time(text: object) -> datetime:
    found = datetime.fromisoformat(str(text))
    return found if found.tzinfo else found.astimezone()
