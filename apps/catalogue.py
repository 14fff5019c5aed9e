"""Every artifact version in this package, found from the folder names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from apps import tree
from apps.errors import ArtifactError
from apps.kinds import FunctionArtifact, ImageArtifact, LayerArtifact, Package, RevisionArtifact

ROOT = Path(__file__).parent

_VERSION = re.compile(r"\d+\.\d+\.\d+")


def functions(root: Path = ROOT) -> list[FunctionArtifact]:
    """Return every function version, ordered by system, function and version number."""
    return [
        FunctionArtifact(version.name, version, system.name, function.name)
        for system in _folders(root / "functions")
        for function in _folders(system)
        for version in _versions(function)
    ]


def layers(root: Path = ROOT) -> list[LayerArtifact]:
    """Return every layer version, ordered by system, name and version number."""
    return [
        LayerArtifact(version.name, version, system.name, layer.name)
        for system in _folders(root / "layers")
        for layer in _folders(system)
        for version in _versions(layer)
    ]


def revisions(root: Path = ROOT) -> list[RevisionArtifact]:
    """Return every application revision, ordered by system and version number."""
    return [
        RevisionArtifact(version.name, version, system.name)
        for system in _folders(root / "revisions")
        for version in _versions(system)
    ]


def images(root: Path = ROOT) -> list[ImageArtifact]:
    """Return every image version, ordered by name and version number."""
    return [
        ImageArtifact(version.name, version, image.name)
        for image in _folders(root / "images")
        for version in _versions(image)
    ]


def packages(root: Path = ROOT) -> list[Package]:
    """Return everything that lies in the artifact bucket: functions, layers and revisions."""
    return [*functions(root), *layers(root), *revisions(root)]


def function(system: str, name: str, version: str, root: Path = ROOT) -> FunctionArtifact:
    """Return one function version.

    Raises:
        ArtifactError: there is no such version; the message names those there are.
    """
    known = [found for found in functions(root) if (found.system, found.function) == (system, name)]
    return _one(known, version, f"{system} has no {name}")


def layer(system: str, name: str, version: str, root: Path = ROOT) -> LayerArtifact:
    """Return one layer version.

    Raises:
        ArtifactError: there is no such version; the message names those there are.
    """
    known = [found for found in layers(root) if (found.system, found.name) == (system, name)]
    return _one(known, version, f"{system} has no layer {name}")


def revision(system: str, version: str, root: Path = ROOT) -> RevisionArtifact:
    """Return one application revision.

    Raises:
        ArtifactError: there is no such version; the message names those there are.
    """
    known = [found for found in revisions(root) if found.system == system]
    return _one(known, version, f"{system} has no revision")


def image(name: str, version: str, root: Path = ROOT) -> ImageArtifact:
    """Return one image version.

    Raises:
        ArtifactError: there is no such version; the message names those there are.
    """
    return _one([found for found in images(root) if found.name == name], version, f"there is no image {name}")


def image_catalogue(root: Path = ROOT) -> dict[str, dict[str, str]]:
    """Return the images that the local cluster knows by their files: image reference -> its pods' behaviour."""
    return {found.reference: {"behaviour": found.behaviour} for found in images(root) if not found.is_whole}


def pins(root: Path = ROOT) -> dict[str, dict[str, Any]]:
    """Return what a release pins: per version of a function, layer or revision its SHA-256, of an image its digest."""
    listing: dict[str, dict[str, Any]] = {"functions": {}, "layers": {}, "revisions": {}, "images": {}}
    for code in functions(root):
        listing["functions"].setdefault(code.system, {}).setdefault(code.function, {})[code.version] = code.sha256
    for library in layers(root):
        listing["layers"].setdefault(library.system, {}).setdefault(library.name, {})[library.version] = library.sha256
    for application in revisions(root):
        listing["revisions"].setdefault(application.system, {})[application.version] = application.sha256
    for picture in images(root):
        listing["images"].setdefault(picture.name, {})[picture.version] = picture.digest
    return listing


class _Versioned(Protocol):
    @property
    def version(self) -> str: ...


_Found = TypeVar("_Found", bound=_Versioned)


def _one(known: Sequence[_Found], version: str, lacking: str) -> _Found:
    for found in known:
        if found.version == version:
            return found
    versions = ", ".join(found.version for found in known) or "none"
    raise ArtifactError(f"{lacking} {version}: its versions are {versions}")


def _folders(folder: Path) -> list[Path]:
    """The folders below that hold artifacts; one with a leading underscore holds what artifacts share."""
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if path.is_dir() and path.name not in tree.LEFT_OUT_FOLDERS]
    return sorted(path for path in found if not path.name.startswith("_"))


def _versions(folder: Path) -> list[Path]:
    found = [path for path in _folders(folder) if _VERSION.fullmatch(path.name)]
    return sorted(found, key=lambda path: tuple(int(part) for part in path.name.split(".")))
