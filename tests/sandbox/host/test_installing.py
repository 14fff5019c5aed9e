"""The files and permissions of an appspec.yml on a host."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.host.agent.appspec import AppSpec, parse
from sandbox.host.agent.installing import InstallError, install


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    for name in ("appspec.yml", "app/server.js", "app/lib/deep.js", "hooks/a.sh", "hooks/old.sh"):
        file = tmp_path / "archive" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return tmp_path / "archive"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def spec(text: str) -> AppSpec:
    return parse(f"version: 0.0\nos: linux\n{text}\n")


def files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_everything_a_folder_and_a_file(archive: Path, root: Path, tmp_path: Path) -> None:
    install(spec("files: [{source: /, destination: /opt/app}]"), archive, root, tmp_path / "cleanup")
    assert files(root / "opt/app") == files(archive)
    more = spec("files: [{source: app, destination: /srv}, {source: hooks/a.sh, destination: /usr/bin}]")
    install(more, archive, root, tmp_path / "cleanup")
    assert files(root) == ["srv/lib/deep.js", "srv/server.js", "usr/bin/a.sh"]


def test_what_was_copied_before_goes_and_what_others_put_there_stays(archive: Path, root: Path, tmp_path: Path) -> None:
    everything = spec("files: [{source: app, destination: /opt/app}]")
    install(everything, archive, root, tmp_path / "cleanup")
    (root / "opt/app/data").write_text("kept")
    (archive / "app/server.js").unlink()
    install(everything, archive, root, tmp_path / "cleanup")
    assert files(root) == ["opt/app/data", "opt/app/lib/deep.js"]
    install(spec(""), archive, root, tmp_path / "cleanup")
    assert files(root) == ["opt/app/data"]
    assert not (root / "opt/app/lib").exists()


@pytest.mark.parametrize(("behaviour", "content"), [("OVERWRITE", "hooks/a.sh"), ("RETAIN", "in the way")])
def test_a_file_in_the_way(behaviour: str, content: str, archive: Path, root: Path, tmp_path: Path) -> None:
    text = "files: [{source: hooks, destination: /bin}]"
    (root / "bin").mkdir()
    (root / "bin/a.sh").write_text("in the way")
    with pytest.raises(InstallError, match=r"no deployment put there is in the way: .*/bin/a\.sh"):
        install(spec(text), archive, root, tmp_path / "cleanup")
    assert files(root) == ["bin/a.sh"], "nothing is copied where anything is in the way"
    install(spec(f"{text}\nfile_exists_behavior: {behaviour}"), archive, root, tmp_path / "cleanup")
    assert (root / "bin/a.sh").read_text() == content
    assert (root / "bin/old.sh").exists()


def test_permissions_by_pattern_exception_and_type(archive: Path, root: Path, tmp_path: Path) -> None:
    text = """
files: [{source: /, destination: /opt}]
permissions:
  - {object: /opt, mode: 640, type: [file]}
  - {object: /opt/hooks, pattern: "*.sh", except: ["old*"], mode: 755}
  - {object: /opt/app, mode: 711, type: [directory]}
  - {object: /opt/appspec.yml, mode: 400}
  - {object: /opt/app/server.js}
"""
    (root / "opt").mkdir()
    (root / "opt/other").write_text("")
    (root / "opt/other").chmod(0o604)
    install(spec(text), archive, root, tmp_path / "cleanup")
    modes = {name: (root / "opt" / name).stat().st_mode & 0o777 for name in [*files(archive), "app/lib", "other"]}
    assert modes == {
        "appspec.yml": 0o400,
        "app/server.js": 0o640,
        "app/lib/deep.js": 0o640,
        "hooks/a.sh": 0o755,
        "hooks/old.sh": 0o640,
        "app/lib": 0o711,
        "other": 0o604,
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("files: [{source: nothing, destination: /a}]", "has no nothing"),
        ("files: [{source: app, destination: /../../a}]", "leads out of the host"),
    ],
)
def test_what_cannot_be_copied(text: str, reason: str, archive: Path, root: Path, tmp_path: Path) -> None:
    with pytest.raises(InstallError, match=reason):
        install(spec(text), archive, root, tmp_path / "cleanup")
    assert files(root) == []
