"""Puts a provider plugin of the sandbox where the Pulumi engine looks for plugins."""

from __future__ import annotations

import os
import shlex
import tempfile
from pathlib import Path


def install(pulumi_home: Path, name: str, version: str, module: str, python: Path, root: Path) -> Path:
    """Write ``$PULUMI_HOME/plugins/resource-<name>-v<version>/pulumi-resource-<name>`` and return its path.

    The file is a wrapper that runs ``python -m module`` with `root` (the checkout) on the module path, whatever the
    working directory is. The write is atomic, so an update that is running sees the old one or the new one; a wrapper
    that already says the same is left alone. Raises `OSError` when the folder can't be written.
    """
    target, text = _place(pulumi_home, name, version), wrapper(module, python, root)
    if not target.is_symlink() and target.is_file() and os.access(target, os.X_OK) and target.read_text() == text:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".install-")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), 0o755)
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return target


def install_link(pulumi_home: Path, name: str, version: str, executable: Path) -> Path:
    """The same for a plugin that is a program of its own: the file is a link to `executable`."""
    target = _place(pulumi_home, name, version)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".install-{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(executable)
    fresh.replace(target)
    return target


def _place(pulumi_home: Path, name: str, version: str) -> Path:
    return pulumi_home / "plugins" / f"resource-{name}-v{version.removeprefix('v')}" / f"pulumi-resource-{name}"


def wrapper(module: str, python: Path, root: Path) -> str:
    """The text of the wrapper script.

    ``-P`` keeps the program's own folder, in which the engine starts plugins, from shadowing the plugin's modules.
    """
    return (
        "#!/bin/sh\n"
        f"PYTHONPATH={shlex.quote(str(root))}${{PYTHONPATH:+:$PYTHONPATH}}\n"
        "export PYTHONPATH\n"
        f'exec {shlex.quote(str(python))} -P -m {shlex.quote(module)} "$@"\n'
    )
