"""Nodes pull from a real registry before a pod starts, and show what a kubelet shows where that fails."""

from __future__ import annotations

import base64
import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apps import oci, registry
from apps.dockerfile import Recipe
from sandbox import registry as serving
from sandbox.registry import PASSWORD, PREFIX, USER, location
from tests.cli.release.conftest import Registry, serve
from tests.sandbox.cluster.local_cluster import LocalCluster, wait_until

pytestmark = [pytest.mark.sandbox, pytest.mark.long]


@dataclass
class Pulling(LocalCluster):
    """A cluster whose nodes pull from a registry."""

    mirror: str = ""

    def command(self) -> list[str]:
        return [*super().command(), f"--mirror={self.mirror}"]


@dataclass(frozen=True)
class Place:
    cluster: Pulling
    images: Registry
    digest: str


@pytest.fixture(scope="module")
def place(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A cluster and a registry with one image, in a public and in a private repository."""
    folder = tmp_path_factory.mktemp("pulling")
    images = serve(folder / "images", private="rollback-stack/hidden")
    cluster = Pulling(binary, folder / "cluster", mirror=f"{PREFIX}={location(images.port)}")
    with pytest.MonkeyPatch.context() as led:
        from toolchain.paths import cache
        from toolchain.progress import Progress

        _, crane = serving.ensure(cache(), Progress(quiet=True))
        for name, value in serving.lead(images.folder, images.port).items():
            led.setenv(name, value)
        led.setenv("PATH", f"{crane.parent}:/usr/bin:/bin")
        image = oci.assemble(Recipe(base="scratch", files={"app.py": b""}, command=["app"]), oci.NOTHING)
        image.write(folder / "layout")
        for repository in ("app", "hidden"):
            registry.push(folder / "layout", f"{PREFIX}/{repository}", "1.0.0", image.digest)
    try:
        cluster.start()
        yield Place(cluster, images, image.digest)
    finally:
        cluster.end(signal.SIGKILL)
        images.server.stop()


def run(place: Place, name: str, image: str, secret: str | None = None) -> None:
    spec: dict[str, Any] = {"containers": [{"name": "app", "image": image}]}
    if secret:
        spec["imagePullSecrets"] = [{"name": secret}]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    place.cluster.kubectl("apply", "-f", "-", stdin=[pod])


def login(place: Place, name: str, password: str) -> None:
    auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
    document = json.dumps({"auths": {"ghcr.io": {"auth": auth}}})
    data = {".dockerconfigjson": base64.b64encode(document.encode()).decode()}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}
    place.cluster.kubectl("apply", "-f", "-", stdin=[{**secret, "type": "kubernetes.io/dockerconfigjson"}])


def state(place: Place, name: str) -> dict[str, Any]:
    pod = json.loads(place.cluster.kubectl("get", "pod", name, "-o", "json"))
    statuses = pod["status"].get("containerStatuses") or [{"state": {}}]
    found: dict[str, Any] = statuses[0]["state"]
    return found


def waiting(place: Place, name: str, reason: str) -> str:
    def told() -> Any:
        return state(place, name).get("waiting", {}).get("reason") == reason and state(place, name)["waiting"]

    message: str = wait_until(reason, told)["message"]
    return message


def test_an_image_that_is_there_runs_and_its_digest_decides(place: Place) -> None:
    run(place, "good", f"{PREFIX}/app:whatever@{place.digest}")
    wait_until("it runs", lambda: "running" in state(place, "good"))


@pytest.mark.parametrize(
    ("name", "repository", "digest", "password", "words"),
    [
        ("missing", "nothing", "", None, "rpc error: code = NotFound desc = failed to pull and unpack image"),
        ("wrong-digest", "app", f"sha256:{'1' * 64}", None, "not found"),
        ("no-secret", "hidden", "", None, "authorization failed: no basic auth credentials"),
        ("wrong-secret", "hidden", "", "wrong", "401 Unauthorized"),
    ],
)
def test_what_cannot_be_pulled_says_why_first_and_backs_off_then(
    place: Place, name: str, repository: str, digest: str, password: str | None, words: str
) -> None:
    if password:
        login(place, name, password)
    run(place, name, f"{PREFIX}/{repository}@{digest or place.digest}", name if password else None)
    message = waiting(place, name, "ErrImagePull")
    assert words in message
    assert waiting(place, name, "ImagePullBackOff").startswith("Back-off pulling image ")
    if password:  # the right one comes later
        login(place, name, PASSWORD)
        wait_until("it runs", lambda: "running" in state(place, name), 60)


def test_a_registry_that_is_down_and_comes_back(place: Place) -> None:
    place.images.server.stop()
    run(place, "later", f"{PREFIX}/hidden@{place.digest}", "wrong-secret")
    run(place, "public", f"{PREFIX}/app:2@{place.digest}")
    message = waiting(place, "public", "ErrImagePull")
    assert f"dial tcp 127.0.0.1:{place.images.port}: connect: connection refused" in message
    wait_until("what runs goes on", lambda: "running" in state(place, "good"))
    back = serve(place.images.folder, port=place.images.port)
    try:
        wait_until("it runs", lambda: "running" in state(place, "public"), 60)
    finally:
        back.server.stop()
