"""Which registry an image's name leads to, and what that registry's login is found under."""

from __future__ import annotations

import pytest

from stacks.registries import login_key, registry_of

HUB = "https://index.docker.io/v1/"


@pytest.mark.parametrize(
    ("repository", "registry", "key"),
    [
        ("ghcr.io/rollback-stack/rag-api", "ghcr.io", "ghcr.io"),
        ("registry.example.com:5000/team/rag-api", "registry.example.com:5000", "registry.example.com:5000"),
        ("localhost:5000/rag-api", "localhost:5000", "localhost:5000"),
        ("localhost/rag-api", "localhost", "localhost"),
        ("builder:5000/rag-api", "builder:5000", "builder:5000"),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/rag-api",)
        + ("123456789012.dkr.ecr.us-east-1.amazonaws.com",) * 2,
        ("docker.io/acme/rag-api", "docker.io", HUB),
        ("index.docker.io/acme/rag-api", "docker.io", HUB),
        ("registry-1.docker.io/acme/rag-api", "docker.io", HUB),
        ("acme/rag-api", "docker.io", HUB),
        ("python", "docker.io", HUB),
    ],
)
def test_a_name_leads_to_a_registry_and_its_login(repository: str, registry: str, key: str) -> None:
    assert registry_of(repository) == registry
    assert login_key(registry) == key
    assert registry_of(f"{repository}@sha256:{'0' * 64}") == registry


@pytest.mark.parametrize("registry", ["registry.example.com/team", "registry.example.com:5000/team/part"])
def test_a_login_for_a_part_keeps_its_path(registry: str) -> None:
    assert login_key(registry) == registry
