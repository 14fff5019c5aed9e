"""What functions and layers import and their runtime hasn't: wheels for Lambda's platform, pinned by hash.

``requirements.txt`` in a version's folder names them, hashes included (pip documentation, "Repeatable Installs").
Nothing is built from sources, so that the machine that installs leaves no mark: the same lines give the same files.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from apps.errors import ArtifactError

REQUIREMENTS = "requirements.txt"
SOURCE, EXCLUDES = "requirements.in", "excludes.txt"
"""What that was made from: the packages that code imports, and those that they ask for and that nothing loads."""
PYTHON = "3.11"
"""The functions' runtime, ``python3.11``."""
PLATFORM = "x86_64-manylinux2014"
"""Runtime ``python3.11`` is Amazon Linux 2, glibc 2.26 (AWS Lambda Developer Guide, "Lambda runtimes"): the newest
platform that uv names and that runs there."""
LARGEST = 262_144_000
"""Bytes of a function unpacked, its layers included (AWS Lambda Developer Guide, "Lambda quotas": 250 MB). The 50 MB
of a direct upload don't count here: what a release pins is taken from the artifact bucket."""

# bin/ begins with the path of whoever installed; RECORD has that file's hash, the others say how it came here.
_OF_THE_INSTALLATION = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"})


@functools.cache
def installed(requirements: bytes) -> dict[str, bytes]:
    """The files of all packages that the text names, by their path beside the handler.

    requirements: the content of a ``requirements.txt``; every line has its hashes. Versions that list the same share
    one answer, which nobody changes.

    Raises:
        ArtifactError: a hash is missing or another one, or there is no wheel for the platform; with uv's own words.
    """
    from uv import find_uv_bin

    with tempfile.TemporaryDirectory() as scratch:
        listed, target = Path(scratch) / REQUIREMENTS, Path(scratch) / "target"
        listed.write_bytes(requirements)
        command = [find_uv_bin(), "pip", "install", "--no-config", "--target", str(target)]
        command += ["--python", sys.executable, "--python-version", PYTHON, "--python-platform", PLATFORM]
        command += ["--only-binary", ":all:", "--no-deps", "--require-hashes", "--link-mode", "copy", "--quiet"]
        # A cache that others filled, such as a machine image's, may not be ours to write.
        environment = {name: value for name, value in os.environ.items() if name != "UV_TARGET"}
        done = subprocess.run(
            [*command, "-r", str(listed)], capture_output=True, text=True, check=False, env=environment
        )
        if done.returncode:
            raise ArtifactError(f"its packages can't be installed: {_said(done.stderr)}")
        return _files(target)


def _files(target: Path) -> dict[str, bytes]:
    found = {}
    for path in sorted(target.rglob("*")):
        inside = path.relative_to(target)
        described = inside.parts[0].endswith(".dist-info")
        if not path.is_file() or inside.parts[0] in ("bin", ".lock") or path.suffix == ".pyc":
            continue
        if not (described and inside.name in _OF_THE_INSTALLATION):
            found[inside.as_posix()] = path.read_bytes()
    return found


_DRAWN = " \u2570\u2500\u25b6\u00d7\u2502\u251c"
"""What uv draws its chains of reasons with."""


def _said(errors: str) -> str:
    """uv's error and its reasons, which it writes over several lines."""
    lines = [line.strip(_DRAWN) for line in errors.splitlines()]
    return " ".join(line for line in lines if line and not line.startswith("hint:"))[:600]
