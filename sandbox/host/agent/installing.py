"""The Install event: removes what the last installation copied, copies the revision's files, sets permissions.

Source: CodeDeploy user guide, "AppSpec 'files' section" and "AppSpec 'permissions' section".
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from sandbox.host.agent.appspec import AppSpec, Copy, Permission


class InstallError(Exception):
    """The files can't be installed; the text is one line."""


def install(spec: AppSpec, archive: Path, root: Path, cleanup: Path) -> None:
    """Install a revision.

    archive: the unpacked revision. root: the folder that plays "/". cleanup: the list of what was copied, kept from one
    installation to the next. Raises InstallError before anything is copied, where a source is missing or a file is in
    the way; what the last installation had copied is gone then, as with the real agent.
    """
    _clean_up(cleanup)
    planned = [pair for copy in spec.files for pair in _planned(copy, archive, root)]
    wanted = [(source, target) for source, target in planned if _allowed(target, spec.file_exists)]
    cleanup.parent.mkdir(parents=True, exist_ok=True)
    with cleanup.open("w") as made:
        for source, target in wanted:
            _make_folders(target.parent, made.write)
            made.write(f"{target}\n")
            made.flush()
            shutil.copy2(source, target)
    for permission in spec.permissions:
        _permit(permission, root, {target for _, target in wanted})


def _clean_up(cleanup: Path) -> None:
    """Remove the files of a list, and the folders that are empty without them."""
    if not cleanup.exists():
        return
    for line in reversed(cleanup.read_text().splitlines()):
        path = Path(line)
        if path.is_dir() and not path.is_symlink():
            with contextlib.suppress(OSError):
                path.rmdir()
        else:
            path.unlink(missing_ok=True)
    cleanup.unlink()


def _planned(copy: Copy, archive: Path, root: Path) -> Iterator[tuple[Path, Path]]:
    source, folder = archive / copy.source.lstrip("/"), within(root, copy.destination)
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.is_file():
                yield path, folder / path.relative_to(source)
    elif source.is_file():
        yield source, folder / source.name
    else:
        raise InstallError(f"the revision has no {copy.source}, which its files section names")


def within(root: Path, path: str) -> Path:
    """Return where an absolute path of the host lies. Raises InstallError for one that leads out of it."""
    found = Path(os.path.normpath(f"{root}/{path.lstrip('/')}"))
    if not found.is_relative_to(root):
        raise InstallError(f"{path} leads out of the host")
    return found


def _allowed(target: Path, behaviour: str) -> bool:
    if not target.exists():
        return True
    if behaviour == "DISALLOW":
        raise InstallError(f"a file that no deployment put there is in the way: {target}")
    return behaviour == "OVERWRITE"


def _make_folders(folder: Path, note: Callable[[str], object]) -> None:
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir()
        note(f"{each}\n")


def _permit(permission: Permission, root: Path, copied: set[Path]) -> None:
    if permission.mode is None:
        return
    found = within(root, permission.object)
    for path in _matches(permission, found, copied):
        path.chmod(permission.mode)


def _matches(permission: Permission, found: Path, copied: set[Path]) -> Iterator[Path]:
    """Yield a file that was copied, or what a folder holds, as far as pattern, except and type choose it."""
    if found in copied:
        if "file" in permission.types:
            yield found
        return
    for path in sorted(found.rglob("*")) if found.is_dir() else ():
        ours = path in copied or (path.is_dir() and any(path in each.parents for each in copied))
        kind = "directory" if path.is_dir() else "file"
        name = path.relative_to(found).as_posix()
        if ours and kind in permission.types and _chosen(permission, name):
            yield path


def _chosen(permission: Permission, name: str) -> bool:
    """A pattern but `**` is about what lies directly in the folder."""
    direct = "/" not in name
    if direct and any(fnmatchcase(name, each) for each in permission.exceptions):
        return False
    return permission.pattern == "**" or (direct and fnmatchcase(name, permission.pattern))
