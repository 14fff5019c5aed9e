"""The official release archive of the Pulumi CLI, where its vendor's download address can be reached.

Source: Pulumi documentation, "Download & install Pulumi: available versions" (archive and checksum names).
"""

from __future__ import annotations

import hashlib
import http.client
import platform
import shutil
import sys
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

from toolchain import cache as cache_folder
from toolchain.progress import Activity, Progress

ADDRESS = "https://get.pulumi.com/releases/sdk"
REACH_TIMEOUT_SECONDS = 4.0
READ_TIMEOUT_SECONDS = 30.0
_CHUNK_BYTES = 1024 * 1024
_SYSTEMS = {"linux": "linux", "darwin": "darwin"}
_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


class UnavailableError(Exception):
    """The release cannot be had from here; the text says why."""


def archive_name(version: str) -> str:
    """The archive for this machine, such as `pulumi-v3.250.0-linux-x64.tar.gz`. Raises UnavailableError."""
    system, machine = _SYSTEMS.get(sys.platform), _MACHINES.get(platform.machine().lower())
    if not system or not machine:
        raise UnavailableError(f"no release archive for {sys.platform} on {platform.machine()}")
    return f"pulumi-v{version}-{system}-{machine}.tar.gz"


def download(version: str, target: Path, progress: Progress, *, address: str = ADDRESS) -> Path:
    """Fetch, verify and unpack a release into `target/bin`; returns that folder.

    Raises UnavailableError when the address cannot be reached, has no such release, or its checksum does not fit, and
    ToolchainError when `target` cannot be written.
    """
    name = archive_name(version)
    expected = _checksum(f"{address}/pulumi-{version}-checksums.txt", name)

    def make(scratch: Path) -> None:
        archive = scratch / name
        with progress.activity(f"downloading Pulumi {version}", "about 100 MB") as activity:
            if _fetch(f"{address}/{name}", archive, activity) != expected:
                raise UnavailableError(f"the checksum of {name} is not the one published")
            _unpack(archive, scratch)

    return cache_folder.fill(target, make) / "bin"


def _checksum(url: str, name: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=REACH_TIMEOUT_SECONDS) as response:  # noqa: S310 - a constant https address
            published: bytes = response.read(_CHUNK_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise UnavailableError(f"{url} cannot be reached: {error}") from error
    for line in published.decode(errors="replace").splitlines():
        digest, _, file = line.strip().partition(" ")
        if file.strip().lstrip("*") == name:
            return digest.lower()
    raise UnavailableError(f"{url} names no {name}")


def _fetch(url: str, path: Path, activity: Activity) -> str:
    """Download into a file; the SHA-256 of its content in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        try:
            with urllib.request.urlopen(url, timeout=READ_TIMEOUT_SECONDS) as response:  # noqa: S310 - see _checksum
                while chunk := response.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    file.write(chunk)
                    activity.detail = f"{file.tell() // _CHUNK_BYTES} MB"
        except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException) as error:
            raise UnavailableError(f"{url} broke off: {error}") from error
    return digest.hexdigest()


def _unpack(archive: Path, scratch: Path) -> None:
    """The archive holds one folder, `pulumi`, with every executable in it."""
    with tarfile.open(archive) as content:
        content.extractall(scratch, filter="data")
    archive.unlink()
    if not (scratch / "pulumi" / "pulumi").is_file():
        shutil.rmtree(scratch / "pulumi", ignore_errors=True)
        raise UnavailableError(f"{archive.name} holds no pulumi executable")
    (scratch / "pulumi").rename(scratch / "bin")
