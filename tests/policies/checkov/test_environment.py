"""checkov's own environment: made once, by one, and whole or not at all."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from pathlib import Path

import pytest

from policies.checkov import environment
from policies.checkov.errors import CheckovError

LOCK = "checkov==1.2.3 \\\n    --hash=sha256:aa\n"


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "requirements.lock"
    path.write_text(LOCK)
    return path


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Every command that an installation runs, instead of running it."""
    seen: list[list[str]] = []

    def run(command: list[str]) -> None:
        seen.append(command)
        if "venv" in command:
            (Path(command[-1]) / "bin").mkdir(parents=True)
        time.sleep(0.02)

    monkeypatch.setattr(environment, "_run", run)
    return seen


def test_it_is_kept_by_version_and_content(lock: Path, tmp_path: Path) -> None:
    first = environment.folder(lock)
    assert first.parent == tmp_path / "cache" / "rollback-stack"
    assert re.fullmatch(r"checkov-1\.2\.3-[0-9a-f]{16}", first.name)
    lock.write_text(LOCK + "other==1 \\\n    --hash=sha256:bb\n")
    assert environment.folder(lock) != first


def test_it_is_made_once_and_by_one(lock: Path, commands: list[list[str]]) -> None:
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(environment.python(lock))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {environment.folder(lock) / "bin" / "python"}
    assert len(commands) == 2
    assert "--require-hashes" in commands[-1]


def test_what_a_killed_installation_left_is_done_again(lock: Path, commands: list[list[str]]) -> None:
    home = environment.folder(lock)
    for left in (home, home.with_name(home.name + environment.UNFINISHED)):
        (left / "bin").mkdir(parents=True)
        (left / "bin" / "half").touch()
    environment.python(lock)
    assert not (home / "bin" / "half").exists()
    assert (home / environment.READY).exists()


def test_an_installation_that_fails_leaves_nothing_that_looks_whole(
    lock: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(command: list[str], **_: object) -> None:
        raise subprocess.CalledProcessError(1, command, stderr="trying\nno such index\n")

    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(CheckovError, match=r"^checkov can't be installed: no such index$"):
        environment.python(lock)
    assert not environment.folder(lock).exists()
    assert "installing checkov 1.2.3" in capsys.readouterr().err


def test_without_uv_pip_does_the_same(lock: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    environment.python(lock)
    assert [command[1:3] for command in commands] == [["-m", "venv"], ["-m", "pip"]]
    assert {"--require-hashes", "--no-deps"} <= set(commands[-1])


def test_the_shipped_lock_has_a_hash_for_every_package_and_names_no_index() -> None:
    text = environment.LOCK.read_text()
    packages = re.findall(r"^[a-z0-9][a-z0-9._-]*==", text, re.MULTILINE)
    assert "checkov==" in packages
    assert len(re.findall(r"^[a-z0-9].*\\$", text, re.MULTILINE)) == len(packages)
    assert "://" not in text
    assert environment.version() == "3.3.30"


def test_a_lock_without_checkov_is_refused(lock: Path) -> None:
    lock.write_text("other==1\n")
    with pytest.raises(CheckovError, match="names no version"):
        environment.folder(lock)
