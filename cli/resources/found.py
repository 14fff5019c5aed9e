"""What a lookup finds, and which resource of a CloudFormation template it would be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Existing:
    """A resource of the template, as CloudFormation made it."""

    logical_id: str
    kind: str
    """CloudFormation's type, as ``AWS::SQS::Queue``."""
    physical_id: str | None
    """None where no stack tells it and the template gives no name."""
    name: str | None = None
    """The name that the template gives."""
    within: str | None = None
    """What it lies in, where names repeat: the API of a stage, the application of a deployment group."""


@dataclass(frozen=True)
class Owner:
    """How a resource of a template would be known: by its physical id, or by the name that the template gave it."""

    kind: str
    physical_id: str
    name: str = ""
    within: str = ""

    def is_(self, existing: Existing) -> bool:
        """Whether this is that resource."""
        if existing.kind != self.kind or (existing.within and self.within and existing.within != self.within):
            return False
        if existing.physical_id is not None:
            return _path(existing.physical_id) == _path(self.physical_id)
        return existing.name is not None and existing.name == (self.name or self.physical_id)


@dataclass(frozen=True)
class Match:
    """Something in the account that a resource of the program describes."""

    identifier: str
    """The id by which pulumi-aws imports it."""
    owners: tuple[Owner, ...]
    """The template's resource that it is; or, after that, the one it is a part of (the API of a method)."""


def _path(physical_id: str) -> str:
    """A physical id without the host of a URL: a queue has more than one (``queue.amazonaws.com`` is the older)."""
    scheme, separator, rest = physical_id.partition("://")
    return rest.partition("/")[2] if separator else scheme
