"""checkov's own Python environment, outside of the checkout.

checkov pins old versions of boto3 and others, so it never shares an environment with anything. It is installed from
a lock file with hashes on first use, and kept under the user's cache, by version and content of the lock.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from policies.checkov.errors import CheckovError

LOCK = Path(__file__).parent / "requirements.lock"
READY = ".ready"
"""Written last: an environment without it was never finished."""
UNFINISHED = ".new"


def version(lock: Path = LOCK) -> str:
    """The version of checkov that the lock names."""
    found = re.search(r"^checkov==([^ \\]+)", lock.read_text(), re.MULTILINE)
    if found is None:
        raise CheckovError(f"{lock.name} names no version of checkov")
    return found[1]


def folder(lock: Path = LOCK) -> Path:
    """Where the environment lies (XDG base directory specification)."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    content = lock.read_bytes() + f"{sys.implementation.cache_tag}".encode()
    return base / "rollback-stack" / f"checkov-{version(lock)}-{hashlib.sha256(content).hexdigest()[:16]}"


def python(lock: Path = LOCK) -> Path:
    """The environment's Python, installed now where it isn't. Says so on standard error.

    Raises ``CheckovError`` where the packages can't be had.
    """
    home = folder(lock)
    if not (home / READY).exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        with _alone(home.with_name(f"{home.name}.lock")):
            if not (home / READY).exists():
                _install(home, lock)
    return home / "bin" / "python"


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One installation at a time; the kernel lets go of the lock of a process that is killed."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _install(home: Path, lock: Path) -> None:
    """Into a folder beside it, which takes its name once all is there."""
    fresh = home.with_name(home.name + UNFINISHED)
    for left in (fresh, home):
        shutil.rmtree(left, ignore_errors=True)
    started = time.monotonic()
    print(f"installing checkov {version(lock)} into an environment of its own (first use, 200 MB) ...", file=sys.stderr)
    uv = installer(home.parent)
    if uv:
        _run([str(uv), "venv", "--quiet", "--python", sys.executable, str(fresh)])
        command = [
            str(uv),
            "pip",
            "install",
            "--quiet",
            "--compile-bytecode",
            "--python",
            str(fresh / "bin" / "python"),
        ]
    else:
        _run([sys.executable, "-m", "venv", str(fresh)])
        command = [str(fresh / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*command, "--require-hashes", "--no-deps", "-r", str(lock)])
    (fresh / READY).touch()
    fresh.rename(home)
    print(f"installing checkov: done in {time.monotonic() - started:.0f} s", file=sys.stderr)


def installer(cache: Path) -> Path | None:
    """The uv that ``scripts/bootstrap`` fetched, or one on PATH. pip does the same without it, in a minute."""
    kept = [each / "bin" / "uv" for each in sorted(cache.glob("uv-*"), reverse=True)]
    found = next((each for each in kept if os.access(each, os.X_OK)), None) or shutil.which("uv")
    return Path(found) if found else None


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    except subprocess.CalledProcessError as error:
        said = (error.stderr or "").strip().splitlines()
        raise CheckovError(f"checkov can't be installed: {said[-1] if said else error}") from None
    except OSError as error:
        raise CheckovError(f"checkov can't be installed: {error}") from None
