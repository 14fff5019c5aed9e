"""Which release each system of a stack runs: the stack's version, or the system's own pin."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.model import ConfigurationError, one_of
from core.project import file_of, take_out
from stacks.artifacts import Pinned
from stacks.releases import RELEASES, Release, load, versions, window, windows
from stacks.rollout_order import After, Transition, turns
from stacks.settings import PROJECT, StackSettings
from stacks.system import SystemRelease


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
    """The turns in which the systems move (``stacks.rollout_order``). ``deployed``: the stack's output ``systems``.

    A release that was deployed and can't be read any more says nothing about the order.
    """

    def after(version: str) -> After:
        try:
            return load(version, folder).moves_after
        except ConfigurationError:
            return {}

    releases = {name: (deployed.get(name) or {}).get("release") for name in selected}
    moves = [Transition(name, str(old) if old else None, selected[name].version) for name, old in releases.items()]
    return turns(moves, after)


@dataclass(frozen=True)
class Manifests:
    """The other releases of a system that its component declares from."""

    window: Mapping[str, SystemRelease] = field(default_factory=dict)
    """Every release that can be gone back to, by version."""
    named: Mapping[str, SystemRelease] = field(default_factory=dict)
    """The releases that settings name, by the setting's key."""


def manifests(settings: StackSettings, selected: Collection[str], folder: Path = RELEASES) -> dict[str, Manifests]:
    """What each of the named systems is declared from, beside its own release.

    Raises ``ConfigurationError`` where settings name a release that lacks what they want of it.
    """
    every = windows(folder)
    return {system: Manifests(every[system], named_releases(settings, system, folder)) for system in selected}


def named_releases(settings: StackSettings, system: str, folder: Path = RELEASES) -> dict[str, SystemRelease]:
    """The releases that a system's settings name beside its own, by the setting's key. Raises as ``manifests`` does."""
    found = {}
    for key, other in settings.by_system[system].other_releases().items():
        setting = f"{system}:{key}"
        remedy = f"Change it there, or take it out: {take_out(settings.stack, setting)}"
        release = _load(settings, setting, other.version, folder, remedy).systems.named().get(system)
        if release is None:
            raise _of_file(settings, setting, f"release {other.version} has no {system}{other.purpose}", remedy)
        found[key] = release
    return found


def deployed_artifacts(settings: StackSettings, selected: Selected, folder: Path = RELEASES) -> list[Pinned]:
    """What an update of one system deploys, those of other releases that settings name included."""
    system = selected.system
    named = named_releases(settings, system, folder)
    return list(selected.release.deployed(system, named, lambda: window(system, folder)))
