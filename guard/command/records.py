"""The records of a stack as its commands name them; one that can't be read matters to its own store alone."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import typer

from core import project
from core.errors import ServiceError
from guard.durable import Kind
from guard.recovery.catalogue import Catalogue, Unreadable
from guard.recovery.points import LocatedStore, RecoveryPoint
from guard.recovery.stores import choose


class NoPointError(ServiceError):
    """A store of the stack has no recovery point."""


@dataclass(frozen=True)
class Records:
    """What a catalogue knows of one stack. Methods raise ``ServiceError`` for a word that names nothing."""

    points: Sequence[RecoveryPoint]
    """Newest first."""
    unreadable: Sequence[Unreadable]

    @classmethod
    def of(cls, catalogue: Catalogue, stack: str) -> Records:
        """The records of a stack."""
        return cls(*catalogue.records(stack))

    def of_store(
        self, word: str, region: str | None = None, present: Callable[[], Sequence[LocatedStore]] = tuple
    ) -> Sequence[RecoveryPoint]:
        """The points of the store with this name or URN, newest first; refused where a record of it can't be read.

        ``present``: the stack's own stores, asked for where no point has this name: one without points is told so.
        """
        known = self._stores()
        if not any(word in (each.name, each.urn) for each in known):
            wanted = choose([*known, *present()], word, region)
            raise NoPointError(
                f"there is no recovery point of {wanted} yet: `{project.commands().recovery} make "
                f"{shlex.quote(wanted.name)} -s {wanted.stack}` makes one, as long as the store is there"
            )
        wanted = choose(known, word, region)
        for each in self.unreadable:
            if each.is_of(wanted):
                raise ServiceError(str(each))
        return [point for point in self.points if _key(point.store) == _key(wanted)]

    def find(self, word: str) -> RecoveryPoint:
        """The recovery point whose id is, or begins with, a word."""
        found = [point for point in self.points if point.id.startswith(word)] if word else []
        spoilt = [each for each in self.unreadable if each.id.startswith(word)] if word else []
        if spoilt and (not found or any(each.id == word for each in spoilt)):
            raise ServiceError(str(spoilt[0]))
        if len(found) + len(spoilt) == 1:
            return found[0]
        if found:
            ids = ", ".join([*(each.id for each in found), *(each.id for each in spoilt)])
            raise ServiceError(f"{len(found) + len(spoilt)} recovery points begin with {word!r}: {ids}")
        near = get_close_matches(word, [point.id for point in self.points], n=3, cutoff=0.3)
        raise ServiceError(
            f"no recovery point {word!r}; nearest: {', '.join(near) or 'none'} ({project.commands().recovery} list)"
        )

    def warn(self) -> None:
        """Name the records that were passed over, one a line, on standard error."""
        for each in self.unreadable:
            typer.echo(f"warning: passed over: {each}", err=True)

    def _stores(self) -> list[LocatedStore]:
        """The stores that have recovery points, each once, as the newest record knows it."""
        found: dict[tuple[Kind, str, str], LocatedStore] = {}
        for point in self.points:
            found.setdefault(_key(point.store), point.store)
        return list(found.values())


def _key(store: LocatedStore) -> tuple[Kind, str, str]:
    return store.kind, store.name, store.region
