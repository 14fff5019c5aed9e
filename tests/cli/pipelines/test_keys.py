"""Keys of caches: another one where what a cache is made from is another, and on another kind of machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cli.pipelines import keys

ROOT = Path(__file__).resolve().parents[3]
FILES = (
    "requirements.lock",
    "requirements-dev.lock",
    "scripts/bootstrap",
    "policies/checkov/requirements.lock",
    "toolchain/pulumi/go.sum",
    "toolchain/pulumi/go.mod",
    "sandbox/cluster/go.sum",
    "sandbox/cluster/go.mod",
)
OF = {
    "requirements.lock": {"packages", "engine", "sandbox"},
    "requirements-dev.lock": {"packages", "sandbox"},
    "scripts/bootstrap": {"packages"},
    "policies/checkov/requirements.lock": {"sandbox"},
    "toolchain/pulumi/go.sum": {"engine"},
    "sandbox/cluster/go.mod": {"sandbox"},
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize("changed", OF)
def test_a_key_changes_with_what_its_cache_is_made_from(checkout: Path, changed: str) -> None:
    before = {part: keys.key(part, checkout) for part in keys.PARTS}
    (checkout / changed).write_text("changed")
    assert {part for part in keys.PARTS if keys.key(part, checkout) != before[part]} == OF[changed]


def test_a_file_that_moves_changes_the_key(checkout: Path) -> None:
    before = keys.key("sandbox", checkout)
    (checkout / "sandbox" / "other").mkdir()
    (checkout / "sandbox" / "cluster" / "go.sum").rename(checkout / "sandbox" / "other" / "go.sum")
    assert keys.key("sandbox", checkout) != before


def test_a_pattern_that_names_nothing_is_no_key(checkout: Path) -> None:
    (checkout / "policies/checkov/requirements.lock").unlink()
    with pytest.raises(FileNotFoundError, match=r"policies/checkov/requirements\.lock names no file"):
        keys.key("sandbox", checkout)


@pytest.mark.parametrize("part", keys.PARTS)
def test_machines_and_pythons_have_keys_of_their_own(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {keys.key(part)}
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    found.add(keys.key(part))
    monkeypatch.setattr("platform.python_version_tuple", lambda: ("3", "12", "1"))
    found.add(keys.key(part))
    assert len(found) == 3
    assert all(each.startswith(f"rollback-{part}-linux-") for each in found)


def test_it_runs_without_a_venv_and_prints_outputs_of_a_step(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", str(ROOT / "cli" / "pipelines" / "keys.py")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    told = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert set(told) == {name for part in keys.PARTS for name in (part, f"{part}-prefix")}
    assert all(told[part].startswith(told[f"{part}-prefix"]) for part in keys.PARTS)
