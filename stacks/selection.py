"""Which release each system of a stack runs: the stack's version, or the system's own pin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stacks.artifacts import Artifact
from stacks.compaction import CompactionRelease
from stacks.model import ConfigurationError, one_of
from stacks.rag_api import RagApiRelease
from stacks.releases import RELEASES, SystemRelease, load, window
from stacks.settings import StackSettings
from stacks.turns import After, Move, turns


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


def in_turns(
    selected: Mapping[str, Selected], deployed: Mapping[str, Mapping[str, object]], folder: Path = RELEASES
) -> list[list[str]]:
    """The turns in which the systems move (``stacks.turns``). ``deployed``: the stack's output ``systems``.

    A release that was deployed and can't be read any more says nothing about the order.
    """

    def after(version: str) -> After:
        try:
            return load(version, folder).moves_after
        except ConfigurationError:
            return {}

    releases = {name: (deployed.get(name) or {}).get("release") for name in selected}
    moves = [Move(name, str(old) if old else None, selected[name].version) for name, old in releases.items()]
    return turns(moves, after)


def handlers(settings: StackSettings, selected: Selected, folder: Path = RELEASES) -> Mapping[str, Artifact]:
    """The handlers that compaction runs: those of its release, or of the one that ``handlersFrom`` names."""
    assert isinstance(selected.release, CompactionRelease)
    wanted = settings.compaction.handlers_from
    if wanted is None:
        return selected.release.functions
    release = load(wanted, folder).systems.compaction
    if release is None:
        raise ConfigurationError(f"release {wanted}, which compaction:handlersFrom names, has no compaction")
    return release.functions


def canary(settings: StackSettings, folder: Path = RELEASES) -> RagApiRelease | None:
    """What rag-api's canary runs, where a canary is set."""
    if settings.rag_api.canary is None:
        return None
    version = settings.rag_api.canary.version
    release = load(version, folder).systems.rag_api
    if release is None:
        raise ConfigurationError(f"release {version} has no rag-api to run as a canary")
    return release
