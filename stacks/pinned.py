"""Everything that a release pins, whatever system it is of: which source, which content, and where that lies."""

from __future__ import annotations

from pathlib import Path

from core.model import ConfigurationError
from core.release_lock import read_lock
from stacks.artifacts import Pinned
from stacks.releases import RELEASES, Release, load, versions


def pinned(release: Release) -> list[Pinned]:
    """What a release pins, system by system."""
    return [each for system, of in release.systems.named().items() for each in of.pinned(system)]


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
