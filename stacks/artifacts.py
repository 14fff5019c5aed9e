"""What a release pins: zips in the artifact bucket, images in a registry, and where each lies.

Keys end in the content's SHA-256, so that no release can overwrite another's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from core.identifiers import ArtifactVersion, Sha256
from core.model import Model

Kind = Literal["functions", "layers", "revisions", "images"]


class Artifact(Model):
    """One zip in the artifact bucket: a function's code, a layer, a host's revision."""

    version: ArtifactVersion
    sha256: Sha256


@dataclass(frozen=True)
class Pinned:
    """One artifact of a release."""

    kind: Kind
    system: str
    name: str
    """Of a function, a layer or an image; ``revision`` for a host's."""
    version: str
    sha256: str
    """Hexadecimal: of the zip, or of the image's manifest."""
    place: str
    """Its key in the artifact bucket; of an image, its reference by digest."""

    @property
    def source(self) -> str:
        """What it was built from, as ``functions/<system>/<function>/<version>``."""
        parts: dict[Kind, tuple[str, ...]] = {"images": (self.name,), "revisions": (self.system,)}
        return "/".join((self.kind, *parts.get(self.kind, (self.system, self.name)), self.version))


def function_key(system: str, function: str, artifact: Artifact) -> str:
    """The key of a function's zip."""
    return f"functions/{system}/{function}/{artifact.version}/{artifact.sha256}.zip"


def layer_key(system: str, layer: str, artifact: Artifact) -> str:
    """The key of a layer's zip."""
    return f"layers/{system}/{layer}/{artifact.version}/{artifact.sha256}.zip"


def revision_key(system: str, artifact: Artifact) -> str:
    """The key of a revision for hosts."""
    return f"revisions/{system}/{artifact.version}/{artifact.sha256}.zip"


def pinned_functions(system: str, functions: Mapping[str, Artifact]) -> Iterator[Pinned]:
    """The zips of a system's functions, by name."""
    for name, artifact in sorted(functions.items()):
        key = function_key(system, name, artifact)
        yield Pinned("functions", system, name, artifact.version, artifact.sha256, key)


def pinned_layer(system: str, name: str, artifact: Artifact) -> Pinned:
    """The zip of a layer."""
    return Pinned("layers", system, name, artifact.version, artifact.sha256, layer_key(system, name, artifact))
