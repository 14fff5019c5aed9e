"""The hooks that the engine calls, by the names under which the state keeps them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import cast

import pulumi

from codedeploy.alias import AliasShift
from codedeploy.deployments import Group, Say
from codedeploy.revision import RevisionDeployment
from stacks.function import Wanted


@dataclass(frozen=True)
class Hooks:
    """Makes the hooks of a stack in one region."""

    region: str

    def shift_alias(
        self, application: str, group: str, hooks: Mapping[str, str], back: bool, wanted: Wanted
    ) -> pulumi.ResourceHook:
        """A hook for ``before_update`` of a Lambda alias: CodeDeploy moves the traffic first.

        ``hooks``: lifecycle event -> hook function; ``back``: to an earlier release than was deployed last; ``wanted``:
        which function of which system goes to which release. The first version of an alias
        needs no shift: nothing is served yet.
        """
        shift = AliasShift(Group(application, group, self.region), hooks, back, wanted)

        async def before_update(args: pulumi.ResourceHookArgs) -> None:
            new = args.new_inputs or {}
            name, alias, version = (str(new[key]) for key in ("functionName", "name", "functionVersion"))
            await shift.move(name, alias, version, _row(args))

        return pulumi.ResourceHook(f"shift {group}", before_update)

    def deploy_revision(self, application: str, group: str) -> pulumi.ResourceHook:
        """A hook for ``before_create`` and ``before_update`` of a parameter that names the revision hosts run.

        The parameter's (insecure, that is: not secret) value is JSON with ``bucket`` and ``key``.
        """
        deployment = RevisionDeployment(Group(application, group, self.region))

        async def before(args: pulumi.ResourceHookArgs) -> None:
            wanted = json.loads(str((args.new_inputs or {})["insecureValue"]))
            await deployment.move(wanted["bucket"], wanted["key"], _row(args))

        return pulumi.ResourceHook(f"deploy {group}", before)


def _row(args: pulumi.ResourceHookArgs) -> Say:
    """Says something in the row of the resource that the hook was called for, while it is under way.

    Only there: what the engine lists at its end is why an update failed, once. It tells the error that a hook raises at
    once, whatever else of the update goes on.
    """
    return lambda message: pulumi.log.info(message, resource=_resource(args), ephemeral=True)


def _resource(args: pulumi.ResourceHookArgs) -> pulumi.Resource:
    # The log asks a resource for its URN and nothing else, and a hook isn't given the resource itself.
    return cast(pulumi.Resource, SimpleNamespace(urn=pulumi.Output.from_input(args.urn)))
