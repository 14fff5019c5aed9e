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

from apps import oci
from apps.errors import ArtifactError

CONF = "CONTAINERS_REGISTRIES_CONF"
SECONDS = 300.0
ABSENT = ("MANIFEST_UNKNOWN", "NAME_UNKNOWN", "BLOB_UNKNOWN", "404 Not Found", "layer does not exist")
REFUSED = ("UNAUTHORIZED", "DENIED", "401 Unauthorized", "403 Forbidden")
SILENT = ("connection refused", "no such host", "i/o timeout", "deadline exceeded", "network is unreachable", "EOF")
EXCHANGED = "does not match requested digest"


class RegistryError(ArtifactError):
    """A registry didn't do what was asked; the message is one line that says what to do."""


class SilentError(RegistryError):
    """A registry doesn't answer."""


class RefusedError(RegistryError):
    """A registry doesn't let us: no login, or a wrong one."""


class ExchangedError(RegistryError):
    """A registry has something else under a digest than that digest says."""


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


def present(reference: str, logins: Path | None = None, seconds: float | None = None) -> bool:
    """Whether a registry holds an image whole: its manifest and config with the right content, and every layer.

    logins: a folder with a ``config.json`` of Docker's, instead of one's own.

    Raises:
        RegistryError: it doesn't answer in time, or doesn't let us look.
    """
    return _looked_at(["validate", "--fast", "--remote"], reference, logins, seconds) is not None


def platforms(reference: str, logins: Path | None = None, seconds: float | None = None) -> frozenset[str]:
    """What an image is for, as ``linux/amd64``; nothing where no registry has it. The rest as ``present``."""
    text = _looked_at(["manifest"], reference, logins, seconds)
    if text is None:
        return frozenset()
    manifest = _read(text, reference)
    if oci.is_index(manifest):
        return frozenset(_platform(each.get("platform") or {}) for each in manifest.get("manifests") or ())
    config = _looked_at(["config"], reference, logins, seconds)
    return frozenset() if config is None else frozenset({_platform(_read(config, reference))})


def _platform(described: dict[str, Any]) -> str:
    return f"{described.get('os')}/{described.get('architecture')}"


def _read(text: str, reference: str) -> dict[str, Any]:
    if (found := oci.document(text)) is None:
        raise RegistryError(f"{reference} isn't an image: its registry holds something else there")
    return found


def _looked_at(command: list[str], reference: str, logins: Path | None, seconds: float | None) -> str | None:
    """What crane says of an image; None where no registry has it."""
    at, insecure = address(reference)
    done = _crane([*command, at], insecure, logins, seconds)
    if not done.returncode:
        return done.stdout
    if any(word in done.stderr for word in ABSENT):
        return None
    raise _refused("looked at", reference, at, done.stderr)


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
        RegistryError: the registry is down, hasn't got it, or refuses; or it is a list for several platforms, which
            isn't pulled.
    """
    target = folder / reference.rpartition(":")[2]
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    at, insecure = address(reference)
    asked = _crane(["manifest", at], insecure)
    if asked.returncode:
        raise _refused("pulled", reference, at, asked.stderr)
    manifest = _read(asked.stdout, reference)
    if oci.is_index(manifest):
        raise RegistryError(oci.several(reference, manifest))
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


def _crane(
    arguments: list[str], insecure: bool, logins: Path | None = None, seconds: float | None = None
) -> subprocess.CompletedProcess[str]:
    program = shutil.which("crane")
    if program is None:
        raise RegistryError(
            "crane isn't on PATH: `make shell` has it; elsewhere install go-containerregistry's crane (one program)"
        )
    command = [program, *arguments, *(["--insecure"] if insecure else [])]
    environment = {**os.environ, **({"DOCKER_CONFIG": str(logins)} if logins else {})}
    limit = SECONDS if seconds is None else seconds
    try:
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=limit, errors="replace", env=environment
        )
    except subprocess.TimeoutExpired:
        raise SilentError(f"crane {arguments[0]} took longer than {limit:g} s: run the same command again") from None


def _refused(what: str, reference: str, at: str, errors: str) -> RegistryError:
    lines = [line for line in errors.splitlines() if line.strip()]
    said = lines[-1].removeprefix("Error: ") if lines else "no word"
    host = at.partition("/")[0]
    if any(word in said for word in SILENT):
        return SilentError(f"registry {host} doesn't answer, {reference} wasn't {what}: start it, then run this again")
    if any(word in said for word in REFUSED):
        return RefusedError(f"registry {host} refuses: {reference} wasn't {what}: `docker login {host}` ({said[:200]})")
    if any(word in said for word in ABSENT):
        return RegistryError(f"registry {host} has no {reference}, which wasn't {what}: look at name and digest")
    if EXCHANGED in said:
        return ExchangedError(
            f"registry {host} holds something else under the digest of {reference}, which wasn't {what}: don't trust it"
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
