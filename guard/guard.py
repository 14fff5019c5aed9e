"""The guard of a program: every durable store gets its hook, protection and retention, and the plan shows what goes.

One place for every release. A program registers it first and asks for the plan last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pulumi

from core import project
from guard import approvals, pack
from guard.approvals import Action
from guard.changes import Changes
from guard.decision import is_let_go
from guard.declared import Declared
from guard.durable import Kind, durable, is_durable, physical_name
from guard.emptiness import is_new_and_empty
from guard.evidence import RecoveryPoints
from guard.fate import Fate, fate
from guard.gate import Gate
from guard.hook import Hook
from guard.in_place import COMPANIONS, may_leave, may_lose
from guard.in_place.hook import LossHook
from guard.plan import Plan, compare, content, is_read, nothing_goes
from guard.previous import Previous
from guard.store import Store
from guard.transforms import undoing


@dataclass
class Guard:
    """Watches over one program while it declares its resources.

    Args:
        stack: the stack's name, for approvals.
        evidence: where recovery points are looked for.
        before: what the last update left (``guard.previous.read_previous``).
    """

    stack: str
    evidence: RecoveryPoints
    before: Previous
    folder: Path | None = None
    """That of the approvals; None: the project's own."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    declared: Declared = field(default_factory=Declared)

    def register(self) -> None:
        """Attach the guard to everything that is declared from now on. Once, before anything else.

        A transformation in the program itself: the engine's own transforms call back into the program for each of 260
        resources. What a remote component makes it doesn't see; the pack and the audit do.
        """
        self._hook = Hook(self.stack, self.evidence, self._owner, self.folder, self.now, self._word)
        self._given = approvals.load(self.stack, self.folder)
        self._changes = Changes(
            self.before, self.declared, LossHook(self.stack, self.folder, self.now, self._is_new_and_empty)
        )
        change = self._changes.hook.as_resource_hook(self._changes.asked)
        delete = self._hook.as_resource_hook(self._store_of, self._action)
        gate = Gate(
            self._hook, self._stores_of_the_state, self.declared.resources, self._changes.destroyed
        ).as_resource_hook()
        changed: dict[str, Any] = {"before_create": [change], "before_update": [change]}
        bind = pulumi.ResourceHookBinding
        self._bound = bind(before_delete=[delete], before_update=[change])
        self._belted = bind(before_delete=[delete], **changed)
        self._gated = bind(before_delete=[gate])
        self._watched = bind(before_delete=[gate], **changed)
        self._kept = bind(before_delete=[gate, change], **changed)
        pulumi.runtime.register_stack_transformation(self._attach)

    def plan(self) -> Plan:
        """Show what this update takes away, for the policy and for reviewers. After everything was declared."""
        if self.declared.stores:
            self._refuse_transforms()  # one that was registered last meets what is still on its way to the engine
        difference = compare(self.before, self.declared)
        told = content(self.stack, difference, self.declared, self._judge, self._approved)
        told["losses"] = self._changes.told()
        settled = nothing_goes(told) and self.before.plan is not None and _is_alike(self.before.plan, told)
        self._tell_recreated()
        return Plan(self.before.plan, settled=True) if settled and self.before.plan else Plan(told)

    def outputs(self) -> dict[str, Any]:
        """What the stack has to export as ``guard`` for the next update."""
        return {
            "read": sorted(self.declared.read),
            "providers": dict(sorted(self.declared.foreign.items())),
            **({"remote": sorted(self.declared.remote)} if self.declared.remote else {}),
            **({"unlocked": sorted(self.declared.unlocked)} if self.declared.unlocked else {}),
            "recoveryBucket": self.evidence.bucket,
            **pack.exported(self.before.outputs),
        }

    def _attach(self, args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        urn = self.declared.note(args.resource, args.type_, args.name, args.props, args.opts)
        if urn not in self.declared.stores:
            return self._beside_stores(args)
        self._refuse_to_be_undone(args)
        self._refuse_import(urn, args)
        free, hooks = self._let_go(urn), self._belted if args.type_ in COMPANIONS else self._bound
        holds = durable(args.type_)
        assert holds is not None  # it is one of the stores
        if holds.approval_only:
            return pulumi.ResourceTransformationResult(
                args.props, pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(hooks=hooks))
            )
        if free:
            self.declared.unlocked.add(urn)
        guarded = pulumi.ResourceOptions(
            protect=not free,
            # The state's word counts at the delete, so it has to be taken back one update earlier.
            retain_on_delete=not free,
            # Else a replacement would make an empty store and lead everything to it before the hook is heard.
            delete_before_replace=True,
            hooks=hooks,
        )
        props = {**args.props, **holds.unlocked} if free else args.props
        return pulumi.ResourceTransformationResult(props, pulumi.ResourceOptions.merge(args.opts, guarded))

    def _beside_stores(self, args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        """What holds no data passes the gate, and may change what a store does with its own: a lifecycle."""
        if not isinstance(args.resource, pulumi.CustomResource) or args.opts.id is not None:
            return None
        hooks = self._gated
        if may_lose(args.type_):
            hooks = self._kept if may_leave(args.type_) else self._watched
        merged = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(hooks=hooks))
        return pulumi.ResourceTransformationResult(args.props, merged)

    def _refuse_to_be_undone(self, args: pulumi.ResourceTransformationArgs) -> None:
        """Raises ``pulumi.RunError`` where what comes after the guard could take its options off again."""
        if args.resource._transformations[-1:] != [self._attach]:
            raise pulumi.RunError(
                f"{args.name}: a transformation is registered after the guard and could take its delete hook off: "
                "register it before guard.register()"
            )
        if self.declared.places[args.resource].transformed:
            raise pulumi.RunError(
                f"{args.name} holds data, and the option transforms on it or above it could take its delete hook off: "
                "use transformations, which the guard sees"
            )

        self._refuse_transforms()

    def _refuse_transforms(self) -> None:
        """The same for what the engine applies to every resource."""
        if undoing(self.declared.transforms):
            raise pulumi.RunError(
                "a transform of the stack (register_resource_transform) could take the delete hook off what holds "
                "data: use transformations (register_stack_transformation), registered before guard.register()"
            )

    def _refuse_import(self, urn: str, args: pulumi.ResourceTransformationArgs) -> None:
        """Raises ``pulumi.RunError`` where the option ``import_`` leads a store's URN to another store unapproved.

        The engine takes the other one in first, protection or not, and comes to the delete of the old one last: the
        delete hook alone would leave the state with both.
        """
        taken = args.opts.import_
        if taken is None or urn not in self.before.stores:
            return
        outputs = self.before.resources.get(urn, {})
        store = self.before.located(urn, outputs, self.declared.providers)
        known = {str(each) for each in (outputs.get("id"), outputs.get("arn"), store.name) if each}
        # Some types are imported by several names in one text (bucket,owner).
        if known & {str(taken), *re.split(r"[,/|]", str(taken))}:
            return
        if said := self._hook.refusal(store, Action.REPLACE):
            raise pulumi.RunError(
                f"{args.name} is {store.name}, and the option import_ would put {taken} in its place: {said}"
            )

    def _let_go(self, urn: str) -> bool:
        """Whether a person has approved that this store goes: then the hook alone decides."""
        return is_let_go(self._given, [urn, self._owner(urn)], self.now())

    def _owner(self, urn: str) -> str | None:
        """The store that a belt guards, as this program or the last one declares it."""
        if urn in self.declared.stores:
            return self.declared.stores[urn].owner
        return self.before.stores[urn].owner if urn in self.before.stores else None

    def _word(self, store: Store) -> str:
        """What a command calls a store: its name, or its URN where another one that holds data has that name."""
        every = {**self.before.stores, **self.declared.stores}
        namesakes = {
            urn
            for urn, each in every.items()
            if each.name == store.name and (holds := durable(each.type)) and holds.kind is not Kind.BELT
        }
        return store.urn if namesakes - {store.urn} else store.name

    def _store_of(self, args: pulumi.ResourceHookArgs) -> Store:
        """The store that the engine is about to delete, where it lies."""
        token, outputs = str(args.type), args.old_outputs or args.old_inputs or {}
        before = self.declared.known_as(args.urn, self.before.types) or args.urn
        store = self.before.located(before, outputs, self.declared.providers)
        name = physical_name(token, args.old_inputs or {}, args.id) if is_durable(token) else str(args.name)
        return replace(store, urn=args.urn, type=token, name=name)

    def _stores_of_the_state(self) -> list[Store]:
        """Every durable store that the last update left, where it lies."""
        known = self.before.resources
        every = [self.before.located(urn, known.get(urn, {}), self.declared.providers) for urn in self.before.stores]
        return [store for store in every if not is_read(self.before, self.declared, store)]

    async def _action(self, urn: str, identifier: str) -> Action:
        """What a delete is: half of a replacement, or a delete, which a destroy is as well."""
        replaced = await fate(self.declared.resources, urn, identifier) is Fate.REPLACED
        return Action.REPLACE if replaced else Action.DELETE

    def _is_new_and_empty(self, urn: str) -> bool:
        """Whether the account proves that a store, under this URN or one of before, was just made and holds nothing."""
        known = self.declared.known_as(urn, self.before.stores)
        if known is None:
            return False
        outputs = self.before.resources.get(known, {})
        return is_new_and_empty(self.before.located(known, outputs, self.declared.providers), self.now())

    def _tell_recreated(self) -> None:
        """Warn of stores that the state lacks and that were there before: what is made now is empty."""
        known = self._stores_of_the_state()
        arrivals = [store for urn, store in self.declared.stores.items() if self._arrives(urn, store, known)]
        if not (arrivals and self.before.outputs):
            return  # a first deployment makes everything
        from core.errors import ServiceError
        from guard.recovery.makers import MAKERS
        from guard.recovery.place import located
        from guard.recreated import recreated

        kinds = {store.urn: holds.kind for store in arrivals if (holds := durable(store.type))}
        try:
            absent = [located(store, kinds[store.urn]) for store in arrivals if kinds.get(store.urn) in MAKERS]
            for found in recreated(absent, self.evidence.bucket, self.evidence.region):
                pulumi.log.warn(found.message)
        except ServiceError as error:
            pulumi.log.warn(f"whether any new store was there before can't be told: {error}")

    def _arrives(self, urn: str, store: Store, known: list[Store]) -> bool:
        """Whether the state has a store neither by its URN, nor by one of before, nor in its place."""
        here = self.declared.known_as(urn, self.before.stores) is not None
        return not here and not any(store.is_same(each) for each in known)

    def _judge(self, store: Store, action: Action) -> dict[str, Any]:
        found = self.evidence.find(store)
        return {
            "evidence": {"recoveryPoint": found.recovery_point, "approval": self._approved(store.urn, action)},
            "refusal": self._hook.refusal_for(store, action, found.missing) or self._locked(store, action),
        }

    def _locked(self, store: Store, action: Action) -> str | None:
        """Why a store that may go can't go yet, in two lines: no update that declares it has unlocked it.

        The engine reads protection and retention from the state, and refuses the delete last, after it has changed
        everything else.
        """
        holds = durable(store.type)
        free = store.urn in self.before.unlocked or holds is None or holds.approval_only
        if free or action is not Action.DELETE:
            return None
        return (
            f"{store.name}: it may go, and is locked still: only an update that declares it unlocks it\n"
            f"  put it back into the program, {project.commands().update} -s {self.stack}, then take it out again"
        )

    def _approved(self, store: str, action: Action) -> dict[str, Any] | None:
        given = approvals.find(self._given, store, action, self.now())
        return None if given is None else given.model_dump(mode="json", by_alias=True, exclude_none=True)


def _is_alike(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether a plan of an earlier update counts the same stores and comes from this very guard."""
    return all(before.get(name) == now[name] for name in ("durable", "guard"))
