"""The rows of registry and images, beside the sandbox's real registry and a stand-in for an API server."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from apps import oci, registry
from cli.preflight import images as wanted_images
from cli.preflight import registries
from cli.preflight.facts import PreflightContext
from cli.preflight.rows import CheckResult, State
from components.rag_api.workload import PULL_SECRET
from sandbox.registry import PASSWORD, PREFIX, USER
from tests.apps.test_bases import ELSEWHERE, base, manifest, put
from tests.cli.preflight.place import cluster as serving
from tests.cli.preflight.test_cluster import Stack
from tests.cli.release.conftest import Registry, images, serve

__all__ = ["images"]

SECRET = f"/api/v1/namespaces/production/secrets/{registries.PULL_SECRET}"
NODES = "/api/v1/nodes"
FORBIDDEN = {"kind": "Status", "code": 403}


def login(password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{USER}:{password}".encode()).decode()} if password else {}


def secret(password: str) -> dict[str, Any]:
    """The pull secret as rag-api makes it: without a password it is anonymous."""
    document = json.dumps({"auths": {"ghcr.io": login(password)}})
    return {"metadata": {}, "data": {".dockerconfigjson": base64.b64encode(document.encode()).decode()}}


def nodes(*architectures: str, **spec: Any) -> dict[str, Any]:
    """Nodes of these kinds; ``spec`` is of the last one."""
    unused = dict.fromkeys(
        ("bootID", "containerRuntimeVersion", "kernelVersion", "kubeProxyVersion", "kubeletVersion", "machineID"), ""
    )
    info = {**unused, "osImage": "", "systemUUID": "", "operatingSystem": "linux"}
    items = [
        {"metadata": {}, "spec": {}, "status": {"nodeInfo": {**info, "architecture": each}}} for each in architectures
    ]
    if items:
        items[-1]["spec"] = spec
    return {"items": items}


@dataclass
class World:
    """A stack, its registry and its cluster."""

    images: Registry
    objects: dict[str, dict[str, Any]]
    monkeypatch: pytest.MonkeyPatch
    stack: Stack

    def pins(self, *references: str) -> None:
        self.monkeypatch.setattr(wanted_images, "wanted", lambda *_: list(references))
        self.monkeypatch.setattr(wanted_images, "system_of", lambda *_: self.stack.selected["rag-api"])

    def own_login(self, password: str | None) -> None:
        """The login of whoever runs this; None for no file at all."""
        path = self.images.folder / "docker" / "config.json"
        path.unlink(missing_ok=True)
        if password is not None:
            path.write_text(json.dumps({"auths": {f"127.0.0.1:{self.images.port}": login(password)}}))

    def rows(self) -> tuple[CheckResult, CheckResult]:
        return registries.answers(self.stack), registries.pullable(self.stack)


@pytest.fixture
def world(images: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """All in order: the image is there, the pull secret and the nodes are right, everything is private."""
    images.server.stop()
    private = serve(images.folder, private="rollback-stack/base", port=images.port)
    objects = {SECRET: secret(PASSWORD), NODES: nodes("amd64")}
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with serving(tmp_path, objects=objects) as kubeconfig:
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        made = World(private, objects, monkeypatch, Stack())
        made.pins(put(private, base()))
        yield made
    private.server.stop()


def expect(world: World, registry_row: State, images_row: State, *said: str) -> tuple[CheckResult, CheckResult]:
    found = world.rows()
    assert [each.state for each in found] == [registry_row, images_row], found
    words = " | ".join(f"{each.detail} | {each.remedy}" for each in found)
    assert "\n" not in words
    assert [each for each in said if each not in words] == [], words
    assert all(each.remedy for each in found if each.state is not State.FINE)
    return found


def test_the_pull_secret_is_the_one_that_pods_name() -> None:
    assert registries.PULL_SECRET == PULL_SECRET


def test_all_in_order(world: World) -> None:
    at = f"127.0.0.1:{world.images.port}"
    expect(
        world,
        State.FINE,
        State.FINE,
        f"{at} answers",
        f"{PREFIX}/base@{base().digest} is whole, for linux/amd64",
        "asked with the pull secret regcred",
        "as the nodes are (linux/amd64)",
    )


def test_registry_down(world: World) -> None:
    world.images.server.stop()
    expect(world, State.MISSING, State.UNKNOWN, "doesn't answer within", "see the row of the registry")


def test_a_registry_that_never_answers_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registries, "SECONDS", 0.001)
    expect(world, State.MISSING, State.UNKNOWN, "doesn't answer within 0.001 s")


def test_image_missing(world: World) -> None:
    world.pins(f"{PREFIX}/nothing@{base().digest}")
    expect(world, State.FINE, State.MISSING, "isn't in its registry", "`rollback release publish v1.2.3 -s STACK`")


def test_a_digest_that_is_not_there(world: World) -> None:
    world.pins(f"{PREFIX}/base@{ELSEWHERE}")
    expect(world, State.FINE, State.MISSING, f"{PREFIX}/base@{ELSEWHERE} isn't in its registry")


def test_something_else_under_the_digest(world: World) -> None:
    world.pins(put(world.images, base(), under=ELSEWHERE))
    expect(world, State.FINE, State.MISSING, "holds something else under the digest", "find out who wrote it")


def test_a_layer_that_is_lost(world: World) -> None:
    (layer,) = json.loads(base().manifest)["layers"]
    (world.images.folder / "registry" / "blobs" / layer["digest"].replace(":", "/")).unlink()
    expect(world, State.FINE, State.MISSING, "isn't whole: its registry lost a layer")


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_pull_secret_that_is_refused(world: World, password: str) -> None:
    """With its own login the caller sees the image; what counts is what nodes have."""
    world.objects[SECRET] = secret(password)
    expect(world, State.FINE, State.MISSING, "refuses the pull secret regcred", "--secret rag-api:registryToken TOKEN")


def test_a_login_of_ones_own_that_is_refused(world: World) -> None:
    world.own_login("wrong")
    expect(world, State.MISSING, State.FINE, "refuses this user's login", f"docker login 127.0.0.1:{world.images.port}")


@pytest.mark.parametrize("password", [None, ""])
def test_no_login_of_ones_own_is_no_fault(world: World, password: str | None) -> None:
    world.own_login(password)
    expect(world, State.UNKNOWN, State.FINE, "refuses whoever has no login")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "since the pull secret regcred isn't there yet"),
        (FORBIDDEN, "since the pull secret regcred may not be read"),
        ({"metadata": {}, "data": {}}, "since the pull secret regcred holds no login"),
        ({"metadata": {}}, "since the pull secret regcred holds no login"),
        ({"metadata": {}, "data": {".dockerconfigjson": "e30="}}, "since the pull secret regcred holds no login"),
        ({"metadata": {}, "data": {".dockerconfigjson": "!"}}, "since the pull secret regcred holds no login"),
    ],
)
def test_without_the_nodes_login_ones_own_is_asked_with(world: World, answer: dict[str, Any] | None, said: str) -> None:
    world.objects.pop(SECRET)
    if answer is not None:
        world.objects[SECRET] = answer
    expect(world, State.FINE, State.FINE, f"asked with this user's login, {said}")
    world.own_login(None)
    expect(world, State.UNKNOWN, State.UNKNOWN, "whether nodes may pull it can't be told", "docker login")


def test_no_cluster(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    expect(world, State.FINE, State.FINE, "since the cluster doesn't answer", "taken for linux/amd64")


@pytest.mark.parametrize(
    ("kinds", "state", "said"),
    [
        (nodes("amd64", "arm64"), State.MISSING, "is for linux/amd64, and nodes are linux/arm64"),
        (nodes("amd64", "arm64", unschedulable=True), State.FINE, "as the nodes are (linux/amd64)"),
        (nodes("amd64", "arm64", taints=[{"key": "a", "effect": "NoSchedule"}]), State.FINE, "(linux/amd64)"),
        (nodes("amd64", "arm64", taints=[{"key": "a", "effect": "PreferNoSchedule"}]), State.MISSING, "linux/arm64"),
        (nodes(), State.FINE, "there is none that takes pods"),
        (FORBIDDEN, State.FINE, "the nodes, which can't be listed, are taken for linux/amd64"),
    ],
)
def test_an_image_has_to_be_for_the_nodes(world: World, kinds: dict[str, Any], state: State, said: str) -> None:
    world.objects[NODES] = kinds
    expect(world, State.FINE, state, said)


def of_arm() -> oci.Image:
    """The same image for another machine."""
    made = base()
    manifest = json.loads(made.manifest)
    config = json.loads(made.blobs[manifest["config"]["digest"]])
    text = json.dumps({**config, "architecture": "arm64"}).encode()
    manifest["config"] = {"mediaType": oci.CONFIG, "digest": oci.digest(text), "size": len(text)}
    return oci.Image(json.dumps(manifest).encode(), {**made.blobs, oci.digest(text): text})


def test_an_image_for_another_machine(world: World) -> None:
    world.pins(put(world.images, of_arm()))
    expect(world, State.FINE, State.MISSING, "is for linux/arm64, and nodes are linux/amd64")


def test_a_list_of_images_is_for_all_its_platforms(world: World) -> None:
    world.objects[NODES] = nodes("amd64", "arm64")
    entries = []
    for kind, made in {"amd64": base(), "arm64": of_arm()}.items():
        put(world.images, made)
        entry = {"mediaType": oci.MANIFEST, "digest": made.digest, "size": len(made.manifest)}
        entries.append({**entry, "platform": {"os": "linux", "architecture": kind}})
    content = json.dumps({"schemaVersion": 2, "mediaType": oci.INDEXES[0], "manifests": entries}).encode()
    world.pins(manifest(world.images, content, "base", oci.digest(content)))
    expect(world, State.FINE, State.FINE, "is whole, for linux/amd64, linux/arm64")


def test_all_that_is_wrong_is_said_at_once(world: World) -> None:
    first, second = f"{PREFIX}/base@{ELSEWHERE}", f"{PREFIX}/nothing@{base().digest}"
    world.pins(first, second)
    expect(world, State.FINE, State.MISSING, first, second)


PINNED = "ghcr.io/rollback-stack/rag-api@sha256:"


def test_images_of_files_run_in_the_sandbox_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(registry, "platforms", lambda *_, **__: frozenset())
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    asked, found = world.rows()
    assert (asked.state, found.state) == (State.FINE, State.MISSING)
    assert found.detail.startswith(PINNED)
    assert "known by its files alone, so that no registry can hold it: v1.2.3 runs in the sandbox alone" in found.detail
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    asked, found = world.rows()
    assert (asked.state, found.state) == (State.FINE, State.FINE)
    assert "without a registry" in found.detail


@pytest.mark.parametrize("row", [registries.answers, registries.pullable])
def test_a_stack_without_images_needs_none(row: Any) -> None:
    found = row(Stack(changes={"rollback-stack:systems": '["cryptique"]'}))
    assert (found.state, found.detail) == (State.FINE, "not needed: no system of the stack runs an image")


def test_a_login_lies_nowhere_afterwards(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    seen: list[Mapping[str, Any]] = []
    real = registry.platforms

    def looking(reference: str, logins: Path | None = None, seconds: float | None = None) -> frozenset[str]:
        if logins is not None:
            path = logins / "config.json"
            seen.append({"mode": path.stat().st_mode & 0o777, "folder": logins.stat().st_mode & 0o777})
        return real(reference, logins, seconds)

    monkeypatch.setattr(registry, "platforms", looking)
    world.rows()
    assert seen == [{"mode": 0o600, "folder": 0o700}]
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_login_does_not_outlast_a_program_that_ends_before_its_looks(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    hangs, asked = threading.Event(), threading.Event()

    def hanging(*_: Any) -> frozenset[str]:
        asked.set()
        hangs.wait()
        return frozenset()

    monkeypatch.setattr(registry, "platforms", hanging)
    looking = threading.Thread(target=registries.pullable, args=(world.stack,))
    looking.start()
    try:
        assert asked.wait(30)
        assert [path.name for path in (tmp_path / "scratch").rglob("*.json")] == ["config.json"]
        registries.forget()
        assert list((tmp_path / "scratch").iterdir()) == []
    finally:
        hangs.set()
        looking.join()


@pytest.mark.parametrize(
    ("image", "key"),
    [
        ("docker.io/acme/rag-api", "https://index.docker.io/v1/"),
        ("acme/rag-api", "https://index.docker.io/v1/"),
        ("registry.example.com:5000/rag-api", "registry.example.com:5000"),
    ],
)
def test_a_login_goes_to_a_mirror_whatever_key_it_has_in_the_pull_secret(
    monkeypatch: pytest.MonkeyPatch, image: str, key: str
) -> None:
    monkeypatch.setattr(wanted_images, "wanted", lambda *_: [f"{image}@sha256:{'0' * 64}"])
    monkeypatch.setattr(registries, "_registry", lambda _: "127.0.0.1:5000")
    facts = cast(PreflightContext, SimpleNamespace(settings=None, selected=None))
    assert registries._at_mirrors(facts, {key: {"auth": "x"}, "other.example.com": {}}) == {
        "127.0.0.1:5000": {"auth": "x"}
    }
