"""The sandbox's registry of images, a real one on loopback, and how tools are led to it.

Built from go-containerregistry, as is ``crane``, with which images are pushed. Tools take it for the registries that
releases name because ``registries.conf`` says so (containers-registries.conf(5)).
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

from toolchain import gobuild
from toolchain.progress import Progress

MODULE = Path(__file__).parent
CRANE = "github.com/google/go-containerregistry/cmd/crane"
USER, PASSWORD = "rollback-stack", "sandbox"
"""Who may push. Nothing but loopback is reached with it."""
PREFIX = "ghcr.io/rollback-stack"
"""The images that are looked for here."""
_STRIPPED = ("-s", "-w")


def ensure(cache: Path, progress: Progress) -> tuple[Path, Path]:
    """The registry's program and crane, built where the cache doesn't hold them: a minute the first time.

    Raises ``ToolchainError``, in one line.
    """
    server = gobuild.build(MODULE, ".", "rollback-registry", cache=cache, ldflags=_STRIPPED, progress=progress)
    return server, gobuild.build(MODULE, CRANE, "crane", cache=cache, ldflags=_STRIPPED, progress=progress)


def command(binary: Path, *, port: int, folder: Path, private: str = "") -> list[str]:
    """The command line of a registry on 127.0.0.1. private: repositories that can't be pulled without a login."""
    line = [str(binary), f"--address=127.0.0.1:{port}", f"--folder={folder}", f"--login={USER}:{PASSWORD}"]
    return [*line, f"--private={private}"] if private else line


def location(port: int) -> str:
    """Where images whose names begin with ``PREFIX`` lie instead."""
    return f"127.0.0.1:{port}/{PREFIX.partition('/')[2]}"


def lead(folder: Path, port: int) -> dict[str, str]:
    """Write what leads tools to the registry below a folder; the variables that name it."""
    conf, docker = folder / "registries.conf", folder / "docker"
    docker.mkdir(parents=True, exist_ok=True)
    conf.write_text(f'[[registry]]\nprefix = "{PREFIX}"\nlocation = "{location(port)}"\ninsecure = true\n')
    login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    (docker / "config.json").write_text(json.dumps({"auths": {f"127.0.0.1:{port}": {"auth": login}}}))
    return variables(folder)


def variables(folder: Path) -> dict[str, str]:
    """The variables that name what ``lead`` wrote."""
    return {
        "CONTAINERS_REGISTRIES_CONF": str(folder / "registries.conf"),
        "DOCKER_CONFIG": str(folder / "docker"),
    }
