"""``rollback release new``: the manifest of a release, from an earlier one and what was built since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from cli.release.building import Built
from cli.release.errors import ReleaseError
from core.identifiers import VERSION_PATTERN, order
from core.model import one_of, unknown
from core.project import shown
from core.release_lock import parts, read_lock
from stacks.artifacts import Pinned
from stacks.pinned import every_pinned, pinned, published
from stacks.releases import RELEASES, load, parse, versions

REMEMBERED = ("version", "released", "summary", "quality", "movesAfter")


@dataclass(frozen=True)
class Written:
    """A manifest that was written."""

    path: Path
    origin: str
    """The release it was written from."""
    changes: tuple[tuple[Pinned, Built], ...]
    """What it pins instead of what."""


def new(
    version: str,
    built: Sequence[Built],
    today: date,
    origin: str | None = None,
    chosen: Mapping[str, str] | None = None,
    summary: str = "",
    folder: Path = RELEASES,
) -> Written:
    """Write ``<version>.yaml``: what ``origin`` pins, each artifact at the newest sound version that was built.

    origin: a published release; the newest good one when left out. chosen: name of a function, layer or image, or the
    system of a host's revision -> the version to pin of it instead. What faulty releases alone pin isn't sound.

    Raises ``ReleaseError`` where the version isn't newer than its origin or has a manifest, where something chosen
    wasn't built, and where code that would be pinned for the first time lacks what it imports; ``ConfigurationError``
    for a release that can't be read.
    """
    path = folder / f"{version}.yaml"
    origin = _origin(version, origin, folder)
    before = pinned(load(origin, folder))
    wanted = dict(chosen or {})
    names = {_name(each) for each in before}
    if strange := sorted(set(wanted) - names):
        raise unknown("artifact", strange[0], sorted(names))
    known = published(folder)
    unsound = _unsound(folder)
    changes = []
    for each in before:
        newer = _newest(each, built, wanted.get(_name(each)), unsound)
        if newer is None or newer.sha256 == each.sha256:
            continue
        if newer.lacks and newer.source not in known:
            raise ReleaseError(
                f"{newer.source} imports {one_of(newer.lacks)} and hasn't got it: name it, with its hashes, in "
                f"{newer.source}/requirements.txt and build again"
            )
        changes.append((each, newer))
    content = _text(version, today, origin, changes, summary, folder)
    parse(content, shown(path))
    try:
        with open(path, "xb") as file:
            file.write(content)
    except FileExistsError:
        raise ReleaseError(f"{shown(path)} exists: edit it, or delete it to have it written anew") from None
    return Written(path, origin, tuple(changes))


def _origin(version: str, origin: str | None, folder: Path) -> str:
    if not VERSION_PATTERN.fullmatch(version):
        raise ReleaseError(f"{version!r} names no release: write a version such as v1.5.0")
    lock = read_lock(folder)
    if version in lock:
        raise ReleaseError(f"{version} is published already: a release is never edited, choose the next version")
    if origin is None:
        good = [each for each in versions(folder) if each in lock and load(each, folder).quality == "good"]
        if not good:
            raise ReleaseError("no good release is published: write the first manifest by hand (docs/releases.md)")
        origin = good[-1]
    if origin not in lock:
        raise unknown("version", origin, [each for each in versions(folder) if each in lock])
    if order(version) <= order(origin):
        raise ReleaseError(f"{version} isn't newer than {origin}, which it would be written from")
    return origin


def _name(item: Pinned) -> str:
    """How an artifact is chosen on the command line: a host's revision by its system."""
    return item.system if item.kind == "revisions" else item.name


def _unsound(folder: Path) -> frozenset[str]:
    """The sources that were published in faulty releases alone."""
    quality = {True: set[str](), False: set[str]()}
    for version, items in every_pinned(folder).items():
        quality[load(version, folder).quality == "good"] |= {each.source for each in items}
    return frozenset(quality[False] - quality[True])


def _newest(item: Pinned, built: Sequence[Built], wanted: str | None, unsound: frozenset[str]) -> Built | None:
    """The version to pin: the one that is wanted, or the newest sound one that is no older than what is pinned."""
    versions_of = [each for each in built if (each.kind, each.system, each.name) == (item.kind, item.system, item.name)]
    if wanted is not None:
        found = next((each for each in versions_of if each.version == wanted), None)
        if found is None:
            raise unknown(f"version of {_name(item)}", wanted, [each.version for each in versions_of])
        return found
    sound = [each for each in versions_of if not each.faulty and each.source not in unsound]
    sound = [each for each in sound if _order(each.version) >= _order(item.version)]
    return max(sound, key=lambda each: _order(each.version), default=None)


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _text(
    version: str, today: date, origin: str, changes: Sequence[tuple[Pinned, Built]], summary: str, folder: Path
) -> bytes:
    raw: dict[str, Any] = {}
    for name, path in parts(origin, folder).items():
        content = yaml.safe_load(path.read_bytes())
        if name == origin:
            raw = content
        else:
            raw["systems"][name.partition("/")[2]] = content
    for before, after in changes:
        _pin(raw["systems"][before.system], before, after)
    told = summary or ", ".join(f"{_name(before)} {after.version}" for before, after in changes) or f"As {origin}"
    raw |= {"version": version, "released": today, "summary": told[:200], "quality": "good"}
    ordered = {key: raw[key] for key in (*REMEMBERED, "systems") if key in raw}
    return yaml.safe_dump(ordered, sort_keys=False, allow_unicode=True, width=1_000).encode()


def _pin(system: dict[str, Any], before: Pinned, after: Built) -> None:
    artifact = {"version": after.version, "sha256": after.sha256}
    match before.kind:
        case "functions":
            system["functions"][before.name] = artifact
        case "layers":
            system["package"] = artifact
        case "revisions":
            system["revision"] = artifact
        case "images":
            system |= {"version": after.version, "digest": f"sha256:{after.sha256}"}
