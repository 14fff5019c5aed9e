"""Which zips of the artifact bucket the selected systems use, and the resource that deploys each."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stacks.artifacts import Pinned
from stacks.releases import RELEASES
from stacks.selection import Selected, deployed_artifacts
from stacks.settings import StackSettings

FUNCTION = "aws:lambda/function:Function"
LAYER = "aws:lambda/layerVersion:LayerVersion"
PARAMETER = "aws:ssm/parameter:Parameter"


def code_hash(sha256: str) -> str:
    """A SHA-256 in the form that Lambda has it: base64 of the digest, where releases have hexadecimal digits."""
    return base64.b64encode(bytes.fromhex(sha256)).decode()


@dataclass(frozen=True)
class ArtifactObject:
    """One zip, and the resource that it is deployed by."""

    system: str
    name: str
    """What it is of: a function, a layer, or the host's revision."""
    key: str
    sha256: str
    """Hexadecimal."""
    type: str
    """The resource's type."""
    resource: str
    """The resource's name in the program."""

    def is_deployed(self, outputs: Mapping[str, Any] | None) -> bool:
        """Whether the resource's outputs in the state say that it has this zip; then nothing takes it from the bucket.

        ``outputs``: None where the resource isn't in the state.
        """
        if outputs is None:
            return False
        if self.type == PARAMETER:
            values = (outputs.get("insecureValue"), outputs.get("value"))
            return any(isinstance(value, str) and self.key in value for value in values)
        return outputs.get("s3Key") == self.key and str(outputs.get("sourceCodeHash")) == code_hash(self.sha256)


def artifact_objects(
    settings: StackSettings, selected: Mapping[str, Selected], folder: Path = RELEASES
) -> list[ArtifactObject]:
    """The zips that the selected systems run, those of other releases that settings name included.

    Raises ``ConfigurationError`` where settings name a release that lacks what they want of it.
    """
    deployed = (item for chosen in selected.values() for item in deployed_artifacts(settings, chosen, folder))
    return [_object(item) for item in deployed if item.kind != "images"]  # an image lies in a registry


def _object(item: Pinned) -> ArtifactObject:
    type_, resource = {
        "functions": (FUNCTION, f"{item.system}-{item.name}"),
        "layers": (LAYER, f"{item.system}-{item.name.replace('_', '-')}-{item.version}"),
        "revisions": (PARAMETER, f"{item.system}-{item.name}"),
    }[item.kind]
    return ArtifactObject(item.system, item.name, item.place, item.sha256, type_, resource)


def missing_line(stack: str, bucket: str, missing: Sequence[ArtifactObject]) -> str:
    """What to say of zips that aren't in the bucket: all of them in one line, and what brings them there."""
    keys = ", ".join(f"{item.key} ({item.system})" for item in missing)
    number = "1 artifact isn't" if len(missing) == 1 else f"{len(missing)} artifacts aren't"
    return (
        f"{number} in bucket {bucket}: {keys}. Nothing was touched. Bring them there with "
        f"`rollback release publish -s {stack}`, where they were built (docs/releases.md), or choose another release"
    )


def exchanged_line(stack: str, bucket: str, wrong: Sequence[ArtifactObject]) -> str:
    """What to say of zips that are others than their keys name: all of them in one line."""
    keys = ", ".join(f"{item.key} ({item.system})" for item in wrong)
    return (
        f"bucket {bucket} holds something else under {keys} than the release pins: each key ends in its zip's SHA-256. "
        f"Nothing was touched. Find out who wrote it and delete it, then run `rollback release publish -s {stack}`"
    )
