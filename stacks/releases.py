"""Releases: immutable manifests of what every system runs.

A manifest lives in ``stacks/releases/<version>.yaml`` and is never edited once it is published: ``releases.lock``
holds the SHA-256 of each published file, and both the program and the tests compare.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, StringConstraints, ValidationError, model_validator

from stacks.model import ConfigurationError, Model, explain, one_of, unknown

RELEASES = Path(__file__).parent / "releases"
LOCK_NAME = "releases.lock"
VERSION_PATTERN = re.compile(r"v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")

Version = Annotated[str, StringConstraints(pattern=rf"^{VERSION_PATTERN.pattern}$")]
ArtifactVersion = Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Repository = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)+$")]

ASYNC_PATH_FUNCTIONS = (
    "async_document_processor",
    "vdr_processor",
    "text_rag_processor",
    "websocket_connect",
    "websocket_disconnect",
    "websocket_subscribe",
    "websocket_default",
)
"""The functions that level 2 of seed 000 removes."""

LASTING_FUNCTIONS = ("process_document_for_rag", "query_handler")
"""The functions that every release of async-rag has: the synchronous path and the query handler (seed 000)."""


class FunctionArtifact(Model):
    """The code of one function: its artifact's version and the SHA-256 of its zip."""

    version: ArtifactVersion
    sha256: Sha256


class AsyncRagRelease(Model):
    """What a release pins of async-rag (seed 000)."""

    async_path: bool
    """Whether this release has the queues' consumers and the WebSocket API at all."""
    schema_version: Annotated[int, Field(ge=1, le=99)]
    """The newest database schema that this release's code knows; older code works on a newer schema."""
    functions: dict[str, FunctionArtifact]

    @model_validator(mode="after")
    def _whole(self) -> AsyncRagRelease:
        wanted = set(LASTING_FUNCTIONS) | (set(ASYNC_PATH_FUNCTIONS) if self.async_path else set())
        if missing := sorted(wanted - set(self.functions)):
            raise ValueError(f"functions lacks {one_of(missing)}")
        if extra := sorted(set(self.functions) - wanted):
            raise ValueError(f"functions has {one_of(extra)}, which asyncPath {str(self.async_path).lower()} rules out")
        return self


class RagApiRelease(Model):
    """What a release pins of rag-api (seed 001): the image by digest, and its configuration."""

    repository: Repository
    version: ArtifactVersion
    digest: Digest
    config: dict[Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")], str] = {}

    @property
    def image(self) -> str:
        """The image reference that a pod runs, pinned by digest."""
        return f"{self.repository}@{self.digest}"


SystemRelease = AsyncRagRelease | RagApiRelease


class SystemReleases(Model):
    """The systems that a release brings."""

    async_rag: Annotated[AsyncRagRelease | None, Field(alias="async-rag")] = None
    rag_api: Annotated[RagApiRelease | None, Field(alias="rag-api")] = None

    def named(self) -> dict[str, SystemRelease]:
        """The systems of this release by name."""
        pairs = {"async-rag": self.async_rag, "rag-api": self.rag_api}
        return {name: system for name, system in pairs.items() if system is not None}


class Release(Model):
    """One manifest."""

    version: Version
    released: date
    summary: Annotated[str, Field(min_length=1, max_length=200)]
    quality: Literal["good", "faulty"] = "good"
    """``faulty`` marks a release with a planted fault, kept for drills."""
    systems: SystemReleases


SYSTEMS: tuple[str, ...] = tuple(SystemReleases.keys())
"""The names of the systems, in the order in which they are shown."""


def versions(folder: Path = RELEASES) -> list[str]:
    """The versions that have a manifest, oldest first."""
    return sorted((path.stem for path in folder.glob("v*.yaml")), key=_order)


def load(version: str, folder: Path = RELEASES) -> Release:
    """Read one release, compared with the lock.

    Raises ``ConfigurationError`` for a version that doesn't exist, a malformed manifest, and a manifest that was
    edited after it was published.
    """
    path = folder / f"{version}.yaml"
    if not VERSION_PATTERN.fullmatch(version):
        raise ConfigurationError(
            f"version {version!r} doesn't name a release (a release is pinned exactly, as v1.2.3); "
            f"valid: {one_of(versions(folder))}"
        )
    if not path.is_file():
        if version in read_lock(folder):
            raise ConfigurationError(f"the manifest of release {version} is missing: restore {_shown(path)} from git")
        raise unknown("version", version, versions(folder))
    content = path.read_bytes()
    release = parse(content, _shown(path))
    if release.version != version:
        raise ConfigurationError(f"{_shown(path)}: version says {release.version}, the file's name says {version}")
    _compare(version, content, read_lock(folder), path)
    return release


def window(system: str, folder: Path = RELEASES) -> dict[str, SystemRelease]:
    """What every published release brings of one system, by version: all that can be gone back to.

    A manifest that can't be read is left out: it must not stand in the way of going back to another release.
    """
    found = {}
    for version in versions(folder):
        try:
            found[version] = load(version, folder).systems.named().get(system)
        except ConfigurationError:
            continue
    return {version: release for version, release in found.items() if release is not None}


def parse(content: bytes, where: str) -> Release:
    """A manifest's text as a typed release; ``where`` names it in errors (``ConfigurationError``)."""
    try:
        data: Any = yaml.safe_load(content)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise ConfigurationError(f"{where}:{line} isn't valid YAML: {getattr(error, 'problem', error)}") from None
    try:
        return Release.model_validate(data)
    except ValidationError as error:
        raise explain(error, where, Release) from None


def read_lock(folder: Path = RELEASES) -> dict[str, str]:
    """The published versions and the SHA-256 of their manifests."""
    path = folder / LOCK_NAME
    try:
        lock: dict[str, str] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ConfigurationError(f"{_shown(path)} isn't valid JSON: {error}") from None
    return lock


def publish(version: str, folder: Path = RELEASES) -> None:
    """Add a release's hash to the lock. From then on its manifest can't change.

    Raises ``ConfigurationError`` where the version was published with other content before.
    """
    path = folder / f"{version}.yaml"
    if not path.is_file():
        raise unknown("version", version, versions(folder))
    content, lock = path.read_bytes(), read_lock(folder)
    parse(content, _shown(path))
    if version in lock:
        _compare(version, content, lock, path)
    lock[version] = hashlib.sha256(content).hexdigest()
    ordered = {name: lock[name] for name in sorted(lock, key=_order)}
    temporary = folder / f".{LOCK_NAME}.{os.getpid()}"
    temporary.write_text(json.dumps(ordered, indent=2) + "\n")
    temporary.replace(folder / LOCK_NAME)


def _compare(version: str, content: bytes, lock: dict[str, str], path: Path) -> None:
    if version not in lock:
        raise ConfigurationError(f"release {version} isn't published: run `rollback publish {version}` and commit it")
    if hashlib.sha256(content).hexdigest() != lock[version]:
        raise ConfigurationError(
            f"release {version} was edited after it was published: restore {_shown(path)} from git, "
            "or publish the change as a new version"
        )


def _order(version: str) -> tuple[int, ...]:
    found = VERSION_PATTERN.fullmatch(version)
    return tuple(int(part) for part in found.groups()) if found else (10**9,)


def _shown(path: Path) -> str:
    """A path as a user types it: below the project, not the machine's whole path."""
    inside = path.is_relative_to(RELEASES.parent)
    return str(Path("stacks") / path.relative_to(RELEASES.parent)) if inside else path.name
