"""Deployment packages on disk: each zip is unpacked once, into a folder named by its checksum."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import Any

from sandbox.account import settings
from sandbox.account.functions import layers

_unpacking = threading.Lock()


def code_folder(function: Any) -> Path:
    """Return the folder with the code of a moto function (what /var/task is on AWS)."""
    return unpacked(function.code_bytes)


def layer_paths(function: Any) -> list[str]:
    """Return what the layers of a moto function add to sys.path, in their order (on AWS /opt/python)."""
    paths: list[str] = []
    for layer in function.layers:
        archive = layers.content(function, layer["Arn"])
        if archive is None:
            continue
        top = unpacked(archive)
        version = f"python{os.sys.version_info.major}.{os.sys.version_info.minor}"  # type: ignore[attr-defined]
        folders = (top / "python", top / "python" / "lib" / version / "site-packages")
        paths += [str(folder) for folder in folders if folder.is_dir()]
    return paths


def unpacked(archive: bytes) -> Path:
    """Unpack a zip below the state folder, once; returns the folder. Raises zipfile.BadZipFile."""
    place = settings.current().state_dir.absolute() / "functions" / hashlib.sha256(archive).hexdigest()
    with _unpacking:
        if place.is_dir():
            return place
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=place.parent))
        try:
            with zipfile.ZipFile(io.BytesIO(archive)) as opened:
                opened.extractall(fresh)
            fresh.replace(place)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        return place
