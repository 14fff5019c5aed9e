"""What an update loses by changes in place: of every store, and of every companion that changes, comes or leaves."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from core.urn import name_of
from guard.beside import Beside, Links
from guard.declared import SHARED, Declared
from guard.durable import is_durable
from guard.fate import Fate, fate
from guard.gate import chosen
from guard.in_place import COMPANIONS, Loss, described, losses, may_leave, undone
from guard.in_place.hook import Change, LossHook
from guard.plan import described_store
from guard.previous import Previous


@dataclass(frozen=True)
class Changes:
    """The losses of one update."""

    before: Previous
    declared: Declared
    hook: LossHook

    @property
    def links(self) -> Links:
        """What companions stand beside."""
        return Links(self.before, self.declared)

    def told(self) -> list[dict[str, Any]]:
        """Every loss that is known while the program is declared, for the plan."""
        return [*self._changed(), *self._left()]

    async def asked(self, args: pulumi.ResourceHookArgs) -> Change | None:
        """The change that a hook is called about; None for a delete that loses nothing of its own."""
        token = str(args.type)
        if args.new_inputs is not None:
            beside = await self.links.asked(args.urn, args.new_inputs)
            return self._change(args.urn, token, args.old_outputs, args.new_inputs, beside)
        why = await fate(self.declared.resources, args.urn, args.id)
        if why is Fate.REPLACED and not undone(token):
            return None
        outputs = args.old_outputs or args.old_inputs or {}
        beside = self.beside_of_the_state(args.urn, token, outputs)
        # Where what it stands beside goes as well, that is a delete, and judged as one.
        goes = beside.target is not None and (
            self._is_destroyed(args.urn, beside.target)
            if why is Fate.DESTROYED
            else not self.declared.is_declared(beside.target)
        )
        return None if goes else self._change(args.urn, token, outputs, None, beside)

    def _is_destroyed(self, urn: str, target: str) -> bool:
        """Whether a destroy that takes a companion takes its target, too: of everything, or of both by name."""
        alone = chosen(os.environ)
        return urn not in alone or target in alone

    def destroyed(self) -> Iterator[str]:
        """What a destroy of the whole stack loses besides its stores: what stands beside somebody else's."""
        for urn, token in self.before.types.items():
            if self._may_leave(urn, token):
                outputs = self.before.resources.get(urn) or {}
                beside = self.beside_of_the_state(urn, token, outputs)
                if beside.target is None:
                    change = self._change(urn, token, outputs, None, beside)
                    if refusal := self.hook.refusal(change):
                        yield refusal

    def beside_of_the_state(self, urn: str, token: str, outputs: Mapping[str, Any]) -> Beside:
        """What a companion of the last update stands beside."""
        location = self.before.located(urn, outputs, self.declared.providers).location
        return self.links.left(token, outputs, location)

    def _changed(self) -> Iterator[dict[str, Any]]:
        for urn, given in self.declared.given.items():
            old = self.declared.known_as(urn, self.before.types)
            before = (self.before.resources.get(old) or None) if old else None
            beside = self.links.told(urn) if given.token in COMPANIONS else Beside()
            if before is None and not beside.there:
                continue
            found = losses(given.token, before, given.inputs, existing_store=beside.there, ignored=given.ignored)
            change = self._change(urn, given.token, before, given.inputs, beside)
            yield from self._entry(change, [loss for loss in found if loss.certain])

    def _left(self) -> Iterator[dict[str, Any]]:
        """Companions of the last update that the program has no more, or has beside something else now."""
        for urn, token in self.before.types.items():
            if not self._may_leave(urn, token):
                continue
            outputs = self.before.resources.get(urn) or {}
            beside, now = self.beside_of_the_state(urn, token, outputs), self.declared.former.get(urn, urn)
            if beside.target is not None and not self.declared.is_declared(beside.target):
                continue
            if now in self.declared.given and not self.links.has_moved(now, outputs, beside):
                continue
            yield from self._entry(self._change(urn, token, outputs, None, beside), losses(token, outputs, None))

    def _may_leave(self, urn: str, token: str) -> bool:
        """Whether the delete of a resource of the last update loses anything; of a durable one, it is a removal."""
        read = self.before.read if self.before.noted else self.declared.read
        return may_leave(token) and not is_durable(token) and urn not in read

    def _change(
        self, urn: str, token: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, beside: Beside
    ) -> Change:
        every = (urn, beside.target) if beside.target else (urn,)
        known = {each for now in every for each in (now, *self.declared.earlier.get(now, ()))}
        stores = {each for each in known if each in self.declared.stores or each in self.before.stores}
        target = beside.target if beside.target in stores else None
        inside = frozenset(each for now in every for each in self.declared.components_of(now))
        return Change(urn, token, before, after, target, beside.there, frozenset({urn, *stores}), inside)

    def _entry(self, change: Change, known: list[Loss]) -> Iterator[dict[str, Any]]:
        found = self.hook.taking(change, known)
        if not found:
            return
        subject = change.store or change.urn
        store = self.declared.stores.get(subject) or self.before.stores.get(subject)
        named = described_store(store) if store else _companion(change, self._system(change.urn))
        refusal = self.hook.unapproved(change, found)
        yield {**named, "losses": described(found), "refusal": refusal}

    def _system(self, urn: str) -> str:
        resource = self.declared.resources.get(urn)
        place = self.declared.places.get(resource) if resource is not None else None
        if place is not None:
            return place.system
        return next((name for name, urns in self.before.systems.items() if urn in urns), SHARED)


def _companion(change: Change, system: str) -> dict[str, Any]:
    """A companion as the plan names it, where what it stands beside is no store of the stack."""
    name = name_of(change.urn)
    return {"urn": change.urn, "type": change.token, "kind": "companion", "name": name, "system": system}
