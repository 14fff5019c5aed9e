"""Images that no registry has are refused before anything moves; what nobody can look at is said."""

from __future__ import annotations

from typing import Any

import pytest

from apps import registry
from cli.preflight import images
from stacks.file import read
from stacks.rag_api import RagApiRelease
from stacks.selection import select

OLD = "ghcr.io/rollback-stack/rag-api@sha256:"


def missing(
    monkeypatch: pytest.MonkeyPatch, present: Any, running: str = "", **more: str
) -> tuple[list[str], list[str]]:
    monkeypatch.setattr(registry, "present", present)
    settings = read("prod", more)
    container = {"image": running}
    deployment = {
        "type": images.DEPLOYMENT,
        "urn": "urn::rag-api",
        "outputs": {"spec": {"template": {"spec": {"containers": [container]}}}},
    }
    return images.missing(settings, select(settings), {"deployment": {"resources": [deployment]}})


@pytest.fixture(autouse=True)
def real_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


def wanted(version: str) -> str:
    release = select(read("prod", {"rollback-stack:version": version}))["rag-api"].release
    assert isinstance(release, RagApiRelease)
    return release.image


def test_an_image_that_no_registry_has_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing(monkeypatch, lambda _: False) == ([wanted("v1.2.3")], [])
    line = images.missing_line("prod", [wanted("v1.2.3")])
    assert line.startswith(f"1 image isn't in the registry: {OLD}")
    assert "Nothing was touched" in line


def test_one_that_is_there_isnt(monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing(monkeypatch, lambda _: True) == ([], [])


def test_a_canary_is_looked_at_too(monkeypatch: pytest.MonkeyPatch) -> None:
    gone, _ = missing(monkeypatch, lambda _: False, **{"rag-api:canary": '{"version": "v1.4.0"}'})
    assert gone == [wanted("v1.2.3"), wanted("v1.4.0")]


def test_what_nodes_run_already_isnt_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing(monkeypatch, lambda _: False, running=wanted("v1.2.3")) == ([], [])


def test_a_registry_that_doesnt_answer_refuses_nothing_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(_: str) -> bool:
        raise registry.RegistryError("registry ghcr.io doesn't answer")

    gone, untold = missing(monkeypatch, silent)
    assert gone == []
    assert untold == [f"whether nodes find {wanted('v1.2.3')} can't be told: registry ghcr.io doesn't answer"]


def test_the_sandbox_has_the_images_of_before_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert missing(monkeypatch, lambda _: False) == ([], [])


def test_a_stack_without_rag_api_needs_no_image(monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing(monkeypatch, lambda _: False, **{"rollback-stack:systems": '["compaction"]'}) == ([], [])
