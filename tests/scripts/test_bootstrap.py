"""Setting up the environment: what Pulumi asks of it, and one line where the cache can't be written."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from tests.support.permissions import keep_to_permissions
from tests.support.project import ROOT

BOOTSTRAP = ROOT / "scripts" / "bootstrap"


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """An empty folder that can't be written."""
    folder = tmp_path / "caches"
    folder.mkdir(mode=0o555)
    yield folder
    folder.chmod(0o755)


@pytest.fixture
def bootstrap() -> ModuleType:
    """The script as a module."""
    loader = SourceFileLoader("bootstrap", str(BOOTSTRAP))
    spec = importlib.util.spec_from_loader("bootstrap", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path, read_only: Path) -> None:
    script = tmp_path / "project" / "scripts" / "bootstrap"
    script.parent.mkdir(parents=True)
    script.write_text(BOOTSTRAP.read_text())
    ran = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "XDG_CACHE_HOME": str(read_only)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=keep_to_permissions,
    )
    line = f"error: cannot write {read_only}/rollback-stack: set XDG_CACHE_HOME to a folder you own\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", line)
    assert [each.name for each in script.parents[1].iterdir()] == ["scripts"]


@pytest.mark.parametrize("may", [True, False])
def test_packages_come_without_a_cache_where_uv_cannot_write_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bootstrap: ModuleType, may: bool
) -> None:
    uv = tmp_path / "rollback-stack" / f"uv-{bootstrap.UV}" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.touch()
    project = tmp_path / "project"
    (project / ".venv").mkdir(parents=True)
    ran: list[Any] = []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("UV_CACHE_DIR", raising=False)
    monkeypatch.delenv("UV_NO_CACHE", raising=False)
    monkeypatch.setattr(bootstrap, "ROOT", project)
    monkeypatch.setattr(bootstrap, "run", lambda command, environment: ran.append((command[1], environment)))
    monkeypatch.setattr(bootstrap.os, "access", lambda *_: may)
    assert bootstrap.main([]) == 0
    assert [command for command, _ in ran] == ["venv", "pip"]
    assert [environment.get("UV_NO_CACHE") for _, environment in ran] == [None if may else "1"] * 2
    assert (project / ".venv" / ".ready").exists()


@pytest.mark.parametrize(
    ("words", "folder", "lock"),
    [((), ".venv", "requirements-dev.lock"), (("docs",), "build/docs", "requirements-docs.lock")],
)
def test_each_environment_is_what_its_lock_names(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    bootstrap: ModuleType,
    words: tuple[str, ...],
    folder: str,
    lock: str,
) -> None:
    ran: list[Any] = []

    def run(command: list[str], environment: dict[str, str]) -> None:
        ran.append((command, environment["VIRTUAL_ENV"]))
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "find_uv", lambda _: "uv")
    monkeypatch.setattr(bootstrap, "run", run)
    assert bootstrap.main(words) == 0
    assert "--require-hashes" in ran[-1][0]
    assert ran[-1][0][-1] == str(tmp_path / lock)
    assert {environment for _, environment in ran} == {str(tmp_path / folder)}
    assert (tmp_path / folder / ".ready").exists()
    assert (ROOT / lock).is_file()


def test_an_unknown_environment_is_one_line(bootstrap: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.main(("doc",)) == 1
    line = "error: unknown environment 'doc'; valid: docs, --production, or nothing for the project's own"
    assert capsys.readouterr().err.strip() == line


def test_what_builds_the_site_is_locked_as_it_is_named() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    locked = re.findall(r"(?m)^([\w.-]+==\S+)", (ROOT / "requirements-docs.lock").read_text())
    assert set(groups["docs"]) <= set(locked)
    own = re.findall(r"(?m)^([\w.-]+)==", (ROOT / "requirements.lock").read_text())
    assert not {name for name in own if name.startswith("mkdocs")}


def test_production_leaves_the_rest_out_and_takes_it_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bootstrap: ModuleType
) -> None:
    environment = tmp_path / ".venv"
    environment.mkdir()
    synced: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "find_uv", lambda _: "uv")
    monkeypatch.setattr(bootstrap, "run", lambda command, _: synced.append([Path(word).name for word in command]))
    assert bootstrap.main(()) == 0
    assert {each.name for each in environment.iterdir()} == {".ready", ".production"}
    assert bootstrap.main(("--production",)) == 0
    assert {each.name for each in environment.iterdir()} == {".production"}
    locks = [[word for word in command if word.endswith(".lock")] for command in synced if "sync" in command]
    assert locks == [["requirements.lock", "requirements-dev.lock"], ["requirements.lock"]]


@pytest.mark.parametrize("file", ["Pulumi.yaml", "policies/PulumiPolicy.yaml"])
def test_pulumis_own_host_finds_the_environment_whatever_lock_files_lie_above(file: str) -> None:
    options = yaml.safe_load((ROOT / file).read_text())["runtime"]["options"]
    assert options["toolchain"] == "pip"
    assert Path(os.path.normpath((ROOT / file).parent / options["virtualenv"])) == ROOT / ".venv"


def test_pulumis_own_host_can_list_what_is_installed_without_an_index() -> None:
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    command = [str(ROOT / ".venv" / "bin" / "python"), "-m", "pip", "list", "--format", "json"]
    done = subprocess.run(command, env={**os.environ, **nowhere}, capture_output=True, text=True, check=True)
    listed = {each["name"].replace("_", "-"): each["version"] for each in json.loads(done.stdout)}
    locked = dict(re.findall(r"(?m)^([\w.-]+)==(\S+)", (ROOT / "requirements.lock").read_text()))
    for name in ("pip", "pulumi", "pulumi-aws", "pulumi-kubernetes", "pulumi-policy"):
        assert listed[name] == locked[name]
