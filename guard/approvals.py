"""Approvals: who lets a durable store be deleted or replaced, why, and until when.

They are data of the project, reviewed as such: ``<stack>.yaml`` in the folder that ``core.project`` names holds a list.
An approval alone never lets a delete through: the recovery point is looked for all the same (``guard.hook``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from core import project
from core.files import alone, replace_text
from core.model import Model, explain
from core.strict_yaml import read_yaml

LONGEST = timedelta(days=7)
"""An approval is for a operation at hand, not for ever."""
BLAST_RADIUS = "blast-radius:"
"""What the ``store`` of an approval begins with that is about a whole system (``blast-radius:async-rag``)."""


class Action(StrEnum):
    """What is approved."""

    DELETE = "delete"
    REPLACE = "replace"
    LOSE = "lose"
    BLAST_RADIUS = "blast-radius"

    @property
    def noun(self) -> str:
        """What it is called in a sentence."""
        return {"delete": "deletion", "replace": "replacement", "lose": "loss of data"}.get(self.value, self.value)


GONE = (Action.DELETE, Action.REPLACE)
"""What takes a store away."""


def _says_something(text: str) -> str:
    """Refuse what looks empty, or like two lines, to whoever reads it: blanks, dashes, zero-width spaces, breaks."""
    if not text.isprintable():
        raise ValueError("has to be one line of printable characters")
    if sum(character.isalnum() for character in text) < 2:
        raise ValueError("says nothing")
    return text


Person = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=2, max_length=128), AfterValidator(_says_something)
]
"""The name of somebody who decides."""
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=8, max_length=1_024), AfterValidator(_says_something)
]
"""Why, in a sentence."""


def _told_as_a_time(value: object) -> object:
    """Refuse a number of seconds: nobody who reviews it sees when that is."""
    if isinstance(value, int | float) or (isinstance(value, str) and value.strip().lstrip("-+").isdecimal()):
        raise ValueError("has to be a date and a time, such as 2026-11-30T12:00:00Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_told_as_a_time)]


class Approval(Model):
    """One decision of one person."""

    store: Annotated[
        str,
        Field(
            min_length=3, max_length=512, pattern=r"^(urn:pulumi:[^:\s]+::[^:\s]+::\S+?::\S.*|blast-radius:[a-z0-9-]+)$"
        ),
    ]
    """The store's URN, or ``blast-radius:<system>``. With ``property`` a component's as well: what lies in it."""
    action: Action
    property: Annotated[str, Field(min_length=2, max_length=256, pattern=r"^[A-Za-z][A-Za-z0-9.\[\]_-]*$")] | None = (
        None
    )
    """The one property by whose change data may be lost, as the plan names it; left out: any, of the store itself."""
    by: Person
    reason: Reason
    given: Moment
    expires: Moment

    @model_validator(mode="after")
    def _short(self) -> Approval:
        if not self.given < self.expires <= self.given + LONGEST:
            raise ValueError(f"expires lies after given, by {LONGEST.days} days at the most")
        if self.store.startswith(BLAST_RADIUS) is not (self.action is Action.BLAST_RADIUS):
            raise ValueError(f"{self.action.value} can't be approved of {self.store}")
        if self.property is not None and self.action is not Action.LOSE:
            raise ValueError(f"{self.action.value} can't be approved of one property: that is for lose alone")
        return self

    def covers(self, store: str, action: Action, now: datetime) -> bool:
        """Whether it is about this operation, and still holds; one of a single property is about no whole operation."""
        return self.property is None and self.store == store and self.action is action and self.holds(now)

    def covers_part(self, stores: Iterable[str], path: str, now: datetime) -> bool:
        """Whether it is about a change of this property, of any of these or of what lies in them, and still holds."""
        return self.property is not None and self.property == path and self.store in stores and self.holds(now)

    def holds(self, now: datetime) -> bool:
        """Whether its time has come and isn't over."""
        return self.given <= now < self.expires

    def held(self, store: str, action: Action, start: datetime, end: datetime) -> bool:
        """Whether it is about this operation, and held at some moment from ``start`` to ``end``."""
        return self.store == store and self.action is action and self.given <= end and start < self.expires


def digest(approval: Approval) -> str:
    """By which the ledger knows an approval: whoever changes a date or a name in it has another one."""
    return hashlib.sha256(approval.model_dump_json(by_alias=True).encode()).hexdigest()


class Approvals(Model):
    """The file's content."""

    approvals: tuple[Approval, ...] = ()


def load(stack: str, folder: Path | None = None) -> tuple[Approval, ...]:
    """A stack's approvals, none where there is no file. Raises ``ConfigurationError`` for a file that is malformed.

    ``folder``: the project's own where left out.
    """
    path = _folder(folder) / f"{stack}.yaml"
    try:
        given = read_yaml(path, f"approvals of {stack}", plain=True)
    except FileNotFoundError:
        return ()
    try:
        return Approvals.model_validate({"approvals": [] if given is None else given}).approvals
    except ValidationError as error:
        raise explain(error, f"approvals of {stack}", Approvals) from None


def add(stack: str, approval: Approval, folder: Path | None = None) -> Path:
    """Write an approval to the stack's file, in place of one for the same operation; the file."""
    folder = _folder(folder)
    with _alone(folder):
        others = [other for other in load(stack, folder) if _deed(other) != _deed(approval)]
        return _write(stack, [*others, approval], folder)


def _folder(given: Path | None) -> Path:
    return project.current().approvals if given is None else given


def _deed(approval: Approval) -> tuple[str, Action, str | None]:
    return approval.store, approval.action, approval.property


def remove(stack: str, approvals: Iterable[Approval], folder: Path | None = None) -> Path:
    """Take approvals out of the stack's file; the file."""
    folder, revoked = _folder(folder), list(approvals)
    with _alone(folder):
        return _write(stack, [other for other in load(stack, folder) if other not in revoked], folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder from reading to writing: what one command revokes, another must not write again."""
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder):
        yield


def _write(stack: str, approvals: Iterable[Approval], folder: Path) -> Path:
    """Replace the stack's file in one step, with a file that is on the disk: whole, or as it was."""
    path = folder / f"{stack}.yaml"
    content = [approval.model_dump(mode="json", by_alias=True, exclude_none=True) for approval in approvals]
    head = (
        "# Who approved which delete, why, and until when (docs/guard.md). Written by "
        f"`{project.commands().guard} approve`.\n"
    )
    replace_text(path, head + yaml.safe_dump(content, sort_keys=False, width=120, allow_unicode=True))
    return path


def any_of(
    approvals: Iterable[Approval], stores: Iterable[str | None], actions: Iterable[Action], now: datetime
) -> Approval | None:
    """The first approval that holds now for any of the stores and any of the actions."""
    given, wanted = tuple(approvals), tuple(actions)
    found = (find(given, store, action, now) for store in stores if store for action in wanted)
    return next((each for each in found if each is not None), None)


def find(approvals: Iterable[Approval], store: str, action: Action, now: datetime) -> Approval | None:
    """The approval of an operation that holds now."""
    return next((each for each in approvals if each.covers(store, action, now)), None)
