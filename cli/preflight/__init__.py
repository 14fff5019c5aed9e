"""Looked at before an update moves anything: what it needs of the account, and whether that is there.

The bucket of artifacts (``preflight.buckets``), zips of functions, layers and revisions that the state doesn't have yet
(``preflight.artifacts``), functions and layers that somebody deleted beside the stack (``preflight.lost``), published
versions that are gone (``preflight.published``), images that no registry has (``preflight.images``). The command
`rollback preflight` looks at much more (``checks``).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from cli.engine import Engine, Snapshot
from cli.preflight import artifacts, buckets, images, lost, published
from cli.pulumi_command import EngineError
from core.urn import name_of
from stacks.artifact_objects import ArtifactObject, exchanged_line, missing_line
from stacks.selection import Selected, select
from stacks.settings import StackSettings


class PreflightError(EngineError):
    """The update lacks something. The message is one line that says what, where, and what brings it there."""


def check(settings: StackSettings, engine: Engine, state: Mapping[str, Any]) -> None:
    """Refuse an update that can't end well, and have the next step make anew what somebody deleted.

    ``state``: the whole of it, as it is now. Raises ``PreflightError`` before anything is touched; what boto3 raises
    where the account doesn't answer.
    """
    selected = select(settings)
    bucket = settings.project.artifact_bucket
    s3 = _client("s3", settings.region)
    if missing := _missing(settings, selected, state, s3):
        raise PreflightError(missing_line(settings.stack, bucket, missing))
    if wrong := artifacts.exchanged(settings, selected, state, s3):
        raise PreflightError(exchanged_line(settings.stack, bucket, wrong))
    gone_images, untold = images.missing(settings, selected, state)
    if gone_images:
        raise PreflightError(images.missing_line(settings.stack, gone_images))
    for line in untold:
        print(f"{settings.stack}: {line}", file=sys.stderr)
    client = _client("lambda", settings.region)
    versions = published.existing(state, client)
    for line in published.gone(settings, selected, state, Snapshot(state, []).outputs, versions):
        print(f"{settings.stack}: {line}", file=sys.stderr)
    if gone := lost.lost_resources(state, versions, client):
        names = ", ".join(name_of(urn) for urn in gone)
        print(f"{settings.stack}: gone from the account, and made anew: {names}", file=sys.stderr)
        engine.refresh(gone)


def _missing(
    settings: StackSettings, selected: Mapping[str, Selected], state: Mapping[str, Any], s3: Any
) -> list[ArtifactObject]:
    """The zips that the bucket lacks. Raises ``PreflightError`` where the bucket itself isn't there, or isn't ours."""
    from botocore.exceptions import ClientError

    try:
        missing = artifacts.missing(settings, selected, state, s3)
    except ClientError:
        _refuse_without_bucket(settings, s3)
        raise
    if missing:
        _refuse_without_bucket(settings, s3)
    return missing


def _refuse_without_bucket(settings: StackSettings, s3: Any) -> None:
    owner = str(_client("sts", settings.region).get_caller_identity()["Account"])
    found = buckets.artifacts_there(s3, settings.project.artifact_bucket, settings.region, owner)
    if found.remedy:
        remedy = found.remedy.replace("-s STACK", f"-s {settings.stack}")
        raise PreflightError(f"{found.detail}. Nothing was touched. Next: {remedy}")


def _client(service: Any, region: str) -> Any:
    from core.aws import client

    return client(service, region)
