"""The same sources give the same bytes on any machine, and one version never gets a second content."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from apps import catalogue
from apps.errors import ArtifactError
from cli.release import building
from cli.release.building import build, read
from cli.release.errors import ReleaseError
from stacks.pinned import every_pinned
from stacks.releases import RELEASES

ROOT = Path(__file__).resolve().parents[3]
FUNCTION = "functions/security-assistant/api"
PROGRAM = """
import sys
from pathlib import Path
from cli.release.building import build
build(sources=Path(sys.argv[1]), folder=Path(sys.argv[2]))
"""


def everything(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def built_elsewhere(folder: Path, umask: int, **variables: str) -> dict[str, bytes]:
    """Copy the sources (other folder, times, order, modes), and build them as somebody else would."""
    shutil.copytree(catalogue.ROOT, folder / "sources", copy_function=shutil.copyfile)
    for age, path in enumerate(sorted((folder / "sources").rglob("*"), reverse=umask == 0)):
        os.utime(path, (age * 1_000.0, age * 1_000.0))
    subprocess.run(
        [sys.executable, "-c", PROGRAM, folder / "sources", folder / "built"],
        cwd=ROOT,
        env={**os.environ, **variables},
        umask=umask,
        check=True,
    )
    return everything(folder / "built")


ELSEWHERE = [
    pytest.param(
        "a longer folder ö",
        0,
        {"LC_ALL": "C.UTF-8", "TZ": "America/Los_Angeles", "PYTHONHASHSEED": "2", "SOURCE_DATE_EPOCH": "1"},
        id="far",
    ),
    pytest.param(
        "near",
        0o077,
        {"LC_ALL": "C", "LANG": "C", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1"},
        id="near",
        marks=pytest.mark.long,
    ),
]


@pytest.mark.long
@pytest.mark.parametrize(("name", "umask", "variables"), ELSEWHERE)
def test_another_machine_builds_the_same_bytes(
    tmp_path: Path, built: Path, name: str, umask: int, variables: dict[str, str]
) -> None:
    """Folder, times, file order, umask, language, time zone, hash seed, home and temporary folder differ."""
    (tmp_path / "other").mkdir()
    made = built_elsewhere(tmp_path / name, umask, TMPDIR=str(tmp_path / "other"), **variables)
    assert made == everything(built)
    assert any("query_handler/1.3.0" in path for path in made)
    assert any("receipt_chroma/1.3.0" in path for path in made)
    assert any(path.endswith("oci-layout") for path in made)


def test_what_is_published_is_what_the_sources_give(built: Path) -> None:
    """Every artifact of every published release can be built again from what lies here."""
    made = {(each.source, each.sha256) for each in read(built)}
    pinned = {(each.source, each.sha256) for items in every_pinned(RELEASES).values() for each in items}
    assert pinned
    assert pinned <= made


def test_a_changed_source_of_a_published_version_is_refused_with_both_hashes(shelf: Path, tmp_path: Path) -> None:
    build(sources=shelf, folder=tmp_path / "built")
    before = everything(tmp_path / "built")
    path = shelf / FUNCTION / "1.3.0" / "assistant" / "views.py"
    path.write_text(path.read_text() + "# changed\n")
    with pytest.raises(ReleaseError) as caught:
        build(sources=shelf, folder=tmp_path / "built")
    now = catalogue.function("security-assistant", "api", "1.3.0", shelf).sha256
    assert str(caught.value) == (
        f"{FUNCTION}/1.3.0 was published as 8d4bc582f5ce3a22a11b631aab033d92903c4073bc7c4587be3eec3a68cc3dd5 (v1.4.0) "
        f"and is {now} now: restore it from git, or give what changed a version of its own"
    )
    assert everything(tmp_path / "built") == before


@pytest.mark.parametrize("only_changed", [True, False])
def test_a_change_below_is_found_in_everything_that_stands_on_it(
    shelf: Path, tmp_path: Path, only_changed: bool
) -> None:
    build(sources=shelf, folder=tmp_path / "built")
    shared = shelf / "functions" / "security-assistant" / "_shared" / "1.0.0" / "assistant" / "log.py"
    shared.write_text(shared.read_text() + "\n")
    with pytest.raises(ReleaseError) as caught:
        build(sources=shelf, folder=tmp_path / "built", only_changed=only_changed)
    message = str(caught.value)
    assert all(f"security-assistant/{name}/1" in message for name in ("api", "worker", "pre_traffic", "post_traffic"))
    assert "\n" not in message


def test_only_what_changed_is_built_anew(shelf: Path, tmp_path: Path) -> None:
    folder = tmp_path / "built"
    every = build(sources=shelf, folder=folder)
    assert every.made == len(every.built)
    assert build(sources=shelf, folder=folder, only_changed=True).made == 0
    newer = shelf / FUNCTION / "1.4.0"
    newer.mkdir()
    (newer / "BASE").write_text("1.3.0\n")
    (newer / "more.py").write_text("X = 1\n")
    again = build(sources=shelf, folder=folder, only_changed=True)
    assert (again.made, len(again.built)) == (1, len(every.built) + 1)
    lost = next(each for each in again.built if each.source == f"{FUNCTION}/1.4.0")
    (folder / lost.path).unlink()
    assert build(sources=shelf, folder=folder, only_changed=True).made == 1
    assert (folder / lost.path).exists()


def test_one_system_leaves_the_others_as_they_were(shelf: Path, tmp_path: Path) -> None:
    folder = tmp_path / "built"
    build(sources=shelf, folder=folder)
    broken = shelf / FUNCTION / "1.3.0" / "assistant" / "views.py"
    broken.write_text("changed")
    done = build("rag-api", sources=shelf, folder=folder)
    assert done.made == len(catalogue.images(shelf))
    assert {each.system for each in read(folder)} == {"rag-api", "security-assistant", "compaction", "cryptique"}


def test_a_build_that_breaks_off_leaves_what_was_built(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "built"
    build(sources=shelf, folder=folder)
    before = everything(folder)
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        build(sources=shelf, folder=folder)
    assert everything(folder) == before


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("psycopg==3.3.9", "Hash"),
        (f"psycopg==3.3.9 --hash=sha256:{'0' * 64}", "Hash mismatch"),
        (f"psycopg==0.0.1 --hash=sha256:{'0' * 64}", "no version of psycopg==0.0.1"),
    ],
)
def test_packages_that_arent_what_was_pinned_are_refused_in_one_line(shelf: Path, line: str, said: str) -> None:
    newer = shelf / FUNCTION / "1.4.0"
    newer.mkdir()
    (newer / "BASE").write_text("1.3.0\n")
    (newer / "requirements.txt").write_text(line + "\n")
    with pytest.raises(ArtifactError) as caught:
        _ = catalogue.function("security-assistant", "api", "1.4.0", shelf).content
    message = str(caught.value)
    assert f"{newer}/requirements.txt: its packages can't be installed" in message
    assert said.lower() in message.lower()
    assert "\n" not in message


def test_nothing_built_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="run `rollback release build`"):
        read(tmp_path)
    (tmp_path / building.INDEX).write_text("{")
    with pytest.raises(ReleaseError, match="can't be read: run"):
        read(tmp_path)
