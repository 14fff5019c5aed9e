"""Every artifact version in this package, found from the folder names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast, get_args

import yaml

from sandbox.artifacts import build, tree
from sandbox.artifacts.errors import ArtifactError

ROOT = Path(__file__).parent
REGISTRY = "ghcr.io/rollback-stack"

Behaviour = Literal["ready", "crash", "unready", "slow"]
"""What a pod of an image does on the local cluster."""

_VERSION = re.compile(r"\d+\.\d+\.\d+")


@dataclass(frozen=True)
class FunctionArtifact:
    """One version of one Lambda function's code."""

    system: str
    function: str
    version: str
    folder: Path

    @cached_property
    def files(self) -> tree.Files:
        """The code as it lies in the zip."""
        return tree.read(self.folder)

    @cached_property
    def content(self) -> bytes:
        """The deployment package."""
        if "handler.py" not in self.files:
            raise ArtifactError(f"{self.folder} has no handler.py: Lambda starts handler.handler")
        return build.zip_bytes(self.files)

    @property
    def sha256(self) -> str:
        """SHA-256 of the deployment package, hex."""
        return build.sha256(self.content)

    @property
    def fault(self) -> str | None:
        """What is wrong with this version by design; None for a sound one."""
        return tree.fault(self.folder)

    @property
    def key(self) -> str:
        """Where the package lies in the artifact bucket; a content hash, so a key never changes its bytes."""
        return f"functions/{self.system}/{self.function}/{self.version}/{self.sha256}.zip"


@dataclass(frozen=True)
class ImageArtifact:
    """One version of one container image."""

    name: str
    version: str
    folder: Path

    @cached_property
    def files(self) -> tree.Files:
        """The image's own files."""
        return tree.read(self.folder)

    @property
    def digest(self) -> str:
        """The content digest a release pins, `sha256:` and 64 hex digits."""
        return f"sha256:{build.sha256(build.tar_bytes(self.files))}"

    @property
    def reference(self) -> str:
        """The image as a pod names it, by digest."""
        return f"{REGISTRY}/{self.name}@{self.digest}"

    @property
    def fault(self) -> str | None:
        """What is wrong with this version by design; None for a sound one."""
        return tree.fault(self.folder)

    @property
    def behaviour(self) -> Behaviour:
        """What its pods do, from image.yaml.

        Raises:
            ArtifactError: image.yaml is missing or names no known behaviour.
        """
        valid = get_args(Behaviour)
        described: Any = yaml.safe_load(self.files.get("image.yaml", b""))
        if not isinstance(described, dict) or described.get("behaviour") not in valid:
            raise ArtifactError(f"{self.folder}/image.yaml needs a line `behaviour:` with one of {', '.join(valid)}")
        return cast(Behaviour, described["behaviour"])


def functions(root: Path = ROOT) -> list[FunctionArtifact]:
    """Return every function version, ordered by system, function and version number."""
    return [
        FunctionArtifact(system.name, function.name, version.name, version)
        for system in _folders(root / "functions")
        for function in _folders(system)
        if not function.name.startswith("_")
        for version in _versions(function)
    ]


def images(root: Path = ROOT) -> list[ImageArtifact]:
    """Return every image version, ordered by name and version number."""
    return [
        ImageArtifact(image.name, version.name, version)
        for image in _folders(root / "images")
        for version in _versions(image)
    ]


def function(system: str, name: str, version: str, root: Path = ROOT) -> FunctionArtifact:
    """Return one function version.

    Raises:
        ArtifactError: there is no such version; the message names those there are.
    """
    known = [found for found in functions(root) if (found.system, found.function) == (system, name)]
    for found in known:
        if found.version == version:
            return found
    versions = ", ".join(found.version for found in known) or "none"
    raise ArtifactError(f"{system} has no {name} {version}: its versions are {versions}")


def image(name: str, version: str, root: Path = ROOT) -> ImageArtifact:
    """Return one image version.

    Raises:
        ArtifactError: there is no such version; the message names those there are.
    """
    known = [found for found in images(root) if found.name == name]
    for found in known:
        if found.version == version:
            return found
    versions = ", ".join(found.version for found in known) or "none"
    raise ArtifactError(f"there is no image {name} {version}: its versions are {versions}")


def image_catalogue(root: Path = ROOT) -> dict[str, dict[str, str]]:
    """Return what the local cluster's registry holds: image reference -> its pods' behaviour."""
    return {found.reference: {"behaviour": found.behaviour} for found in images(root)}


def pins(root: Path = ROOT) -> dict[str, dict[str, Any]]:
    """Return what a release pins: per function version its package's SHA-256, per image version its digest."""
    listing: dict[str, dict[str, Any]] = {"functions": {}, "images": {}}
    for code in functions(root):
        listing["functions"].setdefault(code.system, {}).setdefault(code.function, {})[code.version] = code.sha256
    for picture in images(root):
        listing["images"].setdefault(picture.name, {})[picture.version] = picture.digest
    return listing


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name not in tree.LEFT_OUT_FOLDERS)


def _versions(folder: Path) -> list[Path]:
    found = [path for path in _folders(folder) if _VERSION.fullmatch(path.name)]
    return sorted(found, key=lambda path: tuple(int(part) for part in path.name.split(".")))
