"""Go builds kept in the cache: once, whole, one at a time, with one line when it cannot be."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.permissions import keep_to_permissions
from toolchain import go_tool, gobuild
from toolchain.errors import ToolchainError
from toolchain.progress import Progress

REAL_GO = shutil.which("go")
needs_go = pytest.mark.skipif(REAL_GO is None, reason="no Go on PATH; the toolchain would download one")

MAIN = 'package main\n\nvar greeting = "hello"\n\nfunc main() { println(greeting) }\n'

IN_ANOTHER_PROCESS = """
import signal, sys
from pathlib import Path
from toolchain import gobuild
from toolchain.progress import Progress
# A suite that a shell runs in the background ignores SIGINT, and so do its children.
signal.signal(signal.SIGINT, signal.default_int_handler)
print(gobuild.build(Path(sys.argv[1]), ".", "tiny", cache=Path(sys.argv[2]), progress=Progress(quiet=True)))
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "module"
    folder.mkdir()
    (folder / "go.mod").write_text("module example/tiny\n\ngo 1.21\n", encoding="utf-8")
    (folder / "main.go").write_text(MAIN, encoding="utf-8")
    return folder


@pytest.fixture
def recorded_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Puts a `go` first on PATH that notes each build, waits as the file `pause` says, and runs the real one."""
    folder = tmp_path / "recorded"
    folder.mkdir()
    (folder / "builds").touch()
    script = f"""#!/bin/sh
if [ "$1" = build ]; then
    echo "$$" >> {folder}/builds
    if [ -e {folder}/pause ]; then exec sleep "$(cat {folder}/pause)"; fi
fi
exec {REAL_GO} "$@"
"""
    (folder / "go").write_text(script, encoding="utf-8")
    (folder / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def builds(recorded: Path) -> list[str]:
    return (recorded / "builds").read_text().split()


def runs(pid: int) -> bool:
    """Whether a process still does anything: who adopted it may fetch its exit code later."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def quiet_build(module: Path, cache: Path, **flags: str) -> Path:
    ldflags = [flags["ldflags"]] if "ldflags" in flags else []
    return gobuild.build(module, ".", "tiny", cache=cache, ldflags=ldflags, progress=Progress(quiet=True))


def start_build(module: Path, cache: Path, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS, str(module), str(cache)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)


def said_by(binary: Path) -> str:
    return subprocess.run([binary], capture_output=True, text=True, check=True).stderr.strip()


@needs_go
def test_it_builds_once_and_again_only_when_something_changed(module: Path, tmp_path: Path, recorded_go: Path) -> None:
    cache = tmp_path / "cache"
    first = quiet_build(module, cache)
    assert said_by(first) == "hello"
    started = time.monotonic()
    assert quiet_build(module, cache) == first
    assert time.monotonic() - started < 0.5
    assert len(builds(recorded_go)) == 1

    stamped = quiet_build(module, cache, ldflags="-X main.greeting=stamped")
    assert said_by(stamped) == "stamped"
    (module / "main.go").write_text(MAIN.replace("hello", "changed"), encoding="utf-8")
    assert said_by(quiet_build(module, cache)) == "changed"
    assert said_by(first) == "hello"
    (module / "main_test.go").write_text("package main\n", encoding="utf-8")
    quiet_build(module, cache)
    assert len(builds(recorded_go)) == 3


@needs_go
def test_a_killed_build_leaves_nothing_and_the_next_one_works(module: Path, tmp_path: Path, recorded_go: Path) -> None:
    cache = tmp_path / "cache"
    (recorded_go / "pause").write_text("60")
    victim = start_build(module, cache)
    deadline = time.monotonic() + 20
    while not builds(recorded_go) and time.monotonic() < deadline:
        time.sleep(0.05)
    victim.kill()
    victim.wait()
    os.kill(int(builds(recorded_go)[0]), 9)
    assert not list(cache.rglob("tiny"))
    (recorded_go / "pause").unlink()
    assert said_by(quiet_build(module, cache)) == "hello"
    assert not list((cache / "go").glob(".partial-*"))


