"""The guard with one of its answers taken out, in a process of its own: what the sequences have to notice.

Each was a way to lose data once. Without it, some sequence must show a fault; with it, none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import guard.recovery.place
from guard import types
from guard.approvals import Action, Approval
from guard.durable import durable
from guard.evidence import RecoveryPoints, RecoveryStatus
from guard.gate import Gate
from guard.guard import Guard
from guard.in_place.hook import LossHook
from guard.location import Location
from guard.plan import Plan
from guard.recovery import work
from tests.guard.fuzz.sequences import Deed, Shape

HOME = "us-east-1"


@dataclass(frozen=True)
class Mend:
    """One answer of the guard."""

    take_out: Callable[[], None]
    sequence: tuple[Deed, ...]
    """The shortest that shows a fault without it."""
    begin: tuple[str, ...] = ("receipts", "west", "documents", "events", "prompt", "news")
    """The stores that are there before it."""


def unclassify() -> None:
    """Nobody has reviewed the type of parameters."""
    rows = dict(types.rows("aws"))
    del rows["ssm/Parameter"]
    reviewed = types.rows
    _put(types, "rows", lambda table: rows if table == "aws" else reviewed(table))
    durable.cache_clear()


def _namesakes() -> None:
    """A store is counted, and its copy looked for, where the stack's own region is."""
    located = guard.recovery.place.located
    _put(guard.recovery.place, "located", lambda *of: located(*of).model_copy(update={"region": HOME}))
    _put(Location, "is_same_place", lambda *_: True)


def _copies() -> None:
    """The record of a copy is believed."""
    _put(work, "check", lambda *_, **__: None)


def _actions() -> None:
    """An approval of one operation is one of any other."""
    _put(Approval, "covers", lambda self, store, _, now: self.store == store and self.given <= now < self.expires)


def _destroys() -> None:
    """Whatever is deleted and declared is taken to be replaced."""

    async def replaced(*_: Any) -> Action:
        return Action.REPLACE

    _put(Guard, "_action", replaced)
    _put(Gate, "decide", lambda _: None)


def _gate() -> None:
    """Only stores speak against a destroy."""
    _put(Gate, "decide", lambda _: None)


def _undone() -> None:
    """Whoever registers a transformation later may take hook, protection and retention off."""
    _put(Guard, "_refuse_to_be_undone", lambda *_: None)


def _in_place() -> None:
    """A change in place is never a loss."""
    _put(LossHook, "unapproved", lambda *_: None)


def _unclassified() -> None:
    """What nobody has reviewed holds nothing."""
    classify = types.classify
    _put(durable.__wrapped__, "classify", lambda token: classify(token) or types.NOTHING)
    durable.cache_clear()


def _evidence() -> None:
    """What is approved may go without a copy."""
    _put(RecoveryPoints, "find", lambda *_: RecoveryStatus(missing=None))


def _settled() -> None:
    """The policies judge a plan again in every update after it."""
    begun = Plan.__init__

    def begin(self: Plan, content: Mapping[str, Any], **_: Any) -> None:
        begun(self, content)

    _put(Plan, "__init__", begin)


def _put(owner: Any, name: str, value: Any) -> None:
    """In place of what the guard has, in this process, which ends with the update."""
    if callable(owner) and not isinstance(owner, type):
        owner.__globals__[name] = value
    else:
        setattr(owner, name, value)


BEGIN = {name: Shape() for name in Mend.begin}


def _but(*names: str, **shapes: Shape) -> Deed:
    """An update of what there was at the beginning, without these stores, or with others of their names."""
    return Deed("update", {**{name: shape for name, shape in BEGIN.items() if name not in names}, **shapes})


_COPIED = Deed("approve", target="receipts", copied=True)
_REPLACED = Deed("approve", target="receipts", action="replace", copied=True)
MENDS: Mapping[str, Mend] = {
    "namesakes": Mend(_namesakes, (_COPIED, Deed("approve", target="west"), _but("west"))),
    "copies": Mend(_copies, (_COPIED, Deed("lose_copies"), _but("receipts"))),
    "actions": Mend(_actions, (_REPLACED, Deed("destroy_one", target="receipts"))),
    "destroys": Mend(_destroys, (_REPLACED, Deed("destroy_one", target="receipts"))),
    "gate": Mend(_gate, (Deed("approve", target="documents"), Deed("destroy")), ("documents",)),
    "undone": Mend(_undone, (Deed("undone", BEGIN), _but("events"))),
    "in place": Mend(_in_place, (_but(documents=Shape(loses="expires")),)),
    "unclassified": Mend(_unclassified, (_but("prompt"),)),
    "evidence": Mend(_evidence, (Deed("approve", target="receipts"), _but("receipts"))),
    "settled": Mend(
        _settled,
        (
            Deed("approve", target="receipts", action="replace"),
            _but(receipts=Shape(key="other")),
            Deed("again"),
        ),
    ),
}
"""By name."""


@dataclass(frozen=True)
class Prepared:
    """What each program's process begins with: a type that nobody has reviewed, and at most one answer taken out."""

    without: str | None = None

    def __call__(self) -> None:
        unclassify()
        if self.without is not None:
            MENDS[self.without].take_out()
