"""Bringing a revision to the hosts of a deployment group, in place.

Source: AWS CodeDeploy user guide, "Overview of an in-place deployment", "Redeploy and roll back a deployment".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployments.codedeploy import DeploymentError, Group, Say


@dataclass(frozen=True)
class RevisionDeployment:
    """The way on which a host's revision changes."""

    group: Group

    async def move(self, bucket: str, key: str, say: Say) -> None:
        """Have every host of the group run the revision in ``s3://bucket/key``; returns at once where they do.

        A deployment that is under way is followed where it brings the same revision; any other is stopped first.
        Raises ``DeploymentError`` when a host didn't come up with it, after CodeDeploy has brought the last good
        revision back.
        """
        followed = await self.group.settle(lambda found: _key(found) == key, say)
        if followed is None and await self._live() == key:
            return
        identifier = followed or await self.group.start(
            {"revisionType": "S3", "s3Location": {"bucket": bucket, "key": key, "bundleType": "zip"}},
            f"revision {key}",
            fileExistsBehavior="OVERWRITE",
        )
        ended = await self.group.ended(identifier, say)
        if ended.status == "Succeeded":
            return
        live = await self._live()
        raise DeploymentError(
            f"CodeDeploy could not bring {key} to the hosts of {self.group.group} ({ended.identifier} "
            f"{ended.status.lower()}): {ended.why}; they run {live or 'no revision'}"
        )

    async def _live(self) -> str | None:
        """The revision of the last deployment, where that was a good one; None where nothing can be said."""
        found = await self.group.call(
            "get_deployment_group", applicationName=self.group.application, deploymentGroupName=self.group.group
        )
        info = found["deploymentGroupInfo"]
        good = (info.get("lastSuccessfulDeployment") or {}).get("deploymentId")
        last = (info.get("lastAttemptedDeployment") or {}).get("deploymentId")
        return _key(await self.group.look(good)) if good and good == last else None


def _key(deployment: Mapping[str, Any]) -> str | None:
    location = (deployment.get("revision") or {}).get("s3Location") or {}
    return location.get("key")
