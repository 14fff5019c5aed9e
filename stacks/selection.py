"""Which release each system of a stack runs: the stack's version, or the system's own pin."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.model import ConfigurationError, one_of
from core.project import file_of, take_out
from stacks.artifacts import Artifact
from stacks.compaction import CompactionRelease
from stacks.rag_api import RagApiRelease
from stacks.releases import RELEASES, Release, SystemRelease, load, versions, window
from stacks.settings import PROJECT, StackSettings
from stacks.turns import After, Move, turns


@dataclass(frozen=True)
class Selected:
    """One system at one release."""

    system: str
    version: str
    pinned: bool
    """Whether the system has a pin of its own."""
    release: SystemRelease


def select(
    settings: StackSettings, folder: Path = RELEASES, *, given: Collection[str] = (), deployed: str | None = None
) -> dict[str, Selected]:
    """The systems of a stack, each at its release.

    ``given``: the keys that a command gives, and not the stack's file; ``deployed``: the stack's version as the last
    update left it, where that is known. Raises ``ConfigurationError`` for a version that is no release, and for one
    that lacks a wanted system.
    """
    chosen = {}
    for system in settings.project.systems:
        version = settings.pin(system)
        key = f"{PROJECT}:version" if settings.own_pin(system) is None else f"{system}:version"
        remedy = None if key in given else _pin_another(settings, key, deployed)
        manifest = _load(settings, key, version, folder, remedy).systems.named()
        if system not in manifest:
            said = (
                f"release {version} has no {system} (it has {one_of(sorted(manifest))}); "
                f"releases with it: {one_of(list(window(system, folder)))}"
            )
            raise _of_file(settings, key, said, remedy)
        chosen[system] = Selected(system, version, version != settings.project.version, manifest[system])
    return chosen


def _load(settings: StackSettings, key: str, version: str, folder: Path, remedy: str | None) -> Release:
    """The release that a setting names. A version that none has is told with the setting."""
    try:
        return load(version, folder)
    except ConfigurationError as error:
        if version in versions(folder):
            raise
        raise _of_file(settings, key, str(error), remedy) from None


def _of_file(settings: StackSettings, key: str, said: str, remedy: str | None) -> ConfigurationError:
    """An error with the file and the key that it comes from. ``remedy``: None where a command gave the value."""
    return ConfigurationError(f"{file_of(settings.stack)}: {key}: {said}. {remedy}" if remedy else said)


def _pin_another(settings: StackSettings, key: str, deployed: str | None) -> str:
    stack = settings.stack
    if key != f"{PROJECT}:version":
        return f"Change it there, or take it out, to follow the stack's version: {take_out(stack, key)}"
    if deployed is None:
        return f"`rollback deploy VERSION -s {stack}` deploys one of these, and pins it"
    return f"Back to what is deployed: `pulumi config set version {deployed} -s {stack}`"


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
    key = "compaction:handlersFrom"
    remedy = f"Change it there, or take it out: {take_out(settings.stack, key)}"
    release = _load(settings, key, wanted, folder, remedy).systems.compaction
    if release is None:
        raise _of_file(settings, key, f"release {wanted} has no compaction", remedy)
    return release.functions


def canary(settings: StackSettings, folder: Path = RELEASES) -> RagApiRelease | None:
    """What rag-api's canary runs, where a canary is set."""
    if settings.rag_api.canary is None:
        return None
    version = settings.rag_api.canary.version
    key = "rag-api:canary"
    remedy = f"Change it there, or take it out: {take_out(settings.stack, key)}"
    release = _load(settings, key, version, folder, remedy).systems.rag_api
    if release is None:
        raise _of_file(settings, key, f"release {version} has no rag-api to run as a canary", remedy)
    return release
