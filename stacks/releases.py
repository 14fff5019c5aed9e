"""Releases: immutable manifests of what every system runs.

A manifest lives in ``stacks/releases/<version>.yaml`` and is never edited once it is published
(``core.release_lock``): both the program and the tests compare.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import date
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import yaml
from pydantic import Field, ValidationError, create_model, model_validator

from core.identifiers import VERSION_PATTERN, Version, order
from core.model import ConfigurationError, Model, explain, one_of, unknown
from core.project import shown
from core.release_lock import compare, digest, missing, parts, read_lock, write_lock
from stacks.system import SystemRelease
from stacks.systems import SYSTEMS, TABLE

RELEASES = Path(__file__).parent / "releases"

Of = TypeVar("Of", bound=SystemRelease)


class SystemReleases(Model):
    """The systems that a release brings: a field for each row of the table (``stacks.systems``)."""

    def named(self) -> dict[str, SystemRelease]:
        """The systems of this release by name."""
        pairs = {system.name: getattr(self, system.field) for system in TABLE}
        return {name: release for name, release in pairs.items() if release is not None}

    def of(self, model: type[Of]) -> Of | None:
        """What the release brings of one system, by its type; None where it hasn't got the system."""
        return next((release for release in self.named().values() if isinstance(release, model)), None)


if TYPE_CHECKING:
    _Systems = SystemReleases
else:
    _Systems = create_model(
        "SystemReleases",
        __base__=SystemReleases,
        **{system.field: (system.release | None, Field(default=None, alias=system.name)) for system in TABLE},
    )


class Release(Model):
    """One manifest."""

    version: Version
    released: date
    summary: Annotated[str, Field(min_length=1, max_length=200)]
    quality: Literal["good", "faulty"] = "good"
    """``faulty`` marks a release with a planted fault, kept for drills."""
    moves_after: dict[str, tuple[str, ...]] = {}
    """System -> the systems that move to this release before it; on the way back from it, they move after it."""
    systems: _Systems

    @model_validator(mode="after")
    def _order(self) -> Release:
        for name in {*self.moves_after, *(first for each in self.moves_after.values() for first in each)}:
            if name not in SYSTEMS:
                raise ValueError(f"movesAfter names {name!r}, which is no system; valid: {one_of(SYSTEMS)}")
        try:
            TopologicalSorter(self.moves_after).prepare()
        except CycleError as error:
            raise ValueError(f"movesAfter goes in a circle: {', '.join(error.args[1])}") from None
        return self


def versions(folder: Path = RELEASES) -> list[str]:
    """The versions that have a manifest, oldest first."""
    return sorted((path.stem for path in folder.glob("v*.yaml")), key=order)


def load(version: str, folder: Path = RELEASES) -> Release:
    """Read one release, compared with the lock.

    Raises ``ConfigurationError`` for a version that doesn't exist, a malformed manifest, and a manifest that was
    edited after it was published.
    """
    if not VERSION_PATTERN.fullmatch(version):
        raise ConfigurationError(
            f"version {version!r} doesn't name a release (a release is pinned exactly, as v1.2.3); "
            f"valid: {one_of(versions(folder))}"
        )
    lock = read_lock(folder)
    if gone := missing(version, folder, lock):
        lost = shown(folder / gone[0])
        raise ConfigurationError(f"the manifest of release {version} is missing: restore {lost} from git")
    found = _read(version, folder)
    release = _parse_parts(tuple((name, *part) for name, part in found.items()))
    for name, (path, content) in found.items():
        compare(name, path, content, lock)
    return release


def window(system: str, folder: Path = RELEASES) -> dict[str, SystemRelease]:
    """What every published release brings of one system, by version: all that can be gone back to.

    A manifest that can't be read is left out: it must not stand in the way of going back to another release.
    """
    return windows(folder)[system]


def windows(folder: Path = RELEASES) -> dict[str, dict[str, SystemRelease]]:
    """The same for every system, by its name: each manifest is read once."""
    found: dict[str, dict[str, SystemRelease]] = {system: {} for system in SYSTEMS}
    for version in versions(folder):
        try:
            release = load(version, folder)
        except ConfigurationError:
            continue
        for system, brought in release.systems.named().items():
            found[system][version] = brought
    return found


def parse(content: bytes, where: str, additions: Mapping[str, tuple[str, bytes]] | None = None) -> Release:
    """A manifest's text as a typed release; ``where`` names it in errors (``ConfigurationError``).

    ``additions``: system -> the name and text of what states it for this release.
    """
    data: Any = _yaml(content, where)
    added = {system: _yaml(text, place) for system, (place, text) in (additions or {}).items()}
    if isinstance(data, dict) and isinstance(data.get("systems"), dict):
        if twice := sorted(set(data["systems"]) & set(added)):
            place = (additions or {})[twice[0]][0]
            raise ConfigurationError(f"{place}: {where} states {twice[0]} already, and a release is never edited")
        data = {**data, "systems": {**data["systems"], **added}}
    try:
        return Release.model_validate(data)
    except ValidationError as error:
        raise explain(error, where, Release) from None


def lock_release(version: str, folder: Path = RELEASES) -> None:
    """Add the hashes of a release's files to the lock. From then on they can't change.

    Raises ``ConfigurationError`` where one was published with other content before.
    """
    if not (folder / f"{version}.yaml").is_file():
        raise unknown("version", version, versions(folder))
    found, lock = _read(version, folder), read_lock(folder)
    _parse_parts(tuple((name, *part) for name, part in found.items()))
    for name, (path, content) in found.items():
        if name in lock:
            compare(name, path, content, lock)
        lock[name] = digest(content)
    write_lock(folder, lock)


def _read(version: str, folder: Path) -> dict[str, tuple[Path, bytes]]:
    """The files of a release by their names in the lock, with their content."""
    if not (folder / f"{version}.yaml").is_file():
        raise unknown("version", version, versions(folder))
    return {name: (path, path.read_bytes()) for name, path in parts(version, folder).items()}


@functools.cache
def _parse_parts(found: tuple[tuple[str, Path, bytes], ...]) -> Release:
    """The release that these files state (name in the lock, path, content). A program asks for each some four times."""
    (version, path, content), *rest = found
    additions = {name.partition("/")[2]: (shown(place), text) for name, place, text in rest}
    release = parse(content, shown(path), additions)
    if release.version != version:
        raise ConfigurationError(f"{shown(path)}: version says {release.version}, the file's name says {version}")
    return release


def _yaml(content: bytes, where: str) -> Any:
    try:
        # libyaml reads a manifest in 0.4 ms, the parser in Python in 3 ms; a wheel without it has only the latter.
        return yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - it is a safe one
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise ConfigurationError(f"{where}:{line} isn't valid YAML: {getattr(error, 'problem', error)}") from None
