"""``rollback release build``: every artifact from its source, into ``build/release``, and an index of what it made."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from apps import catalogue
from apps.kinds import FunctionArtifact, ImageArtifact, LayerArtifact, Package, RevisionArtifact
from apps.oci import Image
from cli.release.errors import ReleaseError
from core.files import alone, flush, replace_text
from core.model import one_of
from stacks.artifacts import Kind
from stacks.pinned import published
from stacks.releases import RELEASES

FOLDER = Path(__file__).resolve().parents[2] / "build" / "release"
INDEX = "index.json"
Source = FunctionArtifact | LayerArtifact | RevisionArtifact | ImageArtifact


@dataclass(frozen=True)
class Built:
    """One artifact that was built."""

    kind: Kind
    system: str
    name: str
    version: str
    sha256: str
    """Hexadecimal: of the zip, or of the image's manifest."""
    inputs: str
    """SHA-256 of what it was built from."""
    path: str
    """The zip, or the folder of an image's layout, below the folder of what was built; empty for an image that is known
    by its files alone."""
    place: str
    """Its key in the artifact bucket; of an image, its reference by digest."""
    faulty: bool
    """Whether it was made to be rolled back from."""
    lacks: tuple[str, ...] = ()
    """Packages that its code imports and that it hasn't."""

    @property
    def source(self) -> str:
        """The folder it was built from, below the sources."""
        parts: dict[Kind, tuple[str, ...]] = {"images": (self.name,), "revisions": (self.system,)}
        return "/".join((self.kind, *parts.get(self.kind, (self.system, self.name)), self.version))


@dataclass(frozen=True)
class BuildOutcome:
    """What a build did."""

    built: tuple[Built, ...]
    """All that there is now, built just now or before."""
    made: int
    """How many of them were built just now."""


def build(
    system: str | None = None,
    only_changed: bool = False,
    sources: Path = catalogue.ROOT,
    folder: Path = FOLDER,
    releases: Path = RELEASES,
) -> BuildOutcome:
    """Build all versions of all sources.

    system: these sources alone; the others stay as they were built. only_changed: leave out what was built from the
    same inputs before.

    Raises ``ReleaseError`` where a source differs from what was published under its version, ``ArtifactError`` where
    one can't be built. Nothing that was built before is touched then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder):
        return _build(system, only_changed, sources, folder, releases)


def _build(system: str | None, only_changed: bool, sources: Path, folder: Path, releases: Path) -> BuildOutcome:
    before = {each.source: each for each in read(folder)} if (folder / INDEX).exists() else {}
    wanted = [each for each in _sources(sources) if system is None or _system(each) == system]
    kept = {} if system is None else {name: each for name, each in before.items() if each.system != system}
    made: dict[str, tuple[Built, Source]] = {}
    for each in wanted:
        old = before.get(_name(each, sources))
        if only_changed and old and old.inputs == each.inputs and _is_there(old, folder):
            kept[old.source] = old
        else:
            new = _describe(each)
            made[new.source] = (new, each)
    every = {**kept, **{name: new for name, (new, _) in made.items()}}
    _refuse_changed([each for each in every.values() if system in (None, each.system)], releases)
    for new, each in made.values():
        _write(new, each, folder)
    _write_index([every[name] for name in sorted(every)], folder)
    return BuildOutcome(tuple(every.values()), len(made))


def read(folder: Path = FOLDER) -> list[Built]:
    """What was built last. Raises ``ReleaseError`` where nothing was, or the index can't be read."""
    try:
        entries = json.loads((folder / INDEX).read_text())
        return [Built(**{**entry, "lacks": tuple(entry["lacks"])}) for entry in entries]
    except FileNotFoundError:
        raise ReleaseError("nothing is built yet: run `rollback release build`") from None
    except (ValueError, TypeError, KeyError):
        raise ReleaseError(f"{folder / INDEX} can't be read: run `rollback release build`") from None


def _sources(root: Path) -> list[Source]:
    return [
        *catalogue.functions(root),
        *catalogue.layers(root),
        *catalogue.revisions(root),
        *catalogue.images(root),
    ]


def _name(artifact: Source, root: Path) -> str:
    return artifact.folder.relative_to(root).as_posix()


def _system(artifact: Source) -> str:
    """An image is of the system that bears its name."""
    return artifact.name if isinstance(artifact, ImageArtifact) else artifact.system


def _identity(artifact: Source) -> tuple[Kind, str]:
    match artifact:
        case FunctionArtifact():
            return "functions", artifact.function
        case LayerArtifact():
            return "layers", artifact.name
        case RevisionArtifact():
            return "revisions", "revision"
        case ImageArtifact():
            return "images", artifact.name


def _describe(artifact: Source) -> Built:
    kind, name = _identity(artifact)
    lacks: tuple[str, ...] = ()
    if isinstance(artifact, ImageArtifact):
        sha256, place = artifact.digest.removeprefix("sha256:"), artifact.reference
        path = f"images/{artifact.name}/{artifact.version}/{sha256}" if artifact.is_whole else ""
    else:
        sha256, place, lacks = artifact.sha256, artifact.key, artifact.lacks
        path = place
    faulty = artifact.fault is not None
    return Built(kind, _system(artifact), name, artifact.version, sha256, artifact.inputs, path, place, faulty, lacks)


def _refuse_changed(made: list[Built], releases: Path) -> None:
    """Refuse sources that would give one version a second content: all of them in one line."""
    known = published(releases)
    reasons = []
    for new in made:
        hashes = known.get(new.source, {})
        if hashes and new.sha256 not in hashes:
            before = ", ".join(f"{sha256} ({one_of(sorted(pins))})" for sha256, pins in hashes.items())
            reasons.append(f"{new.source} was published as {before} and is {new.sha256} now")
    if reasons:
        raise ReleaseError(f"{'; '.join(reasons)}: restore it from git, or give what changed a version of its own")


def _is_there(built: Built, folder: Path) -> bool:
    return not built.path or (folder / built.path).exists()


def _write(built: Built, artifact: Source, folder: Path) -> None:
    """Put an artifact in its place in one step: what has the name is whole."""
    if not built.path:
        return
    target = folder / built.path
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=target.parent) as scratch:
        partial = Path(scratch) / "made"
        if isinstance(artifact, Package):
            partial.write_bytes(artifact.content)
        else:
            image: Image = artifact.image
            partial.mkdir()
            image.write(partial)
        for path in (partial, *partial.rglob("*")):
            flush(path)
        if target.is_dir():
            if _tree(partial) == _tree(target):
                return
            shutil.rmtree(target)
        os.replace(partial, target)


def _tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _write_index(built: list[Built], folder: Path) -> None:
    text = json.dumps([asdict(each) for each in built], indent=1, sort_keys=True) + "\n"
    replace_text(folder / INDEX, text)
