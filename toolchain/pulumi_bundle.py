"""A bin folder made of a `pulumi` executable and our own Python language host beside it.

The engine counts a language host that lies beside it as bundled and starts it without asking for a version.
"""

from __future__ import annotations

import compileall
import hashlib
import os
import py_compile
import re
import shlex
import shutil
import sys
from pathlib import Path

from toolchain import cache as cache_folder

HOST_SOURCES = Path(__file__).with_name("language_host")
EXECUTOR = "pulumi-language-python-exec"
"""What runs a program. It lies among the executables, as in a release: Python puts its folder on the program's path."""
KEY_LENGTH = 16

_HOST_SCRIPT = """\
#!/bin/sh
# Starts the Python language host of the Pulumi engine.
python={python}
if [ ! -x "$python" ]; then
    echo "the Python of this toolchain is gone ($python): run 'make toolchain' again" >&2
    exit 1
fi
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
exec "$python" -I -c 'import sys
sys.path.insert(0, sys.argv.pop(1))
from language_host.server import main
main()' "$here/../lib" "$here/{executor}" "$@"
"""

_PYTHON = re.compile(r"^python=(.+)$", re.MULTILINE)
_HOST = "pulumi-language-python"

_DYNAMIC_PROVIDER_SCRIPT = """\
#!/bin/sh
# Serves dynamic providers written in Python. The engine hands on the options of the project's runtime as
# PULUMI_RUNTIME_VIRTUALENV and PULUMI_RUNTIME_TOOLCHAIN and starts this in the project's folder.
environment=${PULUMI_RUNTIME_VIRTUALENV:-}
if [ -z "$environment" ]; then
    case ${PULUMI_RUNTIME_TOOLCHAIN:-} in
        uv) environment=.venv ;;
        poetry) environment=$(poetry env info --path) || exit 1 ;;
    esac
fi
if [ -z "$environment" ]; then
    exec "${PULUMI_PYTHON_CMD:-python3}" -u -m pulumi.dynamic "$@"
fi
if [ ! -x "$environment/bin/python" ]; then
    echo "the project's virtual environment has no Python: $environment/bin/python, seen from $PWD" >&2
    exit 1
fi
unset PYTHONHOME
exec "$environment/bin/python" -u -m pulumi.dynamic "$@"
"""


def path(cache: Path, version: str, origin: str) -> Path:
    """Where the bundle of this checkout's language host and interpreter lies, whether it exists or not.

    origin: what identifies the `pulumi` executable in it.
    """
    digest = hashlib.sha256(f"{origin}\0{sys.executable}\0{_HOST_SCRIPT}\0{_DYNAMIC_PROVIDER_SCRIPT}".encode())
    for source in sorted(HOST_SOURCES.glob("*.py")):
        digest.update(f"\0{source.name}\0".encode() + source.read_bytes())
    return cache / "toolchain" / f"pulumi-{version}-{digest.hexdigest()[:KEY_LENGTH]}"


def assemble(executable: Path, target: Path) -> Path:
    """Make the bundle `target` around a `pulumi` executable; its bin folder. Raises ToolchainError."""

    def make(scratch: Path) -> None:
        tools, host = scratch / "bin", scratch / "lib" / "language_host"
        tools.mkdir()
        _link_or_copy(executable, tools / "pulumi")
        # Isolated mode (-I) keeps the user's PYTHONPATH out of the host; programs still get it.
        host_script = _HOST_SCRIPT.format(python=shlex.quote(sys.executable), executor=EXECUTOR)
        _write_script(tools / _HOST, host_script)
        _write_script(tools / "pulumi-resource-pulumi-python", _DYNAMIC_PROVIDER_SCRIPT)
        shutil.copytree(HOST_SOURCES, host, ignore=shutil.ignore_patterns("__pycache__", "execute.py"))
        _write_script(tools / EXECUTOR, (HOST_SOURCES / "execute.py").read_text(encoding="utf-8"))
        # Compiled here, by content, since the cache may be read-only for whoever runs it.
        compileall.compile_dir(
            host, quiet=2, stripdir=str(scratch), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
        )

    made = cache_folder.fill(target, make) / "bin"
    remove_abandoned(target.parent)
    return made


def remove_abandoned(folder: Path) -> None:
    """Remove the bundles whose Python is gone: nobody but the checkout that it belonged to could use them."""
    for script in folder.glob(f"*/bin/{_HOST}"):
        found = _PYTHON.search(script.read_text(encoding="utf-8"))
        if found and not Path(shlex.split(found[1])[0]).exists():
            bundle = script.parents[1]
            shutil.rmtree(bundle, ignore_errors=True)
            bundle.with_name(f"{bundle.name}.lock").unlink(missing_ok=True)


def _link_or_copy(source: Path, target: Path) -> None:
    """A hard link costs no space; a symbolic one would make the engine look for its host in the source's folder."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _write_script(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
