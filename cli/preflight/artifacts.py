"""The zips that an update takes from the artifact bucket."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cli.release.places import sha256_of
from core.state import outputs_of
from stacks.artifact_objects import FUNCTION, ArtifactObject, artifact_objects
from stacks.selection import Selected
from stacks.settings import StackSettings

SIDE_BY_SIDE = 8
ABSENT = ("404", "NoSuchKey", "NoSuchBucket", "NotFound")


def missing(
    settings: StackSettings, selected: Mapping[str, Selected], state: Mapping[str, Any], s3: Any
) -> list[ArtifactObject]:
    """The zips that the update needs and the bucket doesn't have. Raises ``ClientError`` for any other answer.

    What the state says is deployed isn't needed: nothing takes it from the bucket again.
    """
    asked = needed(settings, selected, state)
    if not asked:
        return []
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        there = list(pool.map(lambda item: _is_there(s3, settings.project.artifact_bucket, item.key), asked))
    return [item for item, found in zip(asked, there, strict=True) if not found]


def exchanged(
    settings: StackSettings, selected: Mapping[str, Selected], state: Mapping[str, Any], s3: Any
) -> list[ArtifactObject]:
    """The layers and revisions that the update needs and that aren't the zips which their keys name by SHA-256.

    A function's code is compared after it was published and before anything is led to it
    (``components.common.versions``); these would be used as they are. Raises ``ClientError``.
    """
    bucket = settings.project.artifact_bucket
    asked = [item for item in needed(settings, selected, state) if item.type != FUNCTION]
    return [item for item in asked if sha256_of(s3, bucket, item.key) != item.sha256]


def needed(settings: StackSettings, selected: Mapping[str, Selected], state: Mapping[str, Any]) -> list[ArtifactObject]:
    """The zips that an update would take from the artifact bucket: those that the state doesn't have yet."""
    return [
        item
        for item in artifact_objects(settings, selected)
        if not item.is_deployed(outputs_of(state, item.type, item.resource))
    ]


def _is_there(s3: Any, bucket: str, key: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ABSENT:
            return False
        raise
    return True
