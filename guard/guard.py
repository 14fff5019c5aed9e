"""The guard of a program: every durable store gets its hook, protection and retention, and the plan shows what goes.

One place for every release. A program registers it first and asks for the plan last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pulumi

from guard import approvals, pack
from guard.approvals import Action
from guard.declared import Declared
from guard.durable import DURABLE
from guard.evidence import RecoveryPoints
from guard.hook import Hook
from guard.plan import Plan, compare, content
from guard.previous import Previous


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
    folder: Path = approvals.FOLDER
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    declared: Declared = field(default_factory=Declared)

    def register(self) -> None:
        """Attach the guard to everything that is declared from now on. Once, before anything else.

        A transformation in the program itself: the engine's own transforms call back into the program for each of 260
        resources. What a remote component makes it doesn't see; the pack and the audit do.
        """
        self._hook = Hook(self.stack, self.evidence, self.declared.stores, self._owner, self.folder, self.now)
        self._given = approvals.load(self.stack, self.folder)
        self._bound = pulumi.ResourceHookBinding(before_delete=[self._hook.as_resource_hook()])
        pulumi.runtime.register_stack_transformation(self._attach)

    def plan(self) -> Plan:
        """Show what this update takes away, for the policy and for reviewers. After everything was declared."""
        difference = compare(self.before, self.declared)
        told = content(self.stack, difference, self.declared, self._judge, self._approved)
        if difference.systems or self.before.plan is None or self.before.plan["durable"] != told["durable"]:
            return Plan(told)
        return Plan(self.before.plan)

    def outputs(self) -> dict[str, Any]:
        """What the stack has to export as ``guard`` for the next update."""
        return {"read": sorted(self.declared.read), **pack.exported(self.before.outputs)}

    def _attach(self, args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        urn = self.declared.note(args.resource, args.type_, args.name, args.props, args.opts)
        if urn not in self.declared.stores:
            return None
        free = self._let_go(urn)
        guarded = pulumi.ResourceOptions(
            protect=not free,
            # The state's word counts at the delete, so it has to be taken back one update earlier.
            retain_on_delete=not free,
            # Else a replacement would make an empty store and lead everything to it before the hook is heard.
            delete_before_replace=True,
            hooks=self._bound,
        )
        props = {**args.props, **DURABLE[args.type_].unlocked} if free else args.props
        return pulumi.ResourceTransformationResult(props, pulumi.ResourceOptions.merge(args.opts, guarded))

    def _let_go(self, urn: str) -> bool:
        """Whether a person has approved that this store goes: then the hook alone decides."""
        return approvals.any_of(self._given, [urn, self._owner(urn)], approvals.GONE, self.now()) is not None

    def _owner(self, urn: str) -> str | None:
        """The store that a belt guards, as this program or the last one declares it."""
        if urn in self.declared.stores:
            return self.declared.stores[urn].owner
        return self.before.stores[urn].owner if urn in self.before.stores else None

    def _judge(self, urn: str, token: str, name: str, action: Action) -> dict[str, Any]:
        found = self.evidence.find(urn, token, name)
        return {
            "evidence": {"recoveryPoint": found.recovery_point, "approval": self._approved(urn, action)},
            "refusal": self._hook.refusal_for(urn, name, action, found.missing),
        }

    def _approved(self, store: str, action: Action) -> dict[str, Any] | None:
        given = approvals.find(self._given, store, action, self.now())
        return None if given is None else given.model_dump(mode="json", by_alias=True)
