"""Where the CLI comes from, and what `python -m toolchain` says."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from toolchain import kubectl, pulumi_bundle, pulumi_cli, pulumi_release
from toolchain.__main__ import main
from toolchain.errors import ToolchainError
from toolchain.progress import Progress

QUIET = Progress(quiet=True)
SCRIPT = "#!/bin/sh\necho v{}\n"


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A download address on this machine and the folder it serves."""
    folder = tmp_path / "vendor"
    folder.mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    server.server_close()


def publish(folder: Path, version: str, *, broken: bool = False) -> None:
    name = pulumi_release.archive_name(version)
    with tarfile.open(folder / name, "w:gz") as archive:
        for tool in ("pulumi", pulumi_cli.LANGUAGE_HOST):
            content = SCRIPT.format(version).encode()
            entry = tarfile.TarInfo(f"pulumi/{tool}")
            entry.size, entry.mode = len(content), 0o755
            archive.addfile(entry, io.BytesIO(content))
    digest = "0" * 64 if broken else hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / f"pulumi-{version}-checksums.txt").write_text(f"{'1' * 64}  other.zip\n{digest}  {name}\n")


def test_a_release_is_fetched_verified_and_unpacked_once(vendor: tuple[str, Path], tmp_path: Path) -> None:
    address, folder = vendor
    publish(folder, "9.8.7")
    tools = pulumi_release.download("9.8.7", tmp_path / "release", QUIET, address=address)
    assert pulumi_cli.version_of(tools / "pulumi") == "9.8.7"
    assert sorted(path.name for path in tools.iterdir()) == ["pulumi", "pulumi-language-python"]
    assert pulumi_release.download("9.8.7", tmp_path / "release", QUIET, address=address) == tools


def test_a_release_with_a_wrong_checksum_is_not_used(vendor: tuple[str, Path], tmp_path: Path) -> None:
    address, folder = vendor
    publish(folder, "9.8.7", broken=True)
    with pytest.raises(pulumi_release.UnavailableError, match="checksum"):
        pulumi_release.download("9.8.7", tmp_path / "release", QUIET, address=address)
    assert not (tmp_path / "release").exists()
    assert not list(tmp_path.glob(".release.partial-*"))


def test_an_address_without_the_release_or_out_of_reach_is_unavailable(
    vendor: tuple[str, Path], tmp_path: Path
) -> None:
    for address in (vendor[0], "http://127.0.0.1:9"):
        with pytest.raises(pulumi_release.UnavailableError, match="cannot be reached"):
            pulumi_release.download("9.8.7", tmp_path / "release", QUIET, address=address)


def test_a_pulumi_on_path_counts_only_whole_and_of_the_pinned_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, tools = tmp_path / "cache", tmp_path / "tools"
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}/usr/bin{os.pathsep}/bin")
    executable(tools / "pulumi", SCRIPT.format(pulumi_cli.VERSION))
    assert pulumi_cli.on_path(cache) is None
    executable(tools / pulumi_cli.LANGUAGE_HOST, SCRIPT.format(""))
    assert pulumi_cli.on_path(cache) == tools
    assert pulumi_cli.ensure(cache, QUIET) == tools
    assert pulumi_cli.on_path(tmp_path) is None
    executable(tools / "pulumi", SCRIPT.format("3.1.0"))
    assert pulumi_cli.on_path(cache) is None


def test_a_bundle_lies_whole_beside_its_binary(tmp_path: Path) -> None:
    binary = executable(tmp_path / "built" / "pulumi", SCRIPT.format("1"))
    tools = pulumi_bundle.assemble(binary, tmp_path / "bundle")
    assert (tools / "pulumi").stat().st_ino == binary.stat().st_ino
    assert not (tools / "pulumi").is_symlink()
    assert {path.name for path in tools.iterdir()} == {
        "pulumi",
        "pulumi-language-python",
        "pulumi-language-python-exec",
        "pulumi-resource-pulumi-python",
    }


def test_the_key_of_a_bundle_covers_origin_and_interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = pulumi_bundle.path(tmp_path, "1", "here")
    assert pulumi_bundle.path(tmp_path, "1", "here") == first
    assert pulumi_bundle.path(tmp_path, "1", "there") != first
    monkeypatch.setattr(sys, "executable", "/another/python")
    assert pulumi_bundle.path(tmp_path, "1", "here") != first


def test_another_sdk_version_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda _name: "3.0.0")
    with pytest.raises(ToolchainError, match=r"3\.0\.0 is installed: install the project's locked dependencies"):
        pulumi_cli.ensure(tmp_path, QUIET)


def test_the_command_prints_the_folder(tools: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quiet"]) == 0
    printed = Path(capsys.readouterr().out.strip())
    assert pulumi_cli.version_of(printed / "pulumi") == pulumi_cli.VERSION


def test_the_command_says_one_line_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise pulumi_release.UnavailableError("no way there")

    monkeypatch.setattr(pulumi_cli, "on_path", lambda _cache: None)
    monkeypatch.setattr(pulumi_release, "download", unreachable)
    (tmp_path / "file").write_text("")
    assert main(["--cache", str(tmp_path / "file")]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: cannot write the cache folder")
    assert said.err.count("\n") == 1


def test_kubectl_is_an_executable_of_the_environment() -> None:
    found = kubectl.path()
    shown = subprocess.run([found, "version", "--client"], capture_output=True, text=True, check=True).stdout
    assert "Client Version: v1.36" in shown


def test_bundles_of_checkouts_that_are_gone_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = executable(tmp_path / "pulumi", SCRIPT.format("1"))
    made = {}
    for name in ("gone's", "here", "new"):  # a folder's name may need quotes in a script
        python = executable(tmp_path / name / "python", "#!/bin/sh\n")
        monkeypatch.setattr(sys, "executable", str(python))
        made[name] = pulumi_bundle.assemble(binary, tmp_path / "toolchain" / f"pulumi-1-{name[:3]}")
        if name == "here":
            (tmp_path / "gone's" / "python").unlink()
    left = {path.name for path in (tmp_path / "toolchain").iterdir() if path.suffix != ".lock"}
    assert left == {"pulumi-1-her", "pulumi-1-new"}
    assert not (tmp_path / "toolchain" / "pulumi-1-gon.lock").exists()
    assert all((tools / "pulumi").exists() for name, tools in made.items() if name != "gone's")
