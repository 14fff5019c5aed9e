"""Random programs and random sequences of what people do to them, over stores with items in them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from guard.approvals import Action
from guard.recovery.errors import RecoveryError
from tests.guard.programs import Declared
from tests.guard.world import BUCKET, Program, World

HOME, WEST, NORTH = "us-east-1", "us-west-2", "eu-north-1"
POOL = (
    ("table", "receipts"),
    ("table", "labels"),
    ("bucket", "documents"),
    ("queue", "jobs"),
    ("logs", "events"),
    ("table", "west"),
    ("topic", "news"),
)
NAMESAKES = {"west": "receipts"}
"""Stores that bear another one's physical name, in another region."""
ITEMS = 2
"""Put into every store that an update made."""
Place = tuple[str, str, str]
"""Kind, physical name, region."""


@dataclass(frozen=True)
class Shape:
    """A store as one program of a sequence declares it."""

    renamed: bool = False
    aliased: bool = False
    key: str = "id"
    inside: str | None = None
    physical: str = ""
    """What is added to its physical name: another one is another store."""
    elsewhere: str = ""
    """Of a table: ``region`` or ``provider``, by which it lies in another region than it would."""


@dataclass(frozen=True)
class Deed:
    """One step of a sequence."""

    verb: str
    """update, undone, targeted, back, refresh, destroy, destroy_one, preview, approve or lose_copies."""
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
    elsewhere=st.sampled_from(["", "", "", "region", "provider"]),
)
PROGRAMS = st.dictionaries(st.sampled_from([name for _, name in POOL]), SHAPES | st.just(Shape()), max_size=len(POOL))
DEEDS = st.one_of(
    st.builds(Deed, st.just("update"), PROGRAMS),
    st.builds(Deed, st.just("update"), PROGRAMS),
    st.builds(Deed, st.sampled_from(["back", "refresh", "destroy", "preview", "lose_copies"])),
    st.builds(Deed, st.sampled_from(["undone", "targeted"]), PROGRAMS, st.sampled_from([name for _, name in POOL])),
    st.builds(Deed, st.just("destroy_one"), target=st.sampled_from([name for _, name in POOL])),
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
    items: dict[Place, int] = field(default_factory=dict)
    """What has to be there."""
    approved: dict[Place, set[Action]] = field(default_factory=dict)
    """Stores that somebody let go and that were copied, and by which operation."""
    programs: list[Program] = field(default_factory=list)

    def play(self, sequence: list[Deed]) -> list[str]:
        """Play it; what was lost, one line each."""
        for deed in [Deed("update", WHOLE), *sequence]:
            getattr(self, f"_{deed.verb}")(deed)
            if lost := self._lost(deed):
                return lost
            self._fill()
        return []

    def _update(self, deed: Deed) -> None:
        self._run(self._program(deed))

    def _undone(self, deed: Deed) -> None:
        """A transformation of the program takes the guard's options off."""
        if self.guard:
            self.world.run("up", replace(self._program(deed), undone=True))

    def _targeted(self, deed: Deed) -> None:
        if urn := self._urn(deed.target or ""):
            self.world.run("up", self._program(deed), "--target", urn)

    def _back(self, _: Deed) -> None:
        self._run(self.programs[0])

    def _refresh(self, _: Deed) -> None:
        self.world.run("refresh", self.programs[-1])

    def _destroy(self, _: Deed) -> None:
        self.world.run("destroy", self.programs[-1], "--run-program")

    def _destroy_one(self, deed: Deed) -> None:
        if urn := self._urn(deed.target or ""):
            self.world.run("destroy", self.programs[-1], "--run-program", "--target", urn, "--target-dependents")

    def _preview(self, _: Deed) -> None:
        self.world.run("preview", Program((), self.guard))

    def _lose_copies(self, _: Deed) -> None:
        """Somebody deletes every backup, and every object of the recovery bucket but the records."""
        for region in (HOME, WEST, NORTH):
            tables = self.world.client("dynamodb", region)
            for backup in tables.list_backups()["BackupSummaries"]:
                if backup["TableName"].startswith(f"{self.world.project}-"):
                    tables.delete_backup(BackupArn=backup["BackupArn"])
        s3 = self.world.client("s3")
        for folder in ("buckets", "queues", "logs"):
            prefix = f"{folder}/{self.world.project}-"
            try:
                found = s3.list_object_versions(Bucket=BUCKET, Prefix=prefix)
            except s3.exceptions.NoSuchBucket:
                return
            for entry in found.get("Versions", ()):
                s3.delete_object(Bucket=BUCKET, Key=entry["Key"], VersionId=entry["VersionId"])
        self.approved.clear()

    def _approve(self, deed: Deed) -> None:
        kind, action = self._kind(deed.target or ""), Action.REPLACE if deed.replace else Action.DELETE
        urn = self._urn(deed.target or "")
        if not self.guard or urn is None or kind == "topic":
            return
        self.world.approve(urn, action)
        if deed.copied:
            with suppress(RecoveryError):  # such as a queue whose consumers are at work
                store = self.world.copied(urn)
                self.approved.setdefault((kind, store.name, store.region), set()).add(action)
        # The update that unlocks it.
        self._run(self.programs[-1])

    def _run(self, program: Program) -> None:
        self.world.run("up", program)
        self.programs.append(program)

    def _program(self, deed: Deed) -> Program:
        stores = tuple(self._declared(kind, name, deed.shapes[name]) for kind, name in POOL if name in deed.shapes)
        return Program(stores, self.guard)

    def _declared(self, kind: str, name: str, shape: Shape) -> Declared:
        home = WEST if name in NAMESAKES else None
        away = shape.elsewhere if kind == "table" and name not in NAMESAKES else ""
        return Declared(
            kind=kind,
            name=f"{name}-new" if shape.renamed else name,
            physical=f"{self.world.project}-{NAMESAKES.get(name, name)}{shape.physical}",
            key=shape.key,
            inside=shape.inside,
            aliases=(name, f"{name}-new") if shape.aliased else (),
            unlocked=not self.guard,
            region=NORTH if away == "region" else home,
            provider=NORTH if away == "provider" else None,
        )

    def _urn(self, name: str) -> str | None:
        """The URN of what the state has under a name of the pool."""
        wanted = (name, f"{name}-new")
        resources = self.world.state()["deployment"].get("resources") or []
        urns = (str(each["urn"]) for each in resources if each.get("custom") and not each.get("delete"))
        return next((urn for urn in urns if urn.rpartition("::")[2] in wanted), None)

    def _kind(self, name: str) -> str:
        return next(kind for kind, its in POOL if its == name)

    def _lost(self, deed: Deed) -> list[str]:
        """What isn't there any more though nobody let it go; a destroy needs the approval of a delete."""
        found = []
        wants = {Action.DELETE} if deed.verb.startswith("destroy") else {Action.DELETE, Action.REPLACE}
        for place, wanted in list(self.items.items()):
            there = self.world.items(*place)
            if there is not None and there >= wanted:
                continue
            if not self.approved.get(place, set()) & wants:
                found.append(f"{' '.join(place)}: {there} of {wanted} items")
            del self.items[place]
        return found

    def _fill(self) -> None:
        """Put items into every store that is there and has none of ours."""
        for kind, name in POOL:
            for suffix in ("", "-two"):
                physical = f"{self.world.project}-{name}{suffix}"
                for region in (HOME, WEST, NORTH) if kind == "table" else (HOME,):
                    place = (kind, physical, region)
                    if kind != "topic" and self.world.items(*place) == 0:
                        self.world.put(kind, physical, ITEMS, region=region)
                        self.items[place] = ITEMS
