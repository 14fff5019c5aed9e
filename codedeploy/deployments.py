"""One CodeDeploy deployment group: what is under way in it, starting, stopping and awaiting deployments.

Source: AWS CodeDeploy API reference (CreateDeployment, GetDeployment, ListDeployments, StopDeployment).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from codedeploy import alarms
from codedeploy.interruption import told_to_end

UNDER_WAY = ("Created", "Queued", "InProgress", "Baking", "Ready")
"""The states of a deployment that hasn't ended."""
PAUSE = 0.5
"""Seconds between two looks at a deployment."""
ROLLBACK_STARTS = 30.0
"""Seconds within which CodeDeploy starts the deployment that goes back, after one that failed."""

LOOKS = 4
"""Looks at a deployment between two at its progress, which takes calls of its own."""
TAKES_BACK = "codeDeployRollback"
"""The creator of a deployment that takes another one back."""
STOP_ANSWERS = 2.0
"""Seconds that the API has to answer a stop before this process, which was told to end, is killed."""

Say = Callable[[str], None]
Describe = Callable[[str, str], Awaitable[str]]
"""A deployment's id and status -> the line that tells its progress."""


class DeploymentError(RuntimeError):
    """A deployment didn't come to a good end. The message is one line: what happened and what runs now."""


@dataclass(frozen=True)
class Ended:
    """How a deployment ended."""

    identifier: str
    status: str
    reason: str
    alarms: tuple[str, ...] = ()
    """The alarms of the group that ring, where one of them ended it: name, reading, threshold."""

    @property
    def why(self) -> str:
        """The reason in one line, with what the alarms read."""
        return "; ".join([self.reason, *self.alarms])


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

    @cached_property
    def cloudwatch(self) -> Any:
        """The API of the alarms."""
        import boto3

        return boto3.client("cloudwatch", region_name=self.region)

    async def ringing(self) -> list[str]:
        """The alarms that would stop a deployment of the group now: name, reading, threshold."""
        names = await asyncio.to_thread(alarms.of_group, self.client, self.application, self.group)
        return await asyncio.to_thread(alarms.ringing, self.cloudwatch, names)

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
        """End what is under way, unless it is ``wanted`` (a deployment leads to where one wants to go): then its id.

        One that takes another back is awaited: to stop it would bring back what failed.
        """
        for deployment in await self.under_way():
            identifier = str(deployment["deploymentId"])
            if deployment.get("creator") == TAKES_BACK:
                say(f"deployment {identifier} takes another one back: waiting for its end")
                await self._over(identifier)
                continue
            if wanted(deployment):
                say(f"deployment {identifier} already moves there: following it")
                return identifier
            say(f"deployment {identifier} is stopped and rolled back")
            await self.stop(identifier)
        return None

    async def ended(self, identifier: str, say: Say, describe: Describe | None = None) -> Ended:
        """Wait for the end of a deployment, and of the one that takes it back where it failed.

        Told to end meanwhile, it stops the deployment, has CodeDeploy take it back, and raises ``DeploymentError``.
        """
        said, known, looks = "", "", 0
        with told_to_end() as told:
            while (info := await self.look(identifier))["status"] in UNDER_WAY:
                status, looks = str(info["status"]), looks + 1
                if status != known or looks % LOOKS == 0:
                    line = await describe(identifier, status) if describe else f"deployment {identifier}: {status}"
                    if line != said:
                        say(said := line)
                known = status
                if await _within(told, PAUSE):
                    await self._interrupted(identifier)
        code, message = (str((info.get("errorInformation") or {}).get(key) or "") for key in ("code", "message"))
        readings = tuple(await self.ringing()) if code == "ALARM_ACTIVE" else ()
        reason = " ".join((message or "no reason given").split())
        if info["status"] != "Succeeded":
            say(f"deployment {identifier} {info['status'].lower()}: {'; '.join([reason, *readings])}")
            await self._rollback(identifier, info)
        return Ended(identifier, info["status"], reason, readings)

    async def _interrupted(self, identifier: str) -> None:
        """Stop a deployment without waiting for its end, since this process has little time left."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            stopping = self.call("stop_deployment", deploymentId=identifier, autoRollbackEnabled=True)
            await asyncio.wait_for(stopping, STOP_ANSWERS)
        except (TimeoutError, BotoCoreError, ClientError) as error:
            raise DeploymentError(
                f"interrupted: deployment {identifier} could not be stopped ({error or 'no answer'}) and goes on by "
                f"itself (CodeDeploy); stop it: {stop_command(identifier)}"
            ) from None
        raise DeploymentError(f"interrupted: deployment {identifier} is stopped, and CodeDeploy takes it back")

    async def _over(self, identifier: str) -> None:
        while (await self.look(identifier))["status"] in UNDER_WAY:
            await asyncio.sleep(PAUSE)

    async def _rollback(self, identifier: str, info: Mapping[str, Any]) -> None:
        """Wait for the deployment that rolls a failed one back, where the group starts one."""
        waited = 0.0
        while not (found := (info.get("rollbackInfo") or {}).get("rollbackDeploymentId")):
            if waited >= ROLLBACK_STARTS or not _goes_back(info):
                return
            await asyncio.sleep(PAUSE)
            waited += PAUSE
            info = await self.look(identifier)
        await self._over(found)


async def _within(told: asyncio.Event, seconds: float) -> bool:
    """Whether the event is set within this time."""
    try:
        await asyncio.wait_for(told.wait(), seconds)
    except TimeoutError:
        return False
    return True


def stop_command(identifier: str) -> str:
    """What a person types to stop a deployment and have CodeDeploy take it back."""
    return f"`aws deploy stop-deployment --deployment-id {identifier} --auto-rollback-enabled`"


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
