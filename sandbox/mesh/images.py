"""Images of the shelf, laid out on disk to be run."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from apps import build, catalogue
from apps.kinds import ImageArtifact

SCRIPT = "app.py"
"""What an image's Dockerfile starts, with Python."""
DEFAULT_PORT = 8000


@dataclass(frozen=True)
class Image:
    """An image's files on disk, and the port its program listens on where PORT says nothing else."""

    folder: Path
    port: int


class Images:
    """Lays images out under a folder, each once."""

    def __init__(self, folder: Path, shelf: Path = catalogue.ROOT) -> None:
        self._folder, self._shelf = folder, shelf
        self._known: dict[str, ImageArtifact] = {}

    def find(self, reference: str) -> Image | None:
        """Return the image that a pod names, None where the shelf has none of that digest."""
        name = _without_tag(reference)
        if name not in self._known:
            # A version may have been put on the shelf since the last look.
            self._known = {each.reference: each for each in catalogue.images(self._shelf)}
        found = self._known.get(name)
        return None if found is None else self._laid_out(found)

    def _laid_out(self, artifact: ImageArtifact) -> Image:
        target = self._folder / artifact.name / f"{artifact.version}-{artifact.digest.rpartition(':')[2][:16]}"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=target.parent))
            try:
                build.write_tree(artifact.files, partial)
                os.rename(partial, target)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
        described: Any = yaml.safe_load(artifact.files.get("image.yaml", b"")) or {}
        return Image(target, int(described.get("port", DEFAULT_PORT)))


def _without_tag(reference: str) -> str:
    """Where a reference has a tag and a digest, the digest decides."""
    name, at, digest = reference.partition("@")
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}{at}{digest}" if at else reference
