"""Images are layouts of the OCI image specification, and stand on their base as Docker would make them."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from apps import catalogue, oci
from apps.dockerfile import Recipe
from apps.errors import ArtifactError
from apps.oci import Base, assemble, read_base

RECIPE = Recipe(
    base="scratch",
    files={"app/run.sh": b"#!/bin/sh", "app/deep/x.py": b"x"},
    folders=["/app"],
    workdir="/app",
    user="65534",
    env={"A": "1"},
    ports=["80/tcp"],
    command=["./run.sh"],
)


def blob(image: oci.Image, descriptor: dict[str, Any]) -> bytes:
    content = image.blobs[descriptor["digest"]]
    assert len(content) == descriptor["size"]
    assert oci.digest(content) == descriptor["digest"]
    return content


def test_manifest_config_and_layer_describe_each_other() -> None:
    image = assemble(RECIPE, oci.NOTHING)
    manifest = json.loads(image.manifest)
    config = json.loads(blob(image, manifest["config"]))
    [layer] = manifest["layers"]
    assert config["rootfs"]["diff_ids"] == [layer["digest"]]
    assert len(config["history"]) == len(config["rootfs"]["diff_ids"])
    assert config["config"] == {
        "Cmd": ["./run.sh"],
        "Env": ["A=1"],
        "ExposedPorts": {"80/tcp": {}},
        "User": "65534",
        "WorkingDir": "/app",
    }
    with tarfile.open(fileobj=io.BytesIO(blob(image, layer))) as archive:
        found = {member.name: (member.mode, member.mtime, member.uid) for member in archive}
    assert found == {
        "app": (0o755, 0, 0),
        "app/deep": (0o755, 0, 0),
        "app/run.sh": (0o755, 0, 0),
        "app/deep/x.py": (0o644, 0, 0),
    }


def test_a_layout_on_disk_has_every_blob_under_its_digest(tmp_path: Path) -> None:
    image = assemble(RECIPE, oci.NOTHING)
    image.write(tmp_path)
    index = json.loads((tmp_path / "index.json").read_text())
    assert [entry["digest"] for entry in index["manifests"]] == [image.digest]
    blobs = {path.name: path.read_bytes() for path in (tmp_path / "blobs" / "sha256").iterdir()}
    assert {f"sha256:{name}" for name in blobs} == {image.digest, *image.blobs}
    assert all(oci.digest(content) == f"sha256:{name}" for name, content in blobs.items())


def base_on_disk(folder: Path, **more: Any) -> str:
    made = assemble(
        Recipe(base="scratch", files={"bin/python": b"python"}, env={"A": "0", "B": "2"}, command=["python"], user="1"),
        oci.NOTHING,
    )
    made.write(folder)
    return f"ghcr.io/o/base@{made.digest}"


def test_an_image_stands_on_its_base(tmp_path: Path) -> None:
    base = read_base(tmp_path, base_on_disk(tmp_path))
    image = assemble(RECIPE, base)
    manifest = json.loads(image.manifest)
    config = json.loads(blob(image, manifest["config"]))
    assert manifest["layers"][0] == base.layers[0][0]
    assert len(manifest["layers"]) == len(config["rootfs"]["diff_ids"]) == len(config["history"]) == 2
    assert config["config"]["Env"] == ["A=1", "B=2"]
    assert config["config"]["User"] == "65534"
    assert assemble(Recipe(base="x", files={"y": b"y"}), base).digest != image.digest


def test_what_the_base_runs_stays_where_the_recipe_says_nothing(tmp_path: Path) -> None:
    base = read_base(tmp_path, base_on_disk(tmp_path))
    image = assemble(Recipe(base="x", files={"y": b"y"}), base)
    config = json.loads(blob(image, json.loads(image.manifest)["config"]))["config"]
    assert (config["Cmd"], config["User"]) == (["python"], "1")


def test_a_base_of_several_platforms_or_with_another_content_is_refused(tmp_path: Path) -> None:
    reference = base_on_disk(tmp_path)
    path = tmp_path / "blobs" / reference.rpartition("@")[2].replace(":", "/")
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ArtifactError, match="holds something else"):
        read_base(tmp_path, reference)
    content = json.dumps({"mediaType": oci.INDEXES[0], "manifests": []}).encode()
    (tmp_path / "blobs" / oci.digest(content).replace(":", "/")).write_bytes(content)
    with pytest.raises(ArtifactError, match="list for several platforms"):
        read_base(tmp_path, f"ghcr.io/o/base@{oci.digest(content)}")


def test_a_base_for_another_machine_is_refused(tmp_path: Path) -> None:
    made = assemble(RECIPE, Base({}))
    config = json.loads(next(content for content in made.blobs.values() if b'"rootfs"' in content))
    other = json.dumps({**config, "architecture": "arm64"}).encode()
    manifest = json.loads(made.manifest)
    manifest["config"] = {"digest": oci.digest(other), "size": len(other)}
    text = json.dumps(manifest).encode()
    oci.Image(text, {**made.blobs, oci.digest(other): other}).write(tmp_path)
    with pytest.raises(ArtifactError, match="isn't for linux/amd64"):
        read_base(tmp_path, f"ghcr.io/o/base@{oci.digest(text)}")


def test_the_images_of_before_registries_stay_what_releases_pin() -> None:
    old = [image for image in catalogue.images() if not image.is_whole]
    assert {image.version for image in old} == {"1.4.0", "1.4.1", "1.5.0", "2.0.0"}
    assert catalogue.image("rag-api", "1.6.0").is_whole
