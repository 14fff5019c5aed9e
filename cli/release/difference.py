"""``rollback release diff``: what differs between two releases, or between a release and what a stack runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.pulumi_command import EngineError
from cli.release.checking import draft
from stacks.file import read
from stacks.releases import RELEASES
from stacks.settings import STACKS, StackSettings
from stacks.system import SystemRelease

ORDER = "movesAfter"
IMAGE = frozenset({"version", "digest"})
ARTIFACT = frozenset({"version", "sha256"})


@dataclass(frozen=True)
class View:
    """What is to be compared: each system at some release."""

    systems: Mapping[str, SystemRelease]
    versions: Mapping[str, str]
    """System -> its release."""
    order: Mapping[str, tuple[str, ...]]
    """movesAfter; empty for a stack."""


@dataclass(frozen=True)
class Difference:
    """One thing that differs. A side is empty where it hasn't got it."""

    system: str
    what: str
    """An artifact, or a switch by its path."""
    before: str
    after: str


@dataclass(frozen=True)
class Runs:
    """What a stack pins, and what its last update deployed."""

    stack: str
    pinned: Mapping[str, str]
    deployed: Mapping[str, str] | None
    """None where nobody can tell; ``reason`` says why."""
    reason: str = ""


def view(name: str, folder: Path = RELEASES) -> View:
    """A release by its version, published or not; or what a stack pins, by the stack's name.

    Raises ``ConfigurationError`` for a name that is neither.
    """
    if name in STACKS:
        settings = read(name)
        versions = {system: settings.pin(system) for system in settings.project.systems}
        systems = {
            system: found for system, at in versions.items() if (found := draft(at, folder).systems.named().get(system))
        }
        return View(systems, versions, {})
    release = draft(name, folder)
    systems = release.systems.named()
    return View(systems, dict.fromkeys(systems, name), release.moves_after)


def compare(before: View, after: View) -> list[Difference]:
    """What differs, system by system; the order comes last."""
    found = []
    for system in dict.fromkeys([*before.systems, *after.systems]):
        old, new = (_flat(each.systems.get(system)) for each in (before, after))
        for what in sorted(old.keys() | new.keys()):
            if old.get(what) != new.get(what):
                found.append(Difference(system, what, old.get(what, ""), new.get(what, "")))
    for system in sorted(before.order.keys() | after.order.keys()):
        earlier, later = (", ".join(sorted(each.order.get(system, ()))) for each in (before, after))
        if earlier != later:
            found.append(Difference(system, ORDER, earlier, later))
    return found


def runs(stack: str, outputs: Callable[[str], Mapping[str, Any]]) -> Runs:
    """What a stack pins and runs. ``outputs``: of a stack's last update; may raise ``EngineError``."""
    settings: StackSettings = read(stack)
    pinned = {system: settings.pin(system) for system in settings.project.systems}
    try:
        systems = outputs(stack).get("systems") or {}
    except EngineError as error:
        return Runs(stack, pinned, None, str(error))
    return Runs(stack, pinned, {name: str(each.get("release")) for name, each in systems.items()})


def _flat(release: SystemRelease | None) -> dict[str, str]:
    return {} if release is None else dict(_leaves(release.model_dump(mode="json", by_alias=True), ""))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        rest = dict(value)
        if set(rest) >= IMAGE:
            version, digest = rest.pop("version"), rest.pop("digest")
            yield "image", f"{version} ({digest.removeprefix('sha256:')[:12]})"
        elif set(rest) == ARTIFACT:
            yield path.removeprefix("functions."), f"{rest['version']} ({rest['sha256'][:12]})"
            return
        for key, inner in rest.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        yield path, ", ".join(map(str, value))
    else:
        yield path, str(value).lower() if isinstance(value, bool) else str(value)
