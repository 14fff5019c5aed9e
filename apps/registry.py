"""Registries of images, asked through ``crane`` (go-containerregistry), which knows their logins and retries.

Who may push is in Docker's own configuration (``docker login``, ``DOCKER_CONFIG``). Where a registry has a mirror or
another address, ``CONTAINERS_REGISTRIES_CONF`` names a file that says so (containers-registries.conf(5)).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from apps.errors import ArtifactError

CONF = "CONTAINERS_REGISTRIES_CONF"
SECONDS = 300
ABSENT = ("MANIFEST_UNKNOWN", "NAME_UNKNOWN", "BLOB_UNKNOWN", "404 Not Found", "layer does not exist")
REFUSED = ("UNAUTHORIZED", "DENIED", "401 Unauthorized", "403 Forbidden")


class RegistryError(ArtifactError):
    """A registry didn't do what was asked; the message is one line that says what to do."""


def address(reference: str) -> tuple[str, bool]:
    """Where an image is asked for, and whether that is without TLS (``insecure``).

    Raises:
        RegistryError: the file that CONTAINERS_REGISTRIES_CONF names can't be read.
    """
    for entry in sorted(_configured(), key=lambda entry: -len(str(entry.get("prefix", "")))):
        prefix = str(entry.get("prefix") or entry.get("location") or "")
        if prefix and (reference == prefix or reference.startswith((f"{prefix}/", f"{prefix}@", f"{prefix}:"))):
            location = str(entry.get("location") or prefix)
            return location + reference[len(prefix) :], bool(entry.get("insecure"))
    return reference, False


def present(reference: str) -> bool:
    """Whether a registry holds an image whole: its manifest and config with the right content, and every layer.

    Raises:
        RegistryError: it doesn't answer, or doesn't let us look.
    """
    at, insecure = address(reference)
    done = _crane(["validate", "--fast", "--remote", at], insecure)
    if done.returncode and not any(word in done.stderr for word in ABSENT):
        raise _refused("looked at", reference, at, done.stderr)
    return not done.returncode


def push(layout: Path, repository: str, tag: str, digest: str) -> None:
    """Push an image layout, blobs first and the manifest last, so that what can be named is whole.

    Raises:
        RegistryError: the registry is down, refuses, or has something else under that tag in the end.
    """
    at, insecure = address(f"{repository}:{tag}")
    done = _crane(["push", str(layout), at], insecure)
    if done.returncode:
        raise _refused("pushed", f"{repository}:{tag}", at, done.stderr)
    found = done.stdout.strip().rpartition("@")[2]
    if found != digest:
        raise RegistryError(f"{at} took {found}, not {digest}: another program writes there; choose another version")


def pull(reference: str, folder: Path) -> Path:
    """The image layout of an image that is named by digest, pulled once.

    Raises:
        RegistryError: the registry is down, hasn't got it, or refuses.
    """
    target = folder / reference.rpartition(":")[2]
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    at, insecure = address(reference)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=folder) as scratch:
        made = Path(scratch) / "layout"
        done = _crane(["pull", "--format=oci", at, str(made)], insecure)
        if done.returncode:
            raise _refused("pulled", reference, at, done.stderr)
        if not target.exists():
            os.replace(made, target)
    return target


def delete(reference: str, tag: str) -> None:
    """Delete an image by digest, and the tag by which it was pushed.

    Raises:
        RegistryError: the registry is down or refuses; many let nobody delete by this way.
    """
    repository, _, digest = reference.partition("@")
    for name in (f"{repository}:{tag}", f"{repository}@{digest}"):
        at, insecure = address(name)
        done = _crane(["delete", at], insecure)
        if done.returncode and not any(word in done.stderr for word in ABSENT):
            raise _refused("deleted", reference, at, done.stderr)


def _crane(arguments: list[str], insecure: bool) -> subprocess.CompletedProcess[str]:
    program = shutil.which("crane")
    if program is None:
        raise RegistryError(
            "crane isn't on PATH: `make shell` has it; elsewhere install go-containerregistry's crane (one program)"
        )
    command = [program, *arguments, *(["--insecure"] if insecure else [])]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS, errors="replace")
    except subprocess.TimeoutExpired:
        raise RegistryError(f"crane {arguments[0]} took longer than {SECONDS} s: run the same command again") from None


def _refused(what: str, reference: str, at: str, errors: str) -> RegistryError:
    lines = [line for line in errors.splitlines() if line.strip()]
    said = lines[-1].removeprefix("Error: ") if lines else "no word"
    host = at.partition("/")[0]
    if "connection refused" in said or "no such host" in said or "i/o timeout" in said:
        return RegistryError(
            f"registry {host} doesn't answer, {reference} wasn't {what}: start it, then run this again"
        )
    if any(word in said for word in REFUSED):
        return RegistryError(
            f"registry {host} refuses: {reference} wasn't {what}: `docker login {host}` ({said[:200]})"
        )
    return RegistryError(f"{reference} wasn't {what}: {said[:300]}")


def _configured() -> list[dict[str, Any]]:
    path = os.environ.get(CONF)
    if not path:
        return []
    try:
        with open(path, "rb") as file:
            found = tomllib.load(file).get("registry", [])
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise RegistryError(f"{CONF} names {path}, which can't be read: {error}") from None
    return list(found)
