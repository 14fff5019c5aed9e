"""``rollback release check``: whether a release could be deployed, and gone back from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from apps import catalogue
from apps.errors import ArtifactError
from apps.kinds import FunctionArtifact, LayerArtifact
from apps.packages import LARGEST
from cli.release.places import Standing
from core.identifiers import order
from core.model import ConfigurationError, one_of, unknown
from core.project import shown
from core.release_lock import compare, parts, read_lock
from core.signatures import verify
from stacks.artifacts import Pinned
from stacks.file import read
from stacks.pinned import pinned
from stacks.releases import RELEASES, Release, load, parse, versions
from stacks.rollout_order import Transition, turns
from stacks.settings import STACKS, StackSettings

Look = Callable[[Sequence[Pinned]], Mapping[Pinned, Standing]]
"""What is in the place of each artifact."""


@dataclass(frozen=True)
class ReleaseFault:
    """One thing that was looked at."""

    release: str
    what: str
    """manifest, date, order, signature, way back, artifact, code."""
    passed: bool
    text: str


def draft(version: str, folder: Path = RELEASES) -> Release:
    """A release whether it is published or not; those of its files that are published are compared with the lock.

    A system that joins a published release adds a file that isn't published yet.

    Raises ``ConfigurationError``: there is none, it can't be read, or it was edited after it was published.
    """
    lock, files = read_lock(folder), parts(version, folder)
    if version in lock and all(name in lock for name in files):
        return load(version, folder)
    path = folder / f"{version}.yaml"
    if not path.is_file():
        raise unknown("version", version, versions(folder))
    found = {name: (shown(at), at.read_bytes()) for name, at in files.items()}
    for name in lock.keys() & files.keys():
        compare(name, files[name], files[name].read_bytes(), lock)
    (where, content) = found.pop(version)
    release = parse(content, where, {name.partition("/")[2]: part for name, part in found.items()})
    if release.version != version:
        raise ConfigurationError(f"{where}: version says {release.version}, the file's name says {version}")
    return release


def check(
    version: str, today: date, look: Look, folder: Path = RELEASES, stacks: Mapping[str, StackSettings] | None = None
) -> list[ReleaseFault]:
    """Everything about one release. Raises what ``look`` raises."""
    try:
        release = draft(version, folder)
    except ConfigurationError as error:
        return [ReleaseFault(version, "manifest", False, str(error))]
    is_published = version in read_lock(folder)
    state = "published" if is_published else "not published yet"
    settings = {name: read(name) for name in STACKS} if stacks is None else stacks
    found = [
        ReleaseFault(version, "manifest", True, state),
        *_date(release, today, folder),
        *_order(release, folder),
        *_signature(release, folder),
        *_way_back(release, settings, folder),
    ]
    return [*found, *_artifacts(release, look), *_code(release, is_published)]


def _signature(release: Release, folder: Path) -> Iterator[ReleaseFault]:
    """A signature is of somebody who may sign, and about what is locked; whether one is wanted, a policy says."""
    try:
        by = verify(release.version, folder)
    except ConfigurationError as error:
        yield ReleaseFault(release.version, "signature", False, str(error))
    else:
        yield ReleaseFault(release.version, "signature", True, f"of {by}" if by else "none")


def early(release: Release, today: date, folder: Path = RELEASES) -> list[ReleaseFault]:
    """What can be told without asking an account: what refuses a release before anything is uploaded."""
    return [each for each in (*_date(release, today, folder), *_order(release, folder)) if not each.passed]


def _date(release: Release, today: date, folder: Path) -> Iterator[ReleaseFault]:
    """Not in the future, and not before the release that it follows."""

    def finding(passed: bool, text: str) -> ReleaseFault:
        return ReleaseFault(release.version, "date", passed, text)

    if release.released > today + timedelta(days=1):
        yield finding(
            False,
            f"released {release.released} lies ahead of {today}, this machine's date: correct one of them",
        )
        return
    lock = read_lock(folder)
    older = [each for each in versions(folder) if each in lock and order(each) < order(release.version)]
    if older and release.version not in lock:
        before = draft(older[-1], folder).released
        if release.released < before:
            yield finding(False, f"released {release.released} is before {older[-1]}, which is of {before}: correct it")
            return
    yield finding(True, f"released {release.released}")


def _order(release: Release, folder: Path) -> Iterator[ReleaseFault]:
    """No two systems wait for each other, whichever published release the stack comes from."""
    closed = []
    lock = read_lock(folder)
    for version in versions(folder):
        if version == release.version or version not in lock:
            continue
        other = draft(version, folder)
        moving = sorted(set(other.systems.named()) & set(release.systems.named()))
        for old, new in ((other, release), (release, other)):
            moves = [Transition(system, old.version, new.version) for system in moving]
            after = {each.version: each.moves_after for each in (other, release)}
            try:
                turns(moves, lambda version, after=after: after.get(version, {}))  # type: ignore[misc]
            except ConfigurationError as error:
                closed.append(f"{old.version} to {new.version}: {error}")
    yield ReleaseFault(release.version, "order", not closed, "; ".join(closed) or "no circle on any way")


def _way_back(release: Release, settings: Mapping[str, StackSettings], folder: Path) -> Iterator[ReleaseFault]:
    """What each stack pins can read the data that this release writes, and has its systems."""
    closed, open_ = [], []
    for stack, each in settings.items():
        for system in each.project.systems:
            version = each.pin(system)
            if version == release.version:
                continue
            if reason := _closed(release, system, version, folder):
                closed.append(f"{stack} can't go back to {version}: {reason}")
        open_.append(f"{stack} to {each.project.version}")
    yield ReleaseFault(
        release.version, "way back", not closed, "; ".join(dict.fromkeys(closed)) or f"open: {', '.join(open_)}"
    )


def _closed(release: Release, system: str, version: str, folder: Path) -> str | None:
    new = release.systems.named().get(system)
    if new is None:
        return f"this release has no {system}"
    try:
        old = load(version, folder).systems.named().get(system)
    except ConfigurationError as error:
        return str(error)
    writes = getattr(getattr(new, "data_format", None), "writes", None)
    reads = getattr(getattr(old, "data_format", None), "reads", None)
    if writes is not None and reads is not None and writes not in reads:
        return f"{system} would write data format {writes}, and {version} reads {', '.join(map(str, reads))}"
    return None


def _artifacts(release: Release, look: Look) -> Iterator[ReleaseFault]:
    for item, standing in look(pinned(release)).items():
        passed = standing in (Standing.THERE, Standing.BY_FILES, Standing.BUILT)
        yield ReleaseFault(release.version, "artifact", passed, f"{item.place}: {standing.value}")


def unrunnable(release: Release) -> list[str]:
    """What of a release couldn't run on Lambda, told by its sources where those are here; a line for each reason.

    Functions and layers have what they import, and a function is no larger than Lambda unpacks with its layer.
    """
    known = {each.folder.relative_to(catalogue.ROOT).as_posix(): each for each in catalogue.packages()}
    found = [(item, known[item.source]) for item in pinned(release) if item.source in known]
    lacking: dict[tuple[str, ...], list[str]] = {}
    sizes: dict[str, dict[str, int]] = {"functions": {}, "layers": {}}
    for item, source in found:
        if isinstance(source, FunctionArtifact | LayerArtifact):
            sizes[item.kind][f"{item.system} {item.name}"] = source.unpacked
            if source.lacks:
                lacking.setdefault(source.lacks, []).append(item.name)
    reasons = [f"{', '.join(sorted(names))}: no {one_of(packages)} in the zip" for packages, names in lacking.items()]
    for name, size in sizes["functions"].items():
        layers = sum(each for layer, each in sizes["layers"].items() if layer.split()[0] == name.split()[0])
        if layers and size + layers > LARGEST:
            reasons.append(f"{name} with its layer is {size + layers:,} bytes, and Lambda unpacks {LARGEST:,}")
    return reasons


def _code(release: Release, is_published: bool) -> Iterator[ReleaseFault]:
    """Whether the code could run on Lambda.

    Releases of before ``requirements.txt`` couldn't. They are as they are, so that this is said of what is published
    and fails for what isn't yet.
    """
    try:
        reasons = unrunnable(release)
    except ArtifactError as error:
        yield ReleaseFault(release.version, "code", is_published, f"can't be looked at: {error}")
        return
    for reason in reasons:
        yield ReleaseFault(release.version, "code", is_published, f"can't run on Lambda: {reason}")
    if not reasons:
        yield ReleaseFault(release.version, "code", True, "functions and layers have what they import")
