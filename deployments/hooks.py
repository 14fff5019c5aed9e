"""The hooks that the engine calls, by the names under which the state keeps them."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from deployments.alias import AliasShift
from deployments.codedeploy import Group


def shift_alias(application: str, group: str, hooks: Mapping[str, str], region: str) -> pulumi.ResourceHook:
    """A hook for ``before_update`` of a Lambda alias: CodeDeploy moves the traffic, then the engine sets what is set.

    ``hooks``: lifecycle event -> hook function. The alias's first version needs no shift: nothing is served yet.
    """
    shift = AliasShift(Group(application, group, region), hooks)

    async def before_update(args: pulumi.ResourceHookArgs) -> None:
        new = args.new_inputs or {}
        await shift.move(str(new["functionName"]), str(new["name"]), str(new["functionVersion"]), pulumi.log.info)

    return pulumi.ResourceHook(f"shift {group}", before_update)
