"""Bringing a revision to the hosts of a deployment group, in place.

Source: AWS CodeDeploy user guide, "Overview of an in-place deployment", "Redeploy and roll back a deployment".
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from codedeploy.deployments import DeploymentError, Group, Say

PART = 1 << 20
"""Bytes of a revision that are read at a time."""


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
        identifier = followed or await self._start(bucket, key)
        ended = await self.group.ended(identifier, say)
        if ended.status == "Succeeded":
            return
        live = await self._live()
        raise DeploymentError(
            f"CodeDeploy could not bring {key} to the hosts of {self.group.group} ({ended.identifier} "
            f"{ended.status.lower()}): {ended.why}; they run {live or 'no revision'}"
        )

    async def _start(self, bucket: str, key: str) -> str:
        version = await asyncio.to_thread(proved, bucket, key, self.group.region)
        # Not the ETag: the same zip, uploaded once more, may have another, and CodeDeploy then couldn't go back to it.
        location = {"bucket": bucket, "key": key, "bundleType": "zip", **({"version": version} if version else {})}
        return await self.group.start(
            {"revisionType": "S3", "s3Location": location}, f"revision {key}", fileExistsBehavior="OVERWRITE"
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


def proved(bucket: str, key: str, region: str) -> str | None:
    """The object's version of a revision that is the zip which its key names by SHA-256: hosts take that one and no
    other. None where the bucket keeps no versions.

    CodeDeploy compares nothing by itself, and a host runs whatever lies under the key. Raises ``DeploymentError`` where
    that is something else, or can't be read. Source: CodeDeploy API reference, S3Location.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = boto3.client("s3", region_name=region).get_object(Bucket=bucket, Key=key)
        digest = hashlib.sha256()
        for part in answer["Body"].iter_chunks(PART):
            digest.update(part)
    except (BotoCoreError, ClientError) as error:
        raise DeploymentError(f"s3://{bucket}/{key} can't be read, and nothing was deployed: {error}") from None
    if digest.hexdigest() != PurePosixPath(key).stem:
        raise DeploymentError(
            f"s3://{bucket}/{key} isn't the zip that the release pins (its SHA-256 is {digest.hexdigest()}): nothing "
            "was deployed. Upload the right one, and run the same again"
        )
    version = str(answer.get("VersionId") or "null")
    return None if version == "null" else version


def _key(deployment: Mapping[str, Any]) -> str | None:
    location = (deployment.get("revision") or {}).get("s3Location") or {}
    return location.get("key")
