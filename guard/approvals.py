"""Approvals: who lets a durable store be deleted or replaced, why, and until when.

They are data of the project, reviewed as such: ``stacks/approvals/<stack>.yaml`` holds a list. An approval alone never
lets a delete through: the recovery point is looked for all the same (``guard.hook``).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import AwareDatetime, Field, ValidationError, model_validator

from stacks.model import ConfigurationError, Model, explain

FOLDER = Path(__file__).resolve().parent.parent / "stacks" / "approvals"
LONGEST = timedelta(days=7)
"""An approval is for a deed at hand, not for ever."""
BLAST_RADIUS = "blast-radius:"
"""What the ``store`` of an approval begins with that is about a whole system (``blast-radius:async-rag``)."""


class Action(StrEnum):
    """What is approved."""

    DELETE = "delete"
    REPLACE = "replace"
    LOSE = "lose"
    BLAST_RADIUS = "blast-radius"


GONE = (Action.DELETE, Action.REPLACE)
"""What takes a store away."""


class Approval(Model):
    """One decision of one person."""

    store: Annotated[str, Field(min_length=3, max_length=512)]
    """The store's URN, or ``blast-radius:<system>``."""
    action: Action
    by: Annotated[str, Field(min_length=2, max_length=128)]
    reason: Annotated[str, Field(min_length=8, max_length=1_024)]
    given: AwareDatetime
    expires: AwareDatetime

    @model_validator(mode="after")
    def _short(self) -> Approval:
        if not self.given < self.expires <= self.given + LONGEST:
            raise ValueError(f"expires lies after given, by {LONGEST.days} days at the most")
        return self

    def covers(self, store: str, action: Action, now: datetime) -> bool:
        """Whether it is about this deed, and still holds."""
        return self.store == store and self.action is action and self.given <= now < self.expires


class Approvals(Model):
    """The file's content."""

    approvals: tuple[Approval, ...] = ()


def load(stack: str, folder: Path = FOLDER) -> tuple[Approval, ...]:
    """A stack's approvals, none where there is no file. Raises ``ConfigurationError`` for a file that is malformed."""
    path = folder / f"{stack}.yaml"
    try:
        given = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        return ()
    except (yaml.YAMLError, OSError) as error:
        raise ConfigurationError(f"approvals of {stack}: {error}") from None
    try:
        return Approvals.model_validate({"approvals": given or []}).approvals
    except ValidationError as error:
        raise explain(error, f"approvals of {stack}", Approvals) from None


def add(stack: str, approval: Approval, folder: Path = FOLDER) -> Path:
    """Write an approval to the stack's file, in place of one for the same deed; the file."""
    kept = [each for each in load(stack, folder) if (each.store, each.action) != (approval.store, approval.action)]
    path = folder / f"{stack}.yaml"
    folder.mkdir(exist_ok=True)
    content = [each.model_dump(mode="json", by_alias=True) for each in (*kept, approval)]
    temporary = path.with_suffix(".new")
    temporary.write_text(
        "# Who approved which delete, why, and until when (docs/guard.md). Written by `rollback guard approve`.\n"
        + yaml.safe_dump(content, sort_keys=False, width=120, allow_unicode=True)
    )
    temporary.replace(path)
    return path


def any_of(
    approvals: Iterable[Approval], stores: Iterable[str | None], actions: Iterable[Action], now: datetime
) -> Approval | None:
    """The first approval that holds now for any of the stores and any of the actions."""
    given, wanted = tuple(approvals), tuple(actions)
    found = (find(given, store, action, now) for store in stores if store for action in wanted)
    return next((each for each in found if each is not None), None)


def find(approvals: Iterable[Approval], store: str, action: Action, now: datetime) -> Approval | None:
    """The approval of a deed that holds now."""
    return next((each for each in approvals if each.covers(store, action, now)), None)
