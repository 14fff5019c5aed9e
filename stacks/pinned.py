"""Everything that a release pins, whatever system it is of: which source, which content, and where that lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.model import ConfigurationError
from core.release_lock import read_lock
from stacks.artifact_objects import PACKAGE, function_key, layer_key, revision_key
from stacks.artifacts import Artifact
from stacks.async_rag import AsyncRagRelease
from stacks.compaction import CompactionRelease
from stacks.cryptique import CryptiqueRelease
from stacks.rag_api import RagApiRelease
from stacks.releases import RELEASES, Release, load, versions
from stacks.security_assistant import SecurityAssistantRelease

Kind = Literal["functions", "layers", "revisions", "images"]


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


def pinned(release: Release) -> list[Pinned]:
    """What a release pins, system by system."""
    return [each for system, of in release.systems.named().items() for each in _of(system, of)]


def published(folder: Path = RELEASES) -> dict[str, dict[str, list[str]]]:
    """What was ever published: source -> SHA-256 -> the releases that pin it. Unreadable manifests are left out."""
    found: dict[str, dict[str, list[str]]] = {}
    for version, each in every_pinned(folder).items():
        for item in each:
            found.setdefault(item.source, {}).setdefault(item.sha256, []).append(version)
    return found


def every_pinned(folder: Path = RELEASES) -> dict[str, list[Pinned]]:
    """What each published release pins, oldest first. Unreadable manifests are left out."""
    lock = read_lock(folder)
    found = {}
    for version in versions(folder):
        if version in lock:
            try:
                found[version] = pinned(load(version, folder))
            except ConfigurationError:
                continue
    return found


def _of(system: str, release: object) -> Iterator[Pinned]:
    match release:
        case AsyncRagRelease() | SecurityAssistantRelease():
            yield from _functions(system, release.functions)
        case CompactionRelease():
            yield from _functions(system, release.functions)
            package = release.package
            yield Pinned("layers", system, PACKAGE, package.version, package.sha256, layer_key(package))
        case CryptiqueRelease(revision=revision):
            yield Pinned("revisions", system, "revision", revision.version, revision.sha256, revision_key(revision))
        case RagApiRelease():
            name, sha256 = release.repository.rpartition("/")[2], release.digest.removeprefix("sha256:")
            yield Pinned("images", system, name, release.version, sha256, release.image)


def _functions(system: str, functions: Mapping[str, Artifact]) -> Iterator[Pinned]:
    for name, artifact in sorted(functions.items()):
        key = function_key(system, name, artifact)
        yield Pinned("functions", system, name, artifact.version, artifact.sha256, key)
