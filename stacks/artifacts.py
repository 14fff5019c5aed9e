"""A zip that a release pins."""

from __future__ import annotations

from core.identifiers import ArtifactVersion, Sha256
from core.model import Model


class Artifact(Model):
    """One zip in the artifact bucket: a function's code, a layer, a host's revision."""

    version: ArtifactVersion
    sha256: Sha256
