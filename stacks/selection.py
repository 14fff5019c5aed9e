"""Which release each system of a stack runs: the stack's version, or the system's own pin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stacks.model import ConfigurationError, one_of
from stacks.releases import RELEASES, RagApiRelease, SystemRelease, load, window
from stacks.settings import StackSettings


@dataclass(frozen=True)
class Selected:
    """One system at one release."""

    system: str
    version: str
    pinned: bool
    """Whether the system has a pin of its own."""
    release: SystemRelease


def select(settings: StackSettings, folder: Path = RELEASES) -> dict[str, Selected]:
    """The systems of a stack, each at its release.

    Raises ``ConfigurationError`` for a version that is no release, and for one that lacks a wanted system.
    """
    chosen = {}
    for system in settings.project.systems:
        version = settings.pin(system)
        manifest = load(version, folder).systems.named()
        if system not in manifest:
            raise ConfigurationError(
                f"release {version} has no {system} (it has {one_of(sorted(manifest))}); "
                f"releases with it: {one_of(list(window(system, folder)))}"
            )
        chosen[system] = Selected(system, version, version != settings.project.version, manifest[system])
    return chosen


def canary(settings: StackSettings, folder: Path = RELEASES) -> RagApiRelease | None:
    """What rag-api's canary runs, where a canary is set."""
    if settings.rag_api.canary is None:
        return None
    version = settings.rag_api.canary.version
    release = load(version, folder).systems.rag_api
    if release is None:
        raise ConfigurationError(f"release {version} has no rag-api to run as a canary")
    return release