@needs_go
def test_an_interrupted_build_stops_go(module: Path, tmp_path: Path, recorded_go: Path) -> None:
    (recorded_go / "pause").write_text("60")
    victim = start_build(module, tmp_path / "cache")
    deadline = time.monotonic() + 20
    while not builds(recorded_go) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)  # Go runs already, but on a busy machine its parent may still be busy with starting it
    victim.send_signal(2)
    victim.wait(timeout=10)
    build, deadline = int(builds(recorded_go)[0]), time.monotonic() + 10
    while runs(build) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not runs(build)
    assert not list((tmp_path / "cache" / "go").glob(".partial-*"))


@needs_go
def test_two_at_once_build_it_once(module: Path, tmp_path: Path, recorded_go: Path) -> None:
    both = [start_build(module, tmp_path / "cache") for _ in range(2)]
    printed = [process.communicate(timeout=120)[0].strip() for process in both]
    assert printed[0] == printed[1]
    assert said_by(Path(printed[0])) == "hello"
    assert len(builds(recorded_go)) == 1


@needs_go
def test_progress_says_what_how_long_and_the_end(module: Path, tmp_path: Path) -> None:
    said = io.StringIO()
    gobuild.build(module, ".", "tiny", cache=tmp_path / "cache", progress=Progress(said, interval=0.01))
    lines = said.getvalue().splitlines()
    assert lines[0] == "building tiny with Go (the first time this takes several minutes) ..."
    assert lines[-1].startswith("building tiny with Go: done in ")
    assert any(" s" in line for line in lines[1:-1])


@needs_go
def test_a_cache_that_cannot_be_written_is_one_line(module: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.write_text("a file where the folder should be")
    with pytest.raises(ToolchainError) as caught:
        quiet_build(module, cache)
    assert "set XDG_CACHE_HOME" in str(caught.value)
    assert "\n" not in str(caught.value)


@needs_go
def test_a_read_only_cache_still_gives_what_it_holds(module: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = quiet_build(module, cache)
    (cache / "go").chmod(0o555)
    try:
        found = start_build(module, cache, preexec_fn=keep_to_permissions)
        assert found.communicate(timeout=60)[0].strip() == str(first)
        (module / "main.go").write_text(MAIN.replace("hello", "good day"), encoding="utf-8")
        refused = start_build(module, cache, preexec_fn=keep_to_permissions, stderr=subprocess.PIPE)
        last = refused.communicate(timeout=60)[1].strip().splitlines()[-1]
        assert "ToolchainError: cannot write the cache folder" in last
        assert "set XDG_CACHE_HOME" in last
    finally:
        (cache / "go").chmod(0o755)


@needs_go
def test_what_go_refuses_is_one_line_with_its_place(module: Path, tmp_path: Path) -> None:
    (module / "main.go").write_text("package main\n\nfunc main() { missing() }\n", encoding="utf-8")
    with pytest.raises(ToolchainError) as caught:
        quiet_build(module, tmp_path / "cache")
    assert "main.go:3" in str(caught.value)
    assert "undefined: missing" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_module_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match=r"holds no readable go\.mod"):
        quiet_build(tmp_path, tmp_path / "cache")


@pytest.mark.parametrize(
    ("text", "version"), [("go1.26.8", (1, 26, 8)), ("1.26", (1, 26, 0)), ("go1.27rc1", (1, 27, 0)), ("", (0, 0, 0))]
)
def test_versions_are_read(text: str, version: tuple[int, int, int]) -> None:
    assert go_tool.parse_version(text) == version


def test_a_go_that_is_too_old_or_missing_gives_way_to_the_wheel(
    module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "old"
    old.mkdir()
    (old / "go").write_text("#!/bin/sh\necho go1.20.3\n", encoding="utf-8")
    (old / "go").chmod(0o755)
    for folder in (old, tmp_path / "empty"):
        monkeypatch.setenv("PATH", str(folder))
        found = go_tool.locate(module, tmp_path / "cache")
        assert found.executable is None
        assert found.version == f"go{go_tool.WHEEL_VERSION}"


def test_a_module_newer_than_any_go_is_one_line(module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (module / "go.mod").write_text("module example/tiny\n\ngo 9.1\n", encoding="utf-8")
    with pytest.raises(ToolchainError, match=r"needs Go 9\.1\.0 or newer"):
        go_tool.locate(module, tmp_path / "cache")
