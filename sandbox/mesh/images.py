"""Images of the shelf and of the registry, laid out on disk to be run."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from apps import archives, catalogue
from apps.kinds import ImageArtifact
from sandbox.mesh.pulled import Mirror, Pulled

SCRIPT = "app.py"
"""What an image's Dockerfile starts, with Python."""
INTERPRETER = "python"
DEFAULT_PORT = 8000


@dataclass(frozen=True)
class Image:
    """An image's files on disk, and the port its program listens on where PORT says nothing else."""

    folder: Path
    port: int
    command: tuple[str, ...] = (INTERPRETER, SCRIPT)
    environment: tuple[tuple[str, str], ...] = ()


class Images:
    """Lays images out under a folder, each once."""

    def __init__(self, folder: Path, shelf: Path = catalogue.ROOT, mirror: Mirror | None = None) -> None:
        self._folder, self._shelf, self._mirror = folder, shelf, mirror
        self._known: dict[str, ImageArtifact] = {}

    def find(self, reference: str) -> Image | None:
        """Return the image that a pod names, None where neither shelf nor registry has it. Raises PullError."""
        name = _without_tag(reference)
        if name not in self._known:
            # A version may have been put on the shelf since the last look.
            self._known = {each.reference: each for each in catalogue.images(self._shelf) if not each.is_whole}
        found = self._known.get(name)
        if found is not None:
            return self._laid_out(found)
        pulled = self._mirror.pull(name, self._folder) if self._mirror else None
        return None if pulled is None else _of(pulled)

    def _laid_out(self, artifact: ImageArtifact) -> Image:
        target = self._folder / artifact.name / f"{artifact.version}-{artifact.digest.rpartition(':')[2][:16]}"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=target.parent))
            try:
                archives.write_tree(artifact.files, partial)
                os.rename(partial, target)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
        described: Any = yaml.safe_load(artifact.files.get("image.yaml", b"")) or {}
        return Image(target, int(described.get("port", DEFAULT_PORT)))


def _of(pulled: Pulled) -> Image:
    """What an image of the registry starts, by its configuration."""
    config = pulled.config
    words = [*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ())]
    ports = [int(port.partition("/")[0]) for port in config.get("ExposedPorts") or ()]
    pairs = (entry.partition("=") for entry in config.get("Env") or ())
    folder = pulled.root / str(config.get("WorkingDir") or "/").lstrip("/")
    return Image(
        folder, min(ports, default=DEFAULT_PORT), tuple(words), tuple((name, value) for name, _, value in pairs)
    )


def _without_tag(reference: str) -> str:
    """Where a reference has a tag and a digest, the digest decides."""
    name, at, digest = reference.partition("@")
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}{at}{digest}" if at else reference
