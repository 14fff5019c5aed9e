"""Places in a plan or a manifest whose value can't be told.

checkov has no word for one. Each gets a text of its own, and the worker judges its resource once for each value that it
could have: the verdict stands only where all of them agree (``worker/possible.py``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from policies.checkov.naming import Shape
from policies.checkov.values import GAP, Unknown

NAME = "pulumi-unknown-{}-"
"""What stands in the place. The ending keeps the first from being a part of the eleventh."""


@dataclass(frozen=True)
class Hole:
    """One place: what is known of its value."""

    path: tuple[str, ...]
    """The arguments that lead there, in checkov's terms."""
    shape: str
    """What the argument holds (``naming.Shape``), or ``any``."""
    reference: str | None
    """The resource that the value comes from, as Terraform refers to it."""
    text: str
    """The known text around it, with ``gap`` in its place."""
    secret: bool
    whole: bool
    """The argument as a whole; otherwise an item of a list or a value of a map."""
    gap: str = GAP

    @property
    def name(self) -> str:
        """For people: ``ingress.cidr_blocks``."""
        return ".".join(self.path)


@dataclass
class Holes:
    """All of one scan, by what stands in their places."""

    found: dict[str, Hole] = field(default_factory=dict)

    def stand_in(
        self, value: Unknown, path: Sequence[str], shape: Shape | str, reference: str | None, whole: bool = True
    ) -> str:
        """A new place; returns what stands in it."""
        number = len(self.found) + 1
        # A check that compares two resources by what they refer to finds the same reference in both.
        name = f"{reference}[{number}]" if reference else NAME.format(number)
        kind = shape.value if isinstance(shape, Shape) else shape
        self.found[name] = Hole(tuple(path), kind, reference, value.text, value.secret, whole)
        return name

    def __str__(self) -> str:
        return json.dumps({name: asdict(each) for name, each in self.found.items()})
