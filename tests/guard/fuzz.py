"""Random programs and random sequences of what people do to them, over stores with items in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hypothesis import strategies as st

from guard.approvals import Action
from tests.guard.programs import Declared
from tests.guard.world import Program, World

POOL = (("table", "receipts"), ("table", "labels"), ("bucket", "documents"), ("queue", "jobs"), ("logs", "events"))
ITEMS = 2
"""Put into every store that an update made."""


@dataclass(frozen=True)
class Shape:
    """A store as one program of a sequence declares it."""

    renamed: bool = False
    aliased: bool = False
    key: str = "id"
    inside: str | None = None
    physical: str = ""
    """What is added to its physical name: another one is another store."""


@dataclass(frozen=True)
class Deed:
    """One step of a sequence."""

    verb: str
    """update, back, refresh, destroy, preview or approve."""
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    """The program of an update: the stores that it declares."""
    target: str | None = None
    """The store that is approved, with a recovery point or without."""
    replace: bool = False
    copied: bool = False


SHAPES = st.builds(
    Shape,
    renamed=st.booleans(),
    aliased=st.booleans(),
    key=st.sampled_from(["id", "id", "other"]),
    inside=st.sampled_from([None, None, "part"]),
    physical=st.sampled_from(["", "", "", "-two"]),
)
PROGRAMS = st.dictionaries(st.sampled_from([name for _, name in POOL]), SHAPES | st.just(Shape()), max_size=len(POOL))
DEEDS = st.one_of(
    st.builds(Deed, st.just("update"), PROGRAMS),
    st.builds(Deed, st.just("update"), PROGRAMS),
    st.builds(Deed, st.sampled_from(["back", "refresh", "destroy", "preview"])),
    st.builds(
        Deed,
        st.just("approve"),
        target=st.sampled_from([name for _, name in POOL]),
        replace=st.booleans(),
        copied=st.booleans(),
    ),
)
WHOLE = {name: Shape() for _, name in POOL}
SEQUENCES = st.lists(DEEDS, min_size=2, max_size=5)
"""After a first update that makes all stores."""


@dataclass
class Run:
    """One sequence on one stack, and what is known of the items."""

    world: World
    guard: bool = True
    items: dict[tuple[str, str], int] = field(default_factory=dict)
    """(kind, physical name) -> items that have to be there."""
    approved: set[str] = field(default_factory=set)
    """Physical names of stores that somebody let go."""
    programs: list[Program] = field(default_factory=list)

    def play(self, sequence: list[Deed]) -> list[str]:
        """Play it; what was lost, one line each."""
        for deed in [Deed("update", WHOLE), *sequence]:
            getattr(self, f"_{deed.verb}")(deed)
            if lost := self._lost():
                return lost
            self._fill()
        return []

    def _update(self, deed: Deed) -> None:
        stores = tuple(self._declared(kind, name, deed.shapes[name]) for kind, name in POOL if name in deed.shapes)
        self._run(Program(stores, self.guard))

    def _back(self, _: Deed) -> None:
        self._run(self.programs[0])

    def _refresh(self, _: Deed) -> None:
        self.world.run("refresh", self.programs[-1])

    def _destroy(self, _: Deed) -> None:
        self.world.run("destroy", self.programs[-1], "--run-program")

    def _preview(self, _: Deed) -> None:
        self.world.run("preview", Program((), self.guard))

    def _approve(self, deed: Deed) -> None:
        kind = next(kind for kind, name in POOL if name == deed.target)
        physical = f"{self.world.project}-{deed.target}"
        if not self.guard or self.world.items(kind, physical) is None:
            return
        try:
            self.world.approve(physical, Action.REPLACE if deed.replace else Action.DELETE)
        except IndexError:
            return  # it isn't in the state any more
        if deed.copied:
            self.world.recovery_point(physical)
            self.approved.add(physical)
        # The update that unlocks it.
        self._run(self.programs[-1])

    def _run(self, program: Program) -> None:
        self.world.run("up", program)
        self.programs.append(program)

    def _declared(self, kind: str, name: str, shape: Shape) -> Declared:
        return Declared(
            kind=kind,
            name=f"{name}-new" if shape.renamed else name,
            physical=f"{self.world.project}-{name}{shape.physical}",
            key=shape.key,
            inside=shape.inside,
            aliases=(name, f"{name}-new") if shape.aliased else (),
            unlocked=not self.guard,
        )

    def _lost(self) -> list[str]:
        found = []
        for (kind, physical), wanted in self.items.items():
            there = self.world.items(kind, physical)
            if physical not in self.approved and (there is None or there < wanted):
                found.append(f"{kind} {physical}: {there} of {wanted} items")
        return found

    def _fill(self) -> None:
        """Put items into every store that is there and has none of ours."""
        for kind, name in POOL:
            for suffix in ("", "-two"):
                physical = f"{self.world.project}-{name}{suffix}"
                if self.world.items(kind, physical) == 0:
                    self.world.put(kind, physical, ITEMS)
                    self.items[kind, physical] = ITEMS
