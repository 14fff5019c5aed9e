"""``rollback release publish``: what is missing is uploaded and pushed, looked at, and the manifest locked last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from apps import registry
from cli.release import building, checking, places, retiring
from cli.release.building import FOLDER, Built
from cli.release.errors import ReleaseError
from cli.release.places import LARGEST_SKEW, Bucket, Standing
from core.files import alone
from core.release_lock import file_of, parts, read_lock
from stacks.artifacts import Pinned
from stacks.pinned import every_pinned, pinned
from stacks.releases import RELEASES, lock_release


@dataclass(frozen=True)
class Published:
    """What a publish did."""

    uploaded: tuple[Pinned, ...]
    already_there: int
    locked: bool
    """Whether the manifest, or an addition to it, was locked just now; all of it was before otherwise."""
    files: tuple[str, ...] = ()
    """What was locked just now, below the folder of the releases."""


def publish(version: str, today: date, at: Bucket, built: Path = FOLDER, releases: Path = RELEASES) -> Published:
    """Bring every artifact of a release to its place, then lock the manifest.

    Ends half-way wherever it is stopped, without harm: no artifact that has its name is incomplete, and the lock comes
    last. Run again it goes on. Raises ``ReleaseError`` and ``ConfigurationError`` with what to do.
    """
    release = checking.draft(version, releases)
    if reasons := checking.early(release, today, releases):
        raise ReleaseError(f"{version} can't be published: {'; '.join(each.text for each in reasons)}")
    _refuse_skew(at)
    before = _contents(version, releases)
    uploaded, there = bring(pinned(release), at, built)
    with alone(releases):
        if _contents(version, releases) != before:
            raise ReleaseError(
                f"the manifest of {version} was edited while its artifacts were uploaded: nothing is locked; look at "
                "it, then publish again"
            )
        fresh = _unlocked(version, releases)
        if fresh:
            lock_release(version, releases)
    return Published(uploaded, there, bool(fresh), tuple(map(file_of, fresh)))


def look(items: Sequence[Pinned], at: Bucket, published: bool, built: Path = FOLDER) -> dict[Pinned, Standing]:
    """What is in the place of each artifact; of a release that isn't published, what was built for it counts as well.

    Raises ``ReleaseError`` where the bucket or a registry doesn't answer.
    """
    found = places.standings(items, at, places.by_files())
    missing = [item for item, standing in found.items() if standing is Standing.MISSING]
    if published or not missing:
        return found
    try:
        ready = set(_ready(missing, built))
    except ReleaseError:
        return found
    return {item: Standing.BUILT if item in ready else standing for item, standing in found.items()}


def bring_all(at: Bucket, built: Path = FOLDER, releases: Path = RELEASES) -> Published:
    """Bring what published releases pin to its place, but for what was retired; nothing is locked.

    What is there is told by its name alone: ``check`` and the look before an update compare contents.
    """
    retired = retiring.retired(releases)
    every = {item for each in every_pinned(releases).values() for item in each if item.place not in retired}
    items = sorted(every, key=lambda item: item.place)
    missing = at.missing(items)
    # Where nobody could look, the upload says why.
    wanted = items if missing is None else [item for item in items if item in missing]
    uploaded, there = bring(wanted, at, built) if wanted else ((), 0)
    return Published(uploaded, len(items) - len(wanted) + there, False)


def bring(items: Sequence[Pinned], at: Bucket, built: Path = FOLDER) -> tuple[tuple[Pinned, ...], int]:
    """Upload and push what isn't in its place; what was, and how many were there.

    Nothing is uploaded unless everything that is missing was built. Raises ``ReleaseError``.
    """
    found = places.standings(items, at, places.by_files())
    if wrong := [item for item, standing in found.items() if standing is Standing.OTHER]:
        raise ReleaseError(
            f"bucket {at.name} holds something else under {', '.join(item.place for item in wrong)}, and a key ends in "
            "the SHA-256 of what should be there: nothing was overwritten. Find out who wrote it and delete it, then "
            "publish again"
        )
    missing = [item for item, standing in found.items() if standing is Standing.MISSING]
    ready = _ready(missing, built)
    for item in missing:
        path = built / ready[item].path
        if item.kind == "images":
            repository = item.place.partition("@")[0]
            registry.push(path, repository, places.tag(item), f"sha256:{item.sha256}")
        else:
            at.put(item, path)
    if gone := [item for item, standing in places.standings(missing, at).items() if standing is not Standing.THERE]:
        raise ReleaseError(
            f"{', '.join(item.place for item in gone)} isn't whole after it was uploaded: somebody deleted or changed "
            "a part of it meanwhile, or a registry lost a layer of a manifest that it still has. Delete it there, then "
            "publish again"
        )
    return tuple(missing), len(found) - len(missing)


def _ready(missing: Sequence[Pinned], folder: Path) -> Mapping[Pinned, Built]:
    """What was built of each. Raises ``ReleaseError`` where something wasn't, or gave something else."""
    if not missing:
        return {}
    by_place = {each.place: each for each in building.read(folder)}
    ready, faults = {}, []
    for item in missing:
        here = next((each for place, each in by_place.items() if _same(place, item)), None)
        if here is None:
            faults.append(f"{item.source} isn't built with content {item.sha256}")
        elif not (folder / here.path).exists():
            faults.append(f"{here.path} is gone from {folder.name}")
        else:
            ready[item] = here
    if faults:
        raise ReleaseError(
            f"{'; '.join(faults)}: run `rollback release build`, where its source is; nothing was uploaded"
        )
    return ready


def _same(place: str, item: Pinned) -> bool:
    """Images are told by their digest: a manifest may name another repository than the build does."""
    return place.rpartition("@")[2] == item.place.rpartition("@")[2] if item.kind == "images" else place == item.place


def _refuse_skew(at: Bucket) -> None:
    skew = at.skew()
    if abs(skew) > LARGEST_SKEW:
        which = "ahead of" if skew > 0 else "behind"
        raise ReleaseError(
            f"this machine's clock is {abs(skew) / 60:.0f} minutes {which} the account's: set it right, a release "
            "bears its date for ever; nothing was uploaded"
        )


def _contents(version: str, folder: Path) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in parts(version, folder).items()}


def _unlocked(version: str, folder: Path) -> list[str]:
    lock = read_lock(folder)
    return [name for name in parts(version, folder) if name not in lock]
