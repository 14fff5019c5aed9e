"""Images stand on bases that lie in a registry: pulled by digest, looked at, and layered on. The registry is real."""

from __future__ import annotations

import base64
import gzip
import json
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from apps import catalogue, oci, registry
from apps.dockerfile import Recipe
from apps.errors import ArtifactError
from apps.oci import Image
from cli.release import building
from sandbox.registry import PASSWORD, PREFIX, USER
from tests.cli.release.conftest import Registry, images, serve

__all__ = ["images"]

REPOSITORY = f"{PREFIX}/base"
ELSEWHERE = f"sha256:{'1' * 64}"


def base() -> Image:
    recipe = Recipe(
        base="scratch", files={"usr/bin/python": b"python"}, env={"PATH": "/usr/bin"}, command=["python"], user="7"
    )
    return oci.assemble(recipe, oci.NOTHING)


def of_docker() -> Image:
    """The same as Docker pushes it: its own types, a layer that is compressed."""
    made = base()
    manifest = json.loads(made.manifest)
    plain = made.blobs[manifest["layers"][0]["digest"]]
    packed = gzip.compress(plain, mtime=0)
    layer = {"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "digest": oci.digest(packed)}
    manifest["mediaType"] = "application/vnd.docker.distribution.manifest.v2+json"
    manifest["config"]["mediaType"] = "application/vnd.docker.container.image.v1+json"
    manifest["layers"] = [{**layer, "size": len(packed)}]
    return Image(json.dumps(manifest).encode(), {**made.blobs, oci.digest(packed): packed})


def send(at: Registry, method: str, path: str, content: bytes, kind: str = "application/octet-stream") -> None:
    login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    asked = urllib.request.Request(f"http://127.0.0.1:{at.port}/v2/rollback-stack/{path}", content, method=method)
    asked.add_header("Authorization", f"Basic {login}")
    asked.add_header("Content-Type", kind)
    with urllib.request.urlopen(asked) as answer:
        assert answer.status == 201


def put(at: Registry, image: Image, name: str = "base", under: str = "") -> str:
    """Bring an image there as it is; its reference. under: another digest than its own."""
    for digest, content in image.blobs.items():
        send(at, "POST", f"{name}/blobs/uploads/?digest={digest}", content)
    return manifest(at, image.manifest, name, under or image.digest)


def manifest(at: Registry, content: bytes, name: str, under: str) -> str:
    kind = json.loads(content).get("mediaType", oci.MANIFEST)
    send(at, "PUT", f"{name}/manifests/{under}", content, kind)
    return f"{PREFIX}/{name}@{under}"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing was pulled before."""
    monkeypatch.setattr("apps.paths.cache", lambda: tmp_path / "cache")
    return tmp_path / "cache" / "images"


@pytest.fixture
def sources(tmp_path: Path) -> Callable[[str], Path]:
    """Sources with one image, which stands on a base."""

    def write(reference: str) -> Path:
        folder = tmp_path / "apps" / "images" / "shop" / "1.0.0"
        folder.mkdir(parents=True)
        (folder / "Dockerfile").write_text(f"FROM {reference}\nWORKDIR /app\nCOPY . .\n")
        (folder / "app.py").write_text("print(1)\n")
        return tmp_path / "apps"

    return write


def build(root: Path, folder: Path) -> building.Built:
    (made,) = building.build(sources=root, folder=folder).built
    return made


@pytest.mark.parametrize("image", [base, of_docker])
def test_a_build_pulls_its_base_and_stands_on_it(
    images: Registry, sources: Callable[[str], Path], tmp_path: Path, image: Callable[[], Image]
) -> None:
    below = image()
    root = sources(put(images, below))
    made = build(root, tmp_path / "built")
    layout = tmp_path / "built" / made.path
    written = json.loads((layout / "blobs" / "sha256" / made.sha256).read_text())
    first, own = written["layers"]
    assert first["digest"] == json.loads(below.manifest)["layers"][0]["digest"]
    assert {each["mediaType"].removesuffix("+gzip") for each in (first, own)} == {oci.LAYER}
    config = json.loads((layout / "blobs" / written["config"]["digest"].replace(":", "/")).read_text())
    assert (config["config"]["Cmd"], config["config"]["User"]) == (["python"], "7")
    registry.push(layout, f"{PREFIX}/shop", "1.0.0", f"sha256:{made.sha256}")
    assert registry.present(f"{PREFIX}/shop@sha256:{made.sha256}")
    assert registry.platforms(f"{PREFIX}/shop@sha256:{made.sha256}") == {"linux/amd64"}

    images.server.stop()  # what was pulled once is at hand
    assert build(root, tmp_path / "again").sha256 == made.sha256


def absent(images: Registry, _: pytest.MonkeyPatch) -> str:
    put(images, base())
    return f"{REPOSITORY}@{ELSEWHERE}"


def exchanged(images: Registry, _: pytest.MonkeyPatch) -> str:
    return put(images, base(), under=ELSEWHERE)


def another_layer(images: Registry, _: pytest.MonkeyPatch) -> str:
    reference = put(images, base())
    blobs = images.folder / "registry" / "blobs" / "sha256"
    largest = max(blobs.iterdir(), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-1] + b"!")
    return reference


def down(images: Registry, _: pytest.MonkeyPatch) -> str:
    images.server.stop()
    return f"{REPOSITORY}@{ELSEWHERE}"


def wrong_login(images: Registry, monkeypatch: pytest.MonkeyPatch) -> str:
    reference = put(images, base())
    login = base64.b64encode(f"{USER}:wrong".encode()).decode()
    folder = images.folder / "other"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"auths": {f"127.0.0.1:{images.port}": {"auth": login}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    return reference


def several(images: Registry, _: pytest.MonkeyPatch) -> str:
    made = base()
    put(images, made)
    entry = {"mediaType": oci.MANIFEST, "digest": made.digest, "size": len(made.manifest)}
    arm = {**entry, "platform": {"os": "linux", "architecture": "arm64"}}
    entries = [arm, {**entry, "platform": {"os": "linux", "architecture": "amd64"}}]
    content = json.dumps({"schemaVersion": 2, "mediaType": oci.INDEXES[0], "manifests": entries}).encode()
    return manifest(images, content, "base", oci.digest(content))


def no_image(images: Registry, _: pytest.MonkeyPatch) -> str:
    """An artifact of another kind, which has a layer of its own type (a chart)."""
    made = base()
    described = json.loads(made.manifest)
    described["layers"][0]["mediaType"] = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
    return put(images, replace(made, manifest=json.dumps(described).encode()))


@pytest.mark.parametrize(
    ("arrange", "said"),
    [
        (absent, f"has no {REPOSITORY}@{ELSEWHERE}, which wasn't pulled: look at name and digest"),
        (exchanged, f"holds something else under the digest of {REPOSITORY}@{ELSEWHERE}, which wasn't pulled"),
        (another_layer, f"{REPOSITORY}@sha256:"),
        (down, "doesn't answer"),
        (wrong_login, "refuses"),
        (several, f"several platforms: name its linux/amd64 image: {REPOSITORY}@{base().digest}"),
        (no_image, "has a layer of type application/vnd.cncf.helm.chart.content.v1.tar+gzip"),
    ],
)
def test_a_base_that_cannot_be_had_is_one_line(
    images: Registry,
    sources: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    own_cache: Path,
    arrange: Any,
    said: str,
) -> None:
    root = sources(arrange(images, monkeypatch))
    with pytest.raises(ArtifactError) as caught:
        build(root, tmp_path / "built")
    message = str(caught.value)
    assert said in message
    assert "\n" not in message
    if arrange in (down, wrong_login):
        assert f"registry 127.0.0.1:{images.port}" in message
    assert not list(own_cache.glob("*")) or arrange is no_image


def test_a_private_base_wants_a_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sources: Callable[[str], Path], images: Registry
) -> None:
    hidden = serve(tmp_path / "hidden", private="rollback-stack/base")
    try:
        reference = put(hidden, base())
        conf = Path(tmp_path / "images" / "registries.conf")
        conf.write_text(conf.read_text().replace(str(images.port), str(hidden.port)))
        root = sources(reference)
        with pytest.raises(registry.RefusedError, match=f"`docker login 127.0.0.1:{hidden.port}`"):
            build(root, tmp_path / "built")
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        docker = tmp_path / "images" / "docker" / "config.json"
        docker.write_text(json.dumps({"auths": {f"127.0.0.1:{hidden.port}": {"auth": login}}}))
        assert build(root, tmp_path / "built").version == "1.0.0"
    finally:
        hidden.server.stop()


def test_the_base_s_digest_is_a_part_of_the_version(sources: Callable[[str], Path]) -> None:
    """Another base is another Dockerfile, and so other inputs: it is found as any change is."""
    root = sources(f"{REPOSITORY}@{ELSEWHERE}")
    before = catalogue.image("shop", "1.0.0", root).inputs
    path = root / "images" / "shop" / "1.0.0" / "Dockerfile"
    path.write_text(path.read_text().replace(ELSEWHERE, f"sha256:{'2' * 64}"))
    assert catalogue.image("shop", "1.0.0", root).inputs != before
