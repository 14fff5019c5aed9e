"""Builds Go programs once and keeps them in the cache, keyed by what they are made of.

A binary lies at `<cache>/go/<name>-<key>/<name>`. The key covers the module's files, the package, the flags and the Go
version, so a changed source gives another folder and an unchanged one costs a few milliseconds.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from filelock import FileLock

from toolchain import go_tool
from toolchain.errors import ToolchainError
from toolchain.progress import Activity, Progress

KEY_LENGTH = 16
_HOW_LONG = "the first time this takes several minutes"
# They would change the binary without changing its key.
_NOT_PASSED_ON = frozenset({"GOOS", "GOARCH", "GOFLAGS"})
_NOT_SOURCES = (".py", ".pyc", ".md", "_test.go")


def build(
    module_dir: Path,
    package: str,
    name: str,
    *,
    cache: Path,
    ldflags: Sequence[str] = (),
    gcflags: Sequence[str] = (),
    progress: Progress,
) -> Path:
    """Build a package of a Go module and return the path of the binary; a second call returns at once.

    module_dir: the folder of go.mod. package: an import path or `.`. name: the file name of the binary.
    cache: the folder shared by all checkouts. ldflags, gcflags: as for `go build`, gcflags once for each pattern; Go's
    own build and module caches stay where the user has them. Several processes may ask for the same binary: one builds,
    the others wait for it.

    Raises ToolchainError, in one line, when Go is missing, the cache cannot be written, or Go refuses the sources.
    """
    go = go_tool.locate(module_dir, cache)
    flags = _flags(ldflags, gcflags)
    key = content_key(module_dir, package, name, *flags, go.version)
    binary = cache / "go" / f"{name}-{key}" / name
    if binary.exists():
        return binary
    try:
        binary.parent.parent.mkdir(parents=True, exist_ok=True)
        with _locked(binary.parent, name, progress):
            if not binary.exists():
                _build_into(
                    binary, [str(go.ready(progress)), "build", "-mod=readonly", *flags], module_dir, package, progress
                )
    except OSError as error:
        raise _unwritable(cache, error) from error
    return binary


def content_key(module_dir: Path, *more: str) -> str:
    """A short hash of every source file of a module and of the texts given."""
    digest = hashlib.sha256()
    for text in more:
        digest.update(text.encode() + b"\0")
    for path in _sources(module_dir):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(module_dir).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:KEY_LENGTH]


def module_folder(module_dir: Path, module: str, cache: Path, progress: Progress) -> Path:
    """Where Go keeps a module that a go.mod names, downloaded if need be (Go modules reference, "go mod download").

    Raises ToolchainError, in one line.
    """
    go = go_tool.locate(module_dir, cache).ready(progress)
    for arguments in (["mod", "download", module], ["list", "-m", "-f", "{{.Dir}}", module]):
        result = subprocess.run(
            [str(go), *arguments],
            cwd=module_dir,
            env={**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off"},
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            lines = result.stderr.strip().splitlines() or ["no message"]
            raise ToolchainError(f"Go cannot download {module}, check the network and GOPROXY: {lines[-1]}")
    return Path(result.stdout.strip())


def _sources(module_dir: Path) -> Iterator[Path]:
    """Go files, go.mod, go.sum and whatever they may embed; not tests, notes or Python."""
    for path in sorted(module_dir.rglob("*")):
        hidden = any(part.startswith((".", "__pycache__")) for part in path.relative_to(module_dir).parts)
        if path.is_file() and not hidden and not path.name.endswith(_NOT_SOURCES):
            yield path


def _flags(ldflags: Sequence[str], gcflags: Sequence[str]) -> list[str]:
    flags = ["-trimpath", "-buildvcs=false"]
    if ldflags:
        flags.append(f"-ldflags={' '.join(ldflags)}")
    return [*flags, *(f"-gcflags={each}" for each in gcflags)]


@contextlib.contextmanager
def _locked(folder: Path, name: str, progress: Progress) -> Iterator[None]:
    """Hold the lock of one binary; the system frees it when its holder is killed."""
    lock = FileLock(f"{folder}.lock")
    try:
        lock.acquire(timeout=0.2)
    except TimeoutError:
        with progress.activity(f"waiting for another process that is building {name}"):
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _build_into(binary: Path, command: list[str], module_dir: Path, package: str, progress: Progress) -> None:
    """Build under a temporary name beside the target, then move it there in one step."""
    _remove_abandoned(binary.parent.parent)
    with (
        tempfile.TemporaryDirectory(prefix=f".partial-{os.getpid()}-", dir=binary.parent.parent) as scratch,
        progress.activity(f"building {binary.name} with Go", _HOW_LONG) as activity,
    ):
        made = Path(scratch) / binary.name
        _run_go([*command, "-v", "-o", str(made), package], module_dir, binary.name, activity)
        binary.parent.mkdir(exist_ok=True)
        os.replace(made, binary)


def _remove_abandoned(folder: Path) -> None:
    """Remove what builds that were killed have left."""
    for left in folder.glob(".partial-*-*"):
        pid = int(left.name.split("-")[1])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            shutil.rmtree(left, ignore_errors=True)
        except PermissionError:
            continue


def _run_go(command: list[str], module_dir: Path, name: str, activity: Activity) -> None:
    """Run `go build -v`; Go ends with us: at once when we are interrupted, at its next line of output (the broken pipe
    ends it) when we are killed.
    """
    kept = {key: value for key, value in os.environ.items() if key not in _NOT_PASSED_ON}
    variables = {**kept, "GOTOOLCHAIN": "local", "GOWORK": "off"}
    process = subprocess.Popen(
        command,
        cwd=module_dir,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    problems: list[str] = []
    try:
        reader = threading.Thread(target=_follow, args=(process, activity, problems), daemon=True)
        reader.start()
        code = process.wait()
        reader.join()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if code:
        raise _refused(name, problems, code)


def _follow(process: subprocess.Popen[str], activity: Activity, problems: list[str]) -> None:
    """Turn what `go build -v` prints into a running count; anything that is no package name is kept as a problem."""
    assert process.stderr is not None
    packages = downloads = 0
    for line in map(str.rstrip, process.stderr):
        if line.startswith("go: downloading "):
            downloads += 1
            activity.detail = f"{downloads} modules downloaded"
        elif " " not in line and ":" not in line and line:
            packages += 1
            activity.detail = f"{packages} packages compiled"
        elif line:
            problems.append(line)


def _refused(name: str, problems: list[str], code: int) -> ToolchainError:
    text = "\n".join(problems)
    if "no space left on device" in text:
        return ToolchainError(f"the disk is full while building {name}: free about 4 GB and run this again")
    told = [line for line in problems if not line.startswith("#")]
    first = told[0] if told else f"exit code {code}"
    more = f" (and {len(told) - 1} more lines)" if len(told) > 1 else ""
    if "dial tcp" in text or "proxyconnect" in text:
        return ToolchainError(f"Go cannot download the modules of {name}, check the network and GOPROXY: {first}{more}")
    return ToolchainError(f"Go cannot build {name}: {first}{more}")


def _unwritable(cache: Path, error: OSError) -> ToolchainError:
    if error.errno == errno.ENOSPC:
        return ToolchainError(f"the disk of the cache folder {cache} is full: free about 4 GB and run this again")
    reason = error.strerror or str(error)
    return ToolchainError(f"cannot write the cache folder {cache} ({reason}): set XDG_CACHE_HOME to a folder you own")
