"""Application revisions on the shelf: found, and packed with executable hooks."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from apps import archives, catalogue
from apps.errors import ArtifactError

FILES = {
    "appspec.yml": b"version: 0.0\nos: linux\n",
    "hooks/stop.sh": b"#!/bin/sh\n",
    "hooks/common.inc": b"",
    "app/server.js": b"",
}


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """Two revisions of one application, the second one built on the first; one function and one layer beside them."""
    application = tmp_path / "revisions" / "shop"
    archives.write_tree(FILES, application / "1.9.0")
    archives.write_tree(
        {"BASE": b"1.9.0\n", "WITHOUT": b"app/server.js\n", "FAULT": b"starts and crashes\n", "app/main.js": b"1"},
        application / "1.10.0",
    )
    archives.write_tree({"handler.py": b""}, tmp_path / "functions" / "shop" / "f" / "1.0.0")
    archives.write_tree({"python/pack/__init__.py": b""}, tmp_path / "layers" / "shop" / "pack" / "1.0.0")
    return tmp_path


def modes(content: bytes) -> dict[str, int]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}


def test_revisions_are_found_in_the_order_of_their_numbers_and_pinned(shelf: Path) -> None:
    first, second = catalogue.revisions(shelf)
    assert [(found.system, found.version, found.fault) for found in (first, second)] == [
        ("shop", "1.9.0", None),
        ("shop", "1.10.0", "starts and crashes"),
    ]
    assert catalogue.pins(shelf)["revisions"] == {"shop": {"1.9.0": first.sha256, "1.10.0": second.sha256}}
    assert first.key == f"revisions/shop/1.9.0/{first.sha256}.zip"
    assert catalogue.revision("shop", "1.9.0", shelf) == first


def test_hook_scripts_are_executable_in_the_archive_and_nothing_else_is(shelf: Path) -> None:
    (shelf / "revisions" / "shop" / "1.9.0" / "hooks" / "stop.sh").chmod(0o600)
    assert modes(catalogue.revision("shop", "1.9.0", shelf).content) == {
        "appspec.yml": 0o644,
        "hooks/stop.sh": 0o755,
        "hooks/common.inc": 0o644,
        "app/server.js": 0o644,
    }


def test_a_version_can_drop_files_of_its_base(shelf: Path) -> None:
    assert set(catalogue.revision("shop", "1.10.0", shelf).files) == {*FILES, "app/main.js"} - {"app/server.js"}


def test_dropping_a_file_that_the_base_does_not_have_is_a_mistake(shelf: Path) -> None:
    (shelf / "revisions" / "shop" / "1.10.0" / "WITHOUT").write_text("app/servr.js\n")
    with pytest.raises(ArtifactError, match=r"has no app/servr\.js: correct .*WITHOUT"):
        _ = catalogue.revision("shop", "1.10.0", shelf).content


def test_a_revision_without_an_appspec_is_refused(shelf: Path) -> None:
    (shelf / "revisions" / "shop" / "1.9.0" / "appspec.yml").unlink()
    with pytest.raises(ArtifactError, match=r"has no appspec\.yml: CodeDeploy reads it"):
        _ = catalogue.revision("shop", "1.9.0", shelf).content
    with pytest.raises(ArtifactError, match=r"shop has no revision 3\.0\.0: its versions are 1\.9\.0, 1\.10\.0"):
        catalogue.revision("shop", "3.0.0", shelf)
