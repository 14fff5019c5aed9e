"""Registries: where an image lies by its name, and what a login for one is found under."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

Registry = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)*$")]
"""A registry's host with its port, and a path where a login is for a part of it alone."""
DOCKER_HUB = "docker.io"
_DOCKER_HUBS = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})
DOCKER_HUB_KEY = "https://index.docker.io/v1/"


def registry_of(repository: str) -> str:
    """The registry that an image's name leads to: its first part where that is a host, else Docker Hub.

    A part is a host where it has a dot or a port, or is ``localhost`` (Docker, "image tag": "Description").
    """
    first, separator, _ = repository.partition("/")
    is_host = bool(separator) and (first == "localhost" or "." in first or ":" in first)
    return first if is_host and first not in _DOCKER_HUBS else DOCKER_HUB


def login_key(registry: str) -> str:
    """What a registry's login is found under in Docker's configuration and in a pull secret.

    That of Docker Hub has a name of its own (Kubernetes, "Pull an Image from a Private Registry"); any other bears its
    host, with its port and path as they are ("Images", "Interpretation of config.json").
    """
    host = registry.partition("/")[0]
    return DOCKER_HUB_KEY if host in _DOCKER_HUBS else registry
