"""Whether a durable store may go: the one decision that hook, gate, plan, audit and policies share.

A store goes where the operation itself is approved, or where the store whose safeguard or companion it is has been let
go; and, of what holds data, where its recovery point is in order (``guard.evidence``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from core import project
from core.urn import type_of
from guard import approvals
from guard.approvals import GONE, Action, Approval
from guard.durable import Kind, durable
from guard.evidence import RecoveryPoints
from guard.store import Store


def concerning(urn: str, token: str, parent: str | None) -> tuple[str, ...]:
    """The URNs whose approval lets a store go: its own, and for a safeguard that of the bucket that it lies in.

    A component is no store: what lies in it goes by an approval of its own.
    """
    holds = durable(token)
    safeguard = holds is not None and holds.kind is Kind.BELT
    above = durable(type_of(parent)) if safeguard and parent else None
    return (urn, parent) if parent and above is not None and above.kind is Kind.BUCKET else (urn,)


def is_let_go(given: Iterable[Approval], stores: Iterable[str | None], now: datetime) -> bool:
    """Whether a person lets a store go, deleted or replaced, by an approval of any of these (``concerning``)."""
    return approvals.any_of(given, stores, GONE, now) is not None


def may_lose(given: Iterable[Approval], stores: Collection[str], now: datetime) -> bool:
    """Whether a person lets any of these stores lose data; whoever lets a store go has let go what it holds."""
    return approvals.any_of(given, stores, (Action.LOSE, *GONE), now) is not None


def is_permitted(
    given: Collection[Approval], urn: str, action: Action, now: datetime, *, owner: str | None = None
) -> bool:
    """Whether this operation on a store is approved, or its ``owner`` (the store whose safeguard it is) is let go."""
    return approvals.find(given, urn, action, now) is not None or is_let_go(given, [owner], now)


@dataclass(frozen=True)
class Decision:
    """Decides about the stores of one stack, by its approvals and recovery points as they are at that moment."""

    stack: str
    evidence: RecoveryPoints
    owner: Callable[[str], str | None]
    """The store that a safeguard belongs to, by the safeguard's URN."""
    folder: Path | None = None
    """That of the approvals; None: the project's own."""
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    word: Callable[[Store], str] = field(default=lambda store: store.name)
    """What a command calls a store: its name, or its URN where others have that name."""

    def refusal(self, store: Store, action: Action) -> str | None:
        """Why a store must not go, in two lines; None where it may."""
        if action is Action.REPLACE and (holds := durable(store.type)) and holds.renewable:
            return None  # the program's own values take the place of its older ones
        return self.refusal_for(store, action, self.evidence.find(store).missing)

    def refusal_for(self, store: Store, action: Action, missing: str | None) -> str | None:
        """The same, where what is missing has been looked for already."""
        return missing if missing is not None else self.unapproved(store, action)

    def unapproved(self, store: Store, action: Action) -> str | None:
        """That the operation isn't approved, and how to approve it; None where it is."""
        given = approvals.load(self.stack, self.folder)
        if is_permitted(given, store.urn, action, self.now(), owner=self.owner(store.urn)):
            return None
        command = project.commands().approve(self.word(store), action.value, self.stack)
        return f"{store.name}: its {action.noun} isn't approved ({store.urn})\n  {command}"
