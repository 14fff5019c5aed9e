"""What has to be started for a pod."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from apps.errors import ArtifactError
from sandbox.mesh import endpoints, variables
from sandbox.mesh.images import Image, Images
from sandbox.mesh.pulled import PullError
from sandbox.mesh.routes import Object

DEFAULT_GRACE = 30
"""Seconds a pod has to end in, where it doesn't say (terminationGracePeriodSeconds)."""
_INTERPRETERS = ("python", "python3")


class LaunchError(Exception):
    """A pod's program can't be started; the message says why."""


@dataclass(frozen=True)
class Launch:
    """One program. Pods for which this is equal share a process."""

    owner: str
    """Identity of what made the pods."""
    name: str
    """For people: namespace and name of the owner."""
    folder: Path
    arguments: tuple[str, ...]
    """The script and its arguments."""
    environment: tuple[tuple[str, str], ...]
    port: int
    """The port that the program would listen on in its pod."""
    grace: float
    """Seconds that open requests have when the pods are gone."""


async def prepare(pod: Object, images: Images, get: variables.Get) -> Launch | None:
    """Return what a pod runs, None where none of its images is on the shelf. Raises LaunchError."""
    for container in pod["spec"]["containers"]:
        try:
            # A pull asks the network: requests go on meanwhile.
            image = await asyncio.to_thread(images.find, container["image"])
            if image is None:
                continue
            own = {**dict(image.environment), **await variables.resolve(pod, container, get)}
        except (ArtifactError, PullError, variables.VariableError) as error:
            raise LaunchError(str(error)) from error
        made_by = endpoints.owner(pod)
        return Launch(
            owner=made_by["uid"],
            name=f"{pod['metadata']['namespace']}.{made_by['name']}",
            folder=image.folder,
            arguments=_arguments(container, image),
            environment=tuple(sorted(own.items())),
            port=_port(own, image.port),
            grace=pod["spec"].get("terminationGracePeriodSeconds", DEFAULT_GRACE),
        )
    return None


def surroundings(launch: Launch) -> dict[str, str]:
    """Return the whole environment of a program's process: it chooses a port of its own, on loopback."""
    basics = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
    return {**basics, **dict(launch.environment), "HOST": "127.0.0.1", "PORT": "0"}


def _arguments(container: Object, image: Image) -> tuple[str, ...]:
    """A container's command and args replace the image's own (Kubernetes documentation, "Define a Command")."""
    command = container.get("command") or list(image.command[:1])
    arguments = container.get("args") or ([] if container.get("command") else list(image.command[1:]))
    words = [*command, *arguments]
    if len(words) < 2 or words[0] not in _INTERPRETERS or words[1].startswith("-"):
        raise LaunchError(f"only `python <script>` can be run, not `{' '.join(words)}`")
    return tuple(words[1:])


def _port(own: dict[str, str], default: int) -> int:
    text = own.get("PORT", "")
    if text and not text.isdigit():
        raise LaunchError(f"PORT is {text!r}, not a number")
    return int(text or default)
