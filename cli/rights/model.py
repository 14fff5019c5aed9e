"""What a row of the tables of rights says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Grant:
    """Actions on resources. Both are words of one text, or several texts, so that a row reads as a line."""

    actions: str
    """IAM actions, ``service:Action``, with blanks between them."""
    on: tuple[str, ...]
    """ARN patterns with the placeholders of ``Place``; ``*`` for what can't be narrowed."""
    only_if: Mapping[str, Mapping[str, str | tuple[str, ...]]] = field(default_factory=dict)
    """The statement's condition: operator -> key -> values."""

    @property
    def words(self) -> tuple[str, ...]:
        """The actions, each once, sorted."""
        return tuple(sorted(set(self.actions.split())))


@dataclass(frozen=True)
class TypeRights:
    """What the provider calls for one resource type, by what it does with a resource."""

    on: tuple[str, ...]
    create: str
    read: str
    update: str = ""
    delete: str = ""
    also: tuple[Grant, ...] = ()
    """Actions of the same operations on other resources, such as a role that is passed."""

    @property
    def grants(self) -> tuple[Grant, ...]:
        """Everything, for a principal that makes, reads, changes and deletes."""
        whole = " ".join((self.create, self.read, self.update, self.delete))
        return (Grant(whole, self.on), *self.also)

    @property
    def actions(self) -> set[str]:
        """Every action of the type."""
        return {word for grant in self.grants for word in grant.words}


@dataclass(frozen=True)
class Place:
    """What the placeholders of the patterns stand for."""

    stack: str
    region: str
    account: str = "*"
    """Twelve digits; ``*`` where it isn't known."""
    partition: str = "aws"
    artifacts: str = "rollback-stack-artifacts"
    recovery: str = "rollback-stack-recovery"

    def arn(self, pattern: str) -> str:
        """An ARN or an ARN pattern, out of a pattern of the tables."""
        return pattern.format_map(vars(self))
