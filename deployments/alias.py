"""Shifting the traffic of a Lambda alias from one published version to another, as SAM's DeploymentPreference does.

Source: AWS CodeDeploy user guide, "Deployments on an AWS Lambda compute platform"; seed 004, "Automatic Rollback".
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deployments.codedeploy import DeploymentError, Group, Say, app_spec

ALL_AT_ONCE = "CodeDeployDefault.LambdaAllAtOnce"


@dataclass(frozen=True)
class AliasShift:
    """The way on which an alias changes its version."""

    group: Group
    hooks: Mapping[str, str] = field(default_factory=dict)
    """Lifecycle event (``BeforeAllowTraffic``, ``AfterAllowTraffic``) -> the function that decides about it."""
    back: bool = False
    """Whether this is the way back to an earlier release: all at once, and without alarms."""

    async def move(self, function: str, alias: str, target: str, say: Say) -> None:
        """Have ``alias`` serve version ``target`` and nothing else; returns at once where it does already.

        A deployment that is under way is followed where it leads to the same version; any other is stopped first
        and taken back, so that a rollback never waits for a canary. The way back is taken all at once and without
        alarms: those that ring are the reason for it, and would stop it. The hooks are asked all the same.
        Raises ``DeploymentError`` when CodeDeploy gave up, after it took the traffic back.
        """
        followed = await self.group.settle(lambda found: _target(found) == target, say)
        live, shared = await self._live(function, alias)
        if live == target and not shared:
            return
        identifier = followed or await self.group.start(
            self.revision(function, alias, live, target),
            f"{function} from version {live} {'back ' if self.back else ''}to {target}",
            **(_BACK if self.back else {}),
        )
        ended = await self.group.ended(identifier, say)
        if ended.status == "Succeeded":
            return
        live, _ = await self._live(function, alias)
        raise DeploymentError(
            f"CodeDeploy stopped the move of {function} to version {target} ({ended.identifier} "
            f"{ended.status.lower()}): {ended.reason}; the alias {alias} serves version {live}"
        )

    def revision(self, function: str, alias: str, current: str, target: str) -> dict[str, Any]:
        """What a deployment is given (AppSpec, Lambda compute platform)."""
        properties = {"Name": function, "Alias": alias, "CurrentVersion": current, "TargetVersion": target}
        return app_spec({function: {"Type": "AWS::Lambda::Function", "Properties": properties}}, self.hooks)

    async def _live(self, function: str, alias: str) -> tuple[str, bool]:
        """The version that an alias serves, and whether it shares its traffic with another."""
        found = await asyncio.to_thread(self._alias, function, alias)
        weights = (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        return str(found["FunctionVersion"]), bool(weights)

    def _alias(self, function: str, alias: str) -> dict[str, Any]:
        import boto3

        client = boto3.client("lambda", region_name=self.group.region)
        return dict(client.get_alias(FunctionName=function, Name=alias))


_BACK = {
    "deploymentConfigName": ALL_AT_ONCE,
    "overrideAlarmConfiguration": {"enabled": False, "alarms": []},
}


def _target(deployment: Mapping[str, Any]) -> str | None:
    """The version that a deployment leads to; None where its revision says nothing of the kind."""
    revision = deployment.get("revision") or {}
    content = (revision.get("appSpecContent") or revision.get("string") or {}).get("content")
    try:
        (resource,) = json.loads(content or "")["Resources"][0].values()
        return str(resource["Properties"]["TargetVersion"])
    except (TypeError, ValueError, KeyError, IndexError):
        return None
