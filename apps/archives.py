"""Deterministic archives: the same files give the same bytes, whatever their times, modes and order on disk.

Shell scripts are executable, by their names: a deployment's hooks have to be, and modes on disk get lost in check-outs.

Nothing is compressed: what deflate writes differs between zlib builds, and a release pins the hash of these bytes.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

from apps.errors import ArtifactError
from apps.tree import Files

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODE = 0o644
_SCRIPT_MODE = 0o755
_UNIX = 3


def zip_bytes(files: Files) -> bytes:
    """Return one zip of the files: a Lambda deployment package, a Lambda layer or a CodeDeploy revision.

    Raises:
        ArtifactError: there are no files.
    """
    _refuse_empty(files)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=_ZIP_EPOCH)
            entry.create_system = _UNIX
            entry.external_attr = _mode(name) << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def tar_bytes(files: Files) -> bytes:
    """Return an image's file system as one tar archive; its SHA-256 is the image's digest.

    Raises:
        ArtifactError: there are no files.
    """
    _refuse_empty(files)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size = len(files[name])
            entry.mode = _mode(name)
            archive.addfile(entry, io.BytesIO(files[name]))
    return buffer.getvalue()


def sha256(content: bytes) -> str:
    """Return the SHA-256 of the content as 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def write_tree(files: Files, folder: Path) -> Path:
    """Lay the files out under the folder (made where missing), as the archive would unpack, and return it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def _mode(name: str) -> int:
    return _SCRIPT_MODE if name.endswith(".sh") else _MODE


def _refuse_empty(files: Files) -> None:
    if not files:
        raise ArtifactError("an artifact needs at least one file: its folder is empty")
