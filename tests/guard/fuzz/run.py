"""Plays a sequence on a stack of its own, and looks at the account and the state after each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import ServiceError
from guard.approvals import GONE, Action
from tests.guard.fuzz.sequences import KINDS, NAMES, NAMESAKES, POOL, WHOLE, Deed, Shape
from tests.guard.programs import Declared
from tests.guard.world import BUCKET, Program, World

HOME, WEST, NORTH = "us-east-1", "us-west-2", "eu-north-1"
ITEMS = 2
"""Put into every store that an update made."""
Place = tuple[str, str, str]
"""Kind, physical name, region."""


@dataclass
class Run:
    """One sequence on one stack, and what is known of the items."""

    world: World
    guard: bool = True
    items: dict[Place, int] = field(default_factory=dict)
    """What has to be there."""
    settings: dict[Place, dict[str, float]] = field(default_factory=dict)
    """By which each store keeps what it has; a smaller figure keeps less."""
    approved: dict[Place, set[Action]] = field(default_factory=dict)
    """Stores that somebody let go and that were copied, or whose settings somebody let go, and by which operation."""
    programs: list[Program] = field(default_factory=list)
    accepted: Program = field(default_factory=Program)
    """The last one that the engine went along with."""
    faults: list[str] = field(default_factory=list)

    def play(self, sequence: Sequence[Deed], begin: Mapping[str, Shape] = WHOLE) -> list[str]:
        """Play it up to the first step that something is wrong after; what, one line each.

        ``begin``: what the first update makes.
        """
        for deed in [Deed("update", begin), *sequence]:
            getattr(self, f"_{deed.verb}")(deed)
            self._look(deed)
            if self.faults:
                return self.faults
            self._fill()
        return []

    def _update(self, deed: Deed) -> None:
        self._run(self._program(deed))

    def _packed(self, deed: Deed) -> None:
        """An update with the policies."""
        if self.guard:
            self._run(self._program(deed), pack=True)

    def _again(self, _: Deed) -> None:
        """The last program that the engine went along with, twice: with the policies where it changes nothing."""
        if self.guard and self.world.run("up", self.accepted) is None:
            said = self.world.run("up", self.accepted, pack=True) or ""
            if any(name in said for name in _OF_THE_PLAN):
                self.faults.append(f"a refusal of the past locks: {said}")

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
        """A destroy that is refused has deleted nothing."""
        before = self._resources()
        refused = self.world.run("destroy", self.programs[-1], "--run-program")
        if self.guard and refused and (gone := before - self._resources()):
            self.faults.append(f"a destroy that was refused deleted {sorted(gone)}")

    def _destroy_one(self, deed: Deed) -> None:
        if urn := self._urn(deed.target or ""):
            self.world.run("destroy", self.programs[-1], "--run-program", "--target", urn, "--target-dependents")

    def _unprotect(self, _: Deed) -> None:
        """Somebody takes the engine's own protection off the whole state."""
        self.world.pulumi("state", "unprotect", "--all", "--yes")

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
                break
            for entry in found.get("Versions", ()):
                s3.delete_object(Bucket=BUCKET, Key=entry["Key"], VersionId=entry["VersionId"])
        for actions in self.approved.values():
            actions -= set(GONE)

    def _approve(self, deed: Deed) -> None:
        kind, action = KINDS[deed.target or ""], Action(deed.action)
        urn = self._urn(deed.target or "")
        if not self.guard or urn is None or kind == "topic":
            return
        self.world.approve(urn, action)
        if kind == "parameter":
            pass  # nothing copies it, so nothing lets it go
        elif action is Action.LOSE:
            self._let_go(urn, action)
        if deed.copied and kind != "parameter":
            with suppress(ServiceError):  # such as a queue whose consumers are at work
                self.world.copied(urn)
                self._let_go(urn, action)
        # The update that unlocks it.
        self._run(self.programs[-1])

    def _let_go(self, urn: str, action: Action) -> None:
        store = self.world.store(urn)
        self.approved.setdefault((str(store.kind), store.name, store.region), set()).add(action)

    def _run(self, program: Program, *, pack: bool = False) -> str | None:
        refused = self.world.run("up", program, pack=pack)
        self.programs.append(program)
        if refused is None:
            self.accepted = program
        return refused

    def _program(self, deed: Deed) -> Program:
        stores = tuple(self._declared(name, deed.shapes[name]) for name in NAMES if name in deed.shapes)
        return Program(stores, self.guard)

    def _declared(self, name: str, shape: Shape) -> Declared:
        kind, home = KINDS[name], WEST if name in NAMESAKES else None
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
            private=kind == "bucket",
            read=shape.read and kind == "table" and name not in NAMESAKES,
            **_LOSING.get((kind, shape.loses), {}),
        )

    def _resources(self) -> set[str]:
        """The URNs of the state."""
        return {str(each["urn"]) for each in self.world.state()["deployment"].get("resources") or []}

    def _urn(self, name: str) -> str | None:
        """The URN of what the state has under a name of the pool."""
        wanted = (name, f"{name}-new")
        resources = self.world.state()["deployment"].get("resources") or []
        urns = (str(each["urn"]) for each in resources if each.get("custom") and not each.get("delete"))
        return next((urn for urn in urns if urn.rpartition("::")[2] in wanted), None)

    def _look(self, deed: Deed) -> None:
        """What isn't there any more though nobody let it go; a destroy needs the approval of a delete."""
        wants = {Action.DELETE} if deed.verb.startswith("destroy") else set(GONE)
        for place, wanted in list(self.items.items()):
            there, allowed = self.world.items(*place), self.approved.get(place, set())
            if there is None or there < wanted:
                if not allowed & wants:
                    self.faults.append(f"{' '.join(place)}: {there} of {wanted} items")
                del self.items[place], self.settings[place]
            elif not allowed & {Action.LOSE, *GONE}:
                now, before = self.world.settings(*place), self.settings[place]
                less = [name for name in before if now[name] < before[name]]
                self.faults += [f"{' '.join(place)}: {name} {before[name]} -> {now[name]}" for name in less]

    def _fill(self) -> None:
        """Put items into every store that is there and has none of ours, and note by which settings it keeps them."""
        for kind, name in POOL:
            for suffix in ("", "-two"):
                physical = f"{self.world.project}-{name}{suffix}"
                for region in (HOME, WEST, NORTH) if kind == "table" else (HOME,):
                    place = (kind, physical, region)
                    if place not in self.items and kind != "topic":
                        self._fill_one(place)
                    if place in self.items:
                        self.settings[place] = self.world.settings(*place)

    def _fill_one(self, place: Place) -> None:
        kind, physical, region = place
        if (there := self.world.items(*place)) == 0:
            self.world.put(kind, physical, ITEMS, region=region)
            self.items[place] = ITEMS
        elif there:  # a parameter is one item
            self.items[place] = there


_OF_THE_PLAN = ("durable-store-removal", "durable-store-replacement", "durable-store-loss", "blast-radius")
"""The policies that judge what an update takes away."""
_LOSING: dict[tuple[str, str], dict[str, Any]] = {
    ("table", "expires"): {"ttl": "expires"},
    ("bucket", "expires"): {"lifecycle": 1},
    ("bucket", "stops"): {"versioning": "Suspended"},
    ("queue", "expires"): {"retention": 60},
    ("logs", "expires"): {"retention": 1},
}
"""How each kind of store loses data in place."""
