"""One CodeDeploy deployment group: what is under way in it, starting, stopping and awaiting deployments.

Source: AWS CodeDeploy API reference (CreateDeployment, GetDeployment, ListDeployments, StopDeployment).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

UNDER_WAY = ("Created", "Queued", "InProgress", "Baking", "Ready")
"""The states of a deployment that hasn't ended."""
PAUSE = 0.5
"""Seconds between two looks at a deployment."""
ROLLBACK_STARTS = 30.0
"""Seconds within which CodeDeploy starts the deployment that goes back, after one that failed."""

Say = Callable[[str], None]


class DeploymentError(RuntimeError):
    """A deployment didn't come to a good end. The message is one line: what happened and what runs now."""


@dataclass(frozen=True)
class Ended:
    """How a deployment ended."""

    identifier: str
    status: str
    reason: str
    rollback: str | None
    """The deployment that took it back, where one was started."""


@dataclass(frozen=True)
class Group:
    """A deployment group of an application."""

    application: str
    group: str
    region: str

    @cached_property
    def client(self) -> Any:
        """The API."""
        import boto3

        return boto3.client("codedeploy", region_name=self.region)

    async def call(self, operation: str, **given: Any) -> dict[str, Any]:
        """Ask the API without holding up the rest of the program. Raises botocore's ``ClientError``."""
        answer: dict[str, Any] = await asyncio.to_thread(getattr(self.client, operation), **given)
        return answer

    async def under_way(self) -> list[dict[str, Any]]:
        """The deployments of the group that haven't ended."""
        found = await self.call(
            "list_deployments",
            applicationName=self.application,
            deploymentGroupName=self.group,
            includeOnlyStatuses=list(UNDER_WAY),
        )
        return [await self.look(identifier) for identifier in found["deployments"]]

    async def look(self, identifier: str) -> dict[str, Any]:
        """One deployment as the API describes it."""
        info: dict[str, Any] = (await self.call("get_deployment", deploymentId=identifier))["deploymentInfo"]
        return info

    async def start(self, revision: Mapping[str, Any], description: str, **more: Any) -> str:
        """Start a deployment; its id."""
        made = await self.call(
            "create_deployment",
            applicationName=self.application,
            deploymentGroupName=self.group,
            revision=revision,
            description=description[:256],
            **more,
        )
        return str(made["deploymentId"])

    async def stop(self, identifier: str) -> None:
        """Stop a deployment and go back; ends when both have ended. One that has ended by now is left alone."""
        from botocore.exceptions import ClientError

        try:
            await self.call("stop_deployment", deploymentId=identifier, autoRollbackEnabled=True)
        except ClientError as error:
            if error.response["Error"]["Code"] != "DeploymentAlreadyCompletedException":
                raise
        await self.ended(identifier, lambda _: None)

    async def settle(self, wanted: Callable[[Mapping[str, Any]], bool], say: Say) -> str | None:
        """End what is under way, unless it is ``wanted`` (a deployment leads to where one wants to go): then its id."""
        for deployment in await self.under_way():
            identifier = str(deployment["deploymentId"])
            if wanted(deployment):
                say(f"deployment {identifier} leads there already")
                return identifier
            say(f"deployment {identifier} is stopped and taken back")
            await self.stop(identifier)
        return None

    async def ended(self, identifier: str, say: Say) -> Ended:
        """Wait for the end of a deployment, and of the one that takes it back where it failed."""
        said = ""
        while (info := await self.look(identifier))["status"] in UNDER_WAY:
            if (status := f"deployment {identifier}: {info['status']}") != said:
                say(said := status)
            await asyncio.sleep(PAUSE)
        reason = str((info.get("errorInformation") or {}).get("message") or "no reason given")
        rollback = await self._rollback(identifier, info) if info["status"] != "Succeeded" else None
        return Ended(identifier, info["status"], " ".join(reason.split()), rollback)

    async def _rollback(self, identifier: str, info: Mapping[str, Any]) -> str | None:
        """The deployment that takes a failed one back, awaited; None where the group doesn't start one."""
        waited = 0.0
        while not (found := (info.get("rollbackInfo") or {}).get("rollbackDeploymentId")):
            if waited >= ROLLBACK_STARTS or not _goes_back(info):
                return None
            await asyncio.sleep(PAUSE)
            waited += PAUSE
            info = await self.look(identifier)
        while (await self.look(found))["status"] in UNDER_WAY:
            await asyncio.sleep(PAUSE)
        return str(found)


def _goes_back(info: Mapping[str, Any]) -> bool:
    return bool((info.get("autoRollbackConfiguration") or {}).get("enabled"))


def app_spec(resource: Mapping[str, Any], hooks: Mapping[str, str]) -> dict[str, Any]:
    """A Lambda revision: one function to move, and the hook functions by lifecycle event (AppSpec file reference)."""
    document = {
        "version": 0.0,
        "Resources": [resource],
        "Hooks": [{event: function} for event, function in sorted(hooks.items())],
    }
    content = json.dumps(document, sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()
    return {"revisionType": "AppSpecContent", "appSpecContent": {"content": content, "sha256": digest}}
