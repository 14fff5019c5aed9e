"""The zips that an update takes from the artifact bucket: looked at before anything is declared."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pulumi

from stacks.artifact_objects import ArtifactObject, artifact_objects, missing_line

if TYPE_CHECKING:
    from components.common.context import Context
    from stacks.selection import Selected


def refuse_missing_artifacts(context: Context, selected: Mapping[str, Selected]) -> None:
    """Refuse an update that needs a zip which isn't in the bucket, with ``pulumi.RunError`` of one line.

    Only what the state doesn't have yet is asked for: a preview without changes asks for nothing.
    """
    memory = context.memory
    needed = [
        item
        for item in artifact_objects(context.settings, selected)
        if not item.is_deployed(memory.resource(item.type, item.resource))
    ]
    if not needed:
        return
    from components.common.waiting import answer_of

    bucket = context.settings.project.artifact_bucket
    if missing := answer_of(_missing(context, bucket, needed)):
        raise pulumi.RunError(missing_line(context.settings.stack, bucket, missing))


async def _missing(context: Context, bucket: str, needed: Sequence[ArtifactObject]) -> list[ArtifactObject]:
    from components.common.invokes import look_up

    opts = pulumi.InvokeOptions(provider=context.account.provider)
    asked = [look_up("aws:s3/getObject:getObject", {"bucket": bucket, "key": item.key}, opts) for item in needed]
    return [item for item, answer in zip(needed, await asyncio.gather(*asked), strict=True) if answer is None]
