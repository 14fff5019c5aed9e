"""Images of the registry are laid out as their layers and configuration say, and only with the right content."""

from __future__ import annotations

from pathlib import Path

import pytest

from apps import oci, registry
from apps.dockerfile import Recipe
from sandbox.mesh.images import Images
from sandbox.mesh.pulled import Mirror, PullError
from sandbox.registry import PREFIX, location
from tests.cli.release.conftest import Registry, images

__all__ = ["images"]

NAME = f"{PREFIX}/app"
RECIPE = Recipe(
    base="scratch",
    files={"srv/app.py": b"print()", "srv/data/one.json": b"1"},
    workdir="/srv",
    env={"MODE": "fast"},
    ports=["9000/tcp"],
    command=["python", "app.py", "--quick"],
)


@pytest.fixture
def pushed(images: Registry, tmp_path: Path) -> str:
    image = oci.assemble(RECIPE, oci.NOTHING)
    image.write(tmp_path / "layout")
    registry.push(tmp_path / "layout", NAME, "1.0.0", image.digest)
    return f"{NAME}@{image.digest}"


def shelf(images: Registry, tmp_path: Path) -> Images:
    return Images(tmp_path / "disk", tmp_path / "no-shelf", Mirror(PREFIX, location(images.port)))


def test_what_it_starts_is_in_its_configuration(images: Registry, pushed: str, tmp_path: Path) -> None:
    found = shelf(images, tmp_path).find(pushed)
    assert found is not None
    assert (found.folder / "app.py").read_bytes() == b"print()"
    assert (found.folder / "data" / "one.json").read_bytes() == b"1"
    assert (found.port, found.command) == (9000, ("python", "app.py", "--quick"))
    assert found.environment == (("MODE", "fast"),)


def test_what_was_pulled_once_is_there_without_the_registry(images: Registry, pushed: str, tmp_path: Path) -> None:
    shelf(images, tmp_path).find(pushed)
    images.server.stop()
    assert shelf(images, tmp_path).find(pushed.replace("@", ":1.0.0@")) is not None
    (tmp_path / "disk").rename(tmp_path / "elsewhere")
    with pytest.raises(PullError, match="can't be pulled"):
        shelf(images, tmp_path).find(pushed)


@pytest.mark.parametrize("reference", [f"{NAME}:1.0.0", "docker.io/library/python@sha256:" + "0" * 64])
def test_what_isnt_named_by_digest_or_lies_elsewhere_isnt_asked_for(
    images: Registry, tmp_path: Path, reference: str
) -> None:
    images.server.stop()
    assert shelf(images, tmp_path).find(reference) is None


def test_a_missing_image_and_another_content_are_refused(images: Registry, pushed: str, tmp_path: Path) -> None:
    with pytest.raises(PullError, match="404"):
        shelf(images, tmp_path).find(f"{NAME}@sha256:{'0' * 64}")
    blobs = images.folder / "registry" / "blobs" / "sha256"
    for path in blobs.iterdir():
        path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(PullError):
        shelf(images, tmp_path).find(pushed)
    assert not any((tmp_path / "disk").glob("sha256*"))
