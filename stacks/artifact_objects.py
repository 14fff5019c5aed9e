"""Where the zips that a release pins lie in the artifact bucket, and which of them the selected systems use.

Keys end in the content's SHA-256, so that no release can overwrite another's.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stacks.artifacts import Artifact
from stacks.async_rag import AsyncRagRelease
from stacks.compaction import CompactionRelease
from stacks.cryptique import CryptiqueRelease
from stacks.releases import RELEASES, window
from stacks.security_assistant import SecurityAssistantRelease
from stacks.selection import Selected, handlers
from stacks.settings import StackSettings

FUNCTION = "aws:lambda/function:Function"
LAYER = "aws:lambda/layerVersion:LayerVersion"
PARAMETER = "aws:ssm/parameter:Parameter"
PACKAGE = "receipt_chroma"


def function_key(system: str, function: str, artifact: Artifact) -> str:
    """The key of a function's zip."""
    return f"functions/{system}/{function}/{artifact.version}/{artifact.sha256}.zip"


def layer_key(artifact: Artifact) -> str:
    """The key of a layer's zip."""
    return f"layers/compaction/{PACKAGE}/{artifact.version}/{artifact.sha256}.zip"


def revision_key(artifact: Artifact) -> str:
    """The key of a revision for hosts."""
    return f"revisions/cryptique/{artifact.version}/{artifact.sha256}.zip"


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
    return [item for chosen in selected.values() for item in _of(settings, chosen, folder)]


def _of(settings: StackSettings, selected: Selected, folder: Path) -> Iterator[ArtifactObject]:
    match selected.release:
        case AsyncRagRelease() | SecurityAssistantRelease() as release:
            yield from _functions(selected.system, release.functions)
        case CompactionRelease() as release:
            yield from _functions(selected.system, handlers(settings, selected, folder))
            others = (item for item in window("compaction", folder).values() if isinstance(item, CompactionRelease))
            packages = {item.package.version: item.package for item in [*others, release]}
            for version, artifact in sorted(packages.items()):
                resource = f"compaction-receipt-chroma-{version}"
                yield ArtifactObject("compaction", PACKAGE, layer_key(artifact), artifact.sha256, LAYER, resource)
        case CryptiqueRelease(revision=revision):
            key = revision_key(revision)
            yield ArtifactObject("cryptique", "revision", key, revision.sha256, PARAMETER, "cryptique-revision")
        case _:  # rag-api's image lies in a registry
            return


def _functions(system: str, functions: Mapping[str, Artifact]) -> Iterator[ArtifactObject]:
    for name, artifact in sorted(functions.items()):
        key = function_key(system, name, artifact)
        yield ArtifactObject(system, name, key, artifact.sha256, FUNCTION, f"{system}-{name}")


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
