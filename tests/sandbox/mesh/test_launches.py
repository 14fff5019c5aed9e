"""What is started for a pod, and in which environment."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

from apps import catalogue
from sandbox.mesh.images import Images
from sandbox.mesh.launches import Launch, LaunchError, prepare, surroundings
from sandbox.mesh.programs import starts
from sandbox.mesh.variables import VariableError, resolve
from tests.sandbox.mesh.objects import pod

OBJECTS = {
    "/api/v1/namespaces/production/configmaps/settings": {"data": {"A": "1", "B": "2"}},
    "/api/v1/namespaces/production/configmaps/empty": {},
    "/api/v1/namespaces/production/secrets/token": {"data": {"T": base64.b64encode(b"hidden").decode()}},
}


async def get(path: str) -> dict[str, Any] | None:
    return OBJECTS.get(path)


def variables(**container: Any) -> dict[str, str]:
    return asyncio.run(resolve(pod("a", app="api", track="canary"), container, get))


def test_what_comes_whole_comes_first() -> None:
    assert variables(
        envFrom=[
            {"configMapRef": {"name": "settings"}},
            {"prefix": "S_", "secretRef": {"name": "token"}},
            {"configMapRef": {"name": "empty"}},
            {"configMapRef": {"name": "missing", "optional": True}},
        ],
        env=[{"name": "B", "value": "own"}, {"name": "NOTHING"}],
    ) == {"A": "1", "B": "own", "S_T": "hidden", "NOTHING": ""}


def test_single_keys_and_fields() -> None:
    def of(name: str, **source: Any) -> dict[str, Any]:
        return {"name": name, "valueFrom": source}

    found = variables(
        env=[
            of("KEY", configMapKeyRef={"name": "settings", "key": "A"}),
            of("TOKEN", secretKeyRef={"name": "token", "key": "T"}),
            of("NONE", configMapKeyRef={"name": "settings", "key": "C", "optional": True}),
            of("POD", fieldRef={"fieldPath": "metadata.name"}),
            of("TRACK", fieldRef={"fieldPath": "metadata.labels['track']"}),
            of("NOTE", fieldRef={"fieldPath": "metadata.annotations['note']"}),
            of("NODE", fieldRef={"fieldPath": "spec.nodeName"}),
            of("IP", fieldRef={"fieldPath": "status.podIP"}),
        ]
    )
    assert found == {
        **{"KEY": "1", "TOKEN": "hidden", "POD": "a", "TRACK": "canary", "NOTE": ""},
        **{"NODE": "node-1", "IP": "10.244.0.9"},
    }


def test_references_to_earlier_variables() -> None:
    given = {"A": "1", "B": "$(A)/$(LATER)", "C": "$$(A) $(B)", "LATER": "x"}
    found = variables(env=[{"name": name, "value": value} for name, value in given.items()])
    assert found == {"A": "1", "B": "1/$(LATER)", "C": "$(A) 1/$(LATER)", "LATER": "x"}


@pytest.mark.parametrize(
    ("container", "said"),
    [
        ({"envFrom": [{"configMapRef": {"name": "missing"}}]}, "missing doesn't exist in production"),
        ({"envFrom": [{"secretRef": {"name": "missing"}}]}, "secretRef missing"),
        ({"envFrom": [{"other": {}}]}, "not emulated"),
        ({"env": [{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "C"}}}]}, "no key C"),
        ({"env": [{"name": "X", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}]}, "X: resourceField"),
        ({"env": [{"name": "X", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}]}, "isn't known yet"),
        ({"env": [{"name": "X", "valueFrom": {"fieldRef": {"fieldPath": "status.a.b"}}}]}, "X: the field status.a.b"),
    ],
)
def test_what_cannot_be_had_is_named(container: dict[str, Any], said: str) -> None:
    with pytest.raises(VariableError, match=said):
        variables(**container)


def launch(images: Images, reference: str, **container: Any) -> Launch | None:
    made = pod("a")
    made["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": "api-1", "uid": "u", "controller": True}]
    made["spec"]["containers"] = [{"name": "proxy", "image": "other:1"}, {"image": reference, **container}]
    return asyncio.run(prepare(made, images, get))


def test_when_a_pods_program_is_due() -> None:
    def due(*, ready: bool = False, **spec: Any) -> bool:
        made = pod("a", ready=ready)
        made["spec"].update(spec)
        return starts(made)

    assert due()
    assert not due(nodeName="")
    assert not due(initContainers=[{"name": "wait"}])
    assert due(initContainers=[{"name": "wait"}], ready=True)
    assert not due(restartPolicy="Never", ready=True)


@pytest.fixture
def images(tmp_path: Path) -> Images:
    return Images(tmp_path / "images")


def test_an_image_is_laid_out_as_it_is_on_the_shelf(images: Images) -> None:
    artifact = catalogue.image("rag-api", "1.5.0")
    found = launch(images, artifact.reference, env=[{"name": "RELEASE", "value": "v1.2.3"}])
    assert found is not None
    files = {path.relative_to(found.folder).as_posix(): path.read_bytes() for path in found.folder.iterdir()}
    assert files == artifact.files
    assert (found.owner, found.name, found.arguments, found.port) == ("u", "production.api-1", ("app.py",), 8000)
    around = surroundings(found)
    assert (around["RELEASE"], around["HOST"], around["PORT"]) == ("v1.2.3", "127.0.0.1", "0")
    assert "HOME" not in around


def test_the_digest_decides_not_the_tag(images: Images) -> None:
    name, _, digest = catalogue.image("rag-api", "1.4.0").reference.partition("@")
    tagged = launch(images, f"{name}:latest@{digest}")
    assert tagged is not None
    assert tagged == launch(images, f"{name}@{digest}")
    assert launch(images, f"{name}:1.4.0") is None
    assert launch(images, "example.test:5000/app:1") is None


def test_pods_differ_in_what_they_run_and_in_what_environment(images: Images) -> None:
    reference = catalogue.image("rag-api", "1.4.0").reference
    same = launch(images, reference), launch(images, reference)
    assert same[0] == same[1]
    assert launch(images, reference, env=[{"name": "A", "value": "1"}]) != same[0]
    assert launch(images, catalogue.image("rag-api", "1.5.0").reference) != same[0]


@pytest.mark.parametrize(
    ("container", "arguments"),
    [
        ({"args": ["other.py", "--x"]}, ("other.py", "--x")),
        ({"command": ["python3", "app.py"], "args": ["1"]}, ("app.py", "1")),
    ],
)
def test_command_and_arguments(images: Images, container: dict[str, Any], arguments: tuple[str, ...]) -> None:
    found = launch(images, catalogue.image("rag-api", "1.4.0").reference, **container)
    assert found is not None
    assert found.arguments == arguments


@pytest.mark.parametrize(
    ("container", "said"),
    [
        ({"command": ["sh", "-c", "x"]}, "not `sh -c x`"),
        ({"command": ["python"]}, "not `python`"),
        ({"args": ["-m", "app"]}, "not `python -m app`"),
        ({"env": [{"name": "PORT", "value": "http"}]}, "PORT is 'http'"),
        ({"envFrom": [{"configMapRef": {"name": "missing"}}]}, "doesn't exist"),
    ],
)
def test_what_cannot_be_started_is_named(images: Images, container: dict[str, Any], said: str) -> None:
    with pytest.raises(LaunchError, match=said):
        launch(images, catalogue.image("rag-api", "1.4.0").reference, **container)
