"""The hooks that the engine calls, by the names under which the state keeps them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from deployments.alias import AliasShift
from deployments.codedeploy import Group
from deployments.revision import RevisionDeployment


@dataclass(frozen=True)
class Hooks:
    """Makes the hooks of a stack in one region."""

    region: str

    def shift_alias(self, application: str, group: str, hooks: Mapping[str, str], back: bool) -> pulumi.ResourceHook:
        """A hook for ``before_update`` of a Lambda alias: CodeDeploy moves the traffic first.

        ``hooks``: lifecycle event -> hook function; ``back``: to an earlier release. The first version of an alias
        needs no shift: nothing is served yet.
        """
        shift = AliasShift(Group(application, group, self.region), hooks, back)

        async def before_update(args: pulumi.ResourceHookArgs) -> None:
            new = args.new_inputs or {}
            await shift.move(str(new["functionName"]), str(new["name"]), str(new["functionVersion"]), pulumi.log.info)

        return pulumi.ResourceHook(f"shift {group}", before_update)

    def deploy_revision(self, application: str, group: str) -> pulumi.ResourceHook:
        """A hook for ``before_create`` and ``before_update`` of a parameter that names the revision hosts run.

        The parameter's (insecure, that is: not secret) value is JSON with ``bucket`` and ``key``.
        """
        deployment = RevisionDeployment(Group(application, group, self.region))

        async def before(args: pulumi.ResourceHookArgs) -> None:
            wanted = json.loads(str((args.new_inputs or {})["insecureValue"]))
            await deployment.move(wanted["bucket"], wanted["key"], pulumi.log.info)

        return pulumi.ResourceHook(f"deploy {group}", before)
