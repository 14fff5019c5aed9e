"""Shifting the traffic of a Lambda alias from one published version to another, as SAM's DeploymentPreference does.

Source: AWS CodeDeploy user guide, "Deployments on an AWS Lambda compute platform"; runbook security-assistant,
automatic rollback.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from codedeploy import served
from codedeploy.deployments import DeploymentError, Group, Say, app_spec
from codedeploy.served import Share
from stacks.function import Wanted
from stacks.releases import window
from stacks.system import SystemRelease

ALL_AT_ONCE = "CodeDeployDefault.LambdaAllAtOnce"


@dataclass(frozen=True)
class AliasShift:
    """The way on which an alias changes its version."""

    group: Group
    hooks: Mapping[str, str] = field(default_factory=dict)
    """Lifecycle event (``BeforeAllowTraffic``, ``AfterAllowTraffic``) -> the function that decides about it."""
    back: bool = False
    """Whether this is the way back by what was deployed last; asked where the code that is served doesn't say it."""
    wanted: Wanted | None = None
    """The system's function and the release that it goes to."""

    async def move(self, function: str, alias: str, target: str, say: Say) -> None:
        """Have ``alias`` serve version ``target`` and nothing else; returns at once where it does already.

        The way back, which what is served decides (``served.goes_back``), is taken all at once and without alarms:
        those that ring are the reason for it, and would stop it. Whatever is under way is stopped and rolled back
        first, even where it leads to the same version. The hooks are asked all the same.

        On the way forward a deployment that leads to the same version is followed, and none is begun while an alarm
        rings that would stop it.
        Raises ``DeploymentError`` then, and when CodeDeploy gave up, after it took the traffic back.
        """
        label = self.wanted.function if self.wanted else function
        back = served.goes_back(await self._served(function, alias), target, self._release, self.back)
        followed = await self.group.settle(lambda deployment: _follows(deployment, target, back), say)
        shares = await self._served(function, alias)
        live = shares[0].version
        if live == target and followed is None:
            if len(shares) > 1:
                say(f"{label}: all requests go to version {target} again, at once")
                await asyncio.to_thread(self._unsplit, function, alias, target)
            return
        if followed is None and not back and (alarms := await self.group.ringing()):
            raise DeploymentError(
                f"{label} can't move to {self._name(target)}: {'; '.join(alarms)}, which would stop the deployment. "
                f"Nothing was started; the alias {alias} serves {_shown(shares, self._release)}"
            )
        identifier = followed or await self.group.start(
            self.revision(function, alias, live, target),
            f"{function} from version {live} {'back ' if back else ''}to {target}",
            **(_BACK if back else {}),
        )

        async def describe(identifier: str, status: str) -> str:
            shares = await self._served(function, alias)
            percent = next((share.percent for share in shares if share.version == target), 0.0)
            return f"{label}: {percent:g} % on {self._name(target)}, deployment {identifier}, {status}"

        ended = await self.group.ended(identifier, say, describe)
        if ended.status == "Succeeded":
            return
        raise DeploymentError(
            f"CodeDeploy stopped the move of {function} to {self._name(target)} ({ended.identifier} "
            f"{ended.status.lower()}): {ended.why}; the alias {alias} serves "
            f"{_shown(await self._served(function, alias), self._release)}"
        )

    @property
    def _release(self) -> str:
        return self.wanted.release if self.wanted else ""

    def _name(self, target: str) -> str:
        return self.wanted.release if self.wanted else f"version {target}"

    def revision(self, function: str, alias: str, current: str, target: str) -> dict[str, Any]:
        """What a deployment is given (AppSpec, Lambda compute platform)."""
        properties = {"Name": function, "Alias": alias, "CurrentVersion": current, "TargetVersion": target}
        return app_spec({function: {"Type": "AWS::Lambda::Function", "Properties": properties}}, self.hooks)

    async def _served(self, function: str, alias: str) -> tuple[Share, ...]:
        name = self.wanted.function if self.wanted else ""
        return await asyncio.to_thread(served.shares, self._lambdas, function, alias, name, self._known)

    def _unsplit(self, function: str, alias: str, version: str) -> None:
        nothing: dict[str, Any] = {"AdditionalVersionWeights": {}}
        self._lambdas.update_alias(FunctionName=function, Name=alias, FunctionVersion=version, RoutingConfig=nothing)

    @cached_property
    def _known(self) -> Mapping[str, SystemRelease]:
        """The manifests, which can't change meanwhile: they are asked at every look."""
        return window(self.wanted.system) if self.wanted else {}

    @cached_property
    def _lambdas(self) -> Any:
        import boto3

        return boto3.client("lambda", region_name=self.group.region)


_BACK = {
    "deploymentConfigName": ALL_AT_ONCE,
    "overrideAlarmConfiguration": {"enabled": False, "alarms": []},
}


def _follows(deployment: Mapping[str, Any], target: str, back: bool) -> bool:
    """Whether a deployment that is under way does what is wanted, so that it only has to be awaited."""
    if _target(deployment) != target:
        return False
    # On the way back: only what was begun as one. A canary that leads there would promote what is to be left.
    unguarded = (deployment.get("overrideAlarmConfiguration") or {}).get("enabled") is False
    return not back or (unguarded and deployment.get("deploymentConfigName") == ALL_AT_ONCE)


def _shown(shares: tuple[Share, ...], wanted: str) -> str:
    """What an alias serves, in words."""
    names = [share.name(wanted) if share.releases else f"version {share.version}" for share in shares]
    if len(shares) == 1:
        return names[0]
    return " and ".join(f"{name} ({share.percent:g} %)" for name, share in zip(names, shares, strict=True))


def _target(deployment: Mapping[str, Any]) -> str | None:
    """The version that a deployment leads to; None where its revision says nothing of the kind."""
    revision = deployment.get("revision") or {}
    content = (revision.get("appSpecContent") or revision.get("string") or {}).get("content")
    try:
        (resource,) = json.loads(content or "")["Resources"][0].values()
        return str(resource["Properties"]["TargetVersion"])
    except (TypeError, ValueError, KeyError, IndexError):
        return None
