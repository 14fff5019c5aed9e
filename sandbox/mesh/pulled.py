"""Images that the nodes pull from a registry, laid out on disk: their files, what they start, where it listens."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACCEPTED = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
SECONDS = 10


class PullError(Exception):
    """An image can't be had from its registry; the message says why."""


@dataclass(frozen=True)
class Pulled:
    """An image on disk."""

    root: Path
    """Its file system."""
    config: dict[str, Any]
    """``config`` of the OCI image configuration: Cmd, Env, WorkingDir, ExposedPorts …"""


@dataclass(frozen=True)
class Mirror:
    """Where images with this prefix lie, as the cluster's nodes are told."""

    prefix: str
    location: str
    """host:port/path, without TLS."""
    login: str = ""
    """The Authorization header. The nodes have looked at the pods' own logins before a pod starts."""

    def pull(self, reference: str, folder: Path) -> Pulled | None:
        """The image of this reference, by digest; None where it is no image of this registry.

        Raises ``PullError``.
        """
        name, _, digest = reference.partition("@")
        if not digest or not name.startswith(f"{self.prefix}/"):
            return None
        target = folder / digest.replace(":", "-")
        if not target.exists():
            self._lay_out(name, digest, target)
        return Pulled(target / "root", json.loads((target / "config.json").read_text()))

    def _lay_out(self, name: str, digest: str, target: Path) -> None:
        manifest = json.loads(self._get(name, "manifests", digest))
        config = json.loads(self._get(name, "blobs", manifest["config"]["digest"]))
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=target.parent))
        try:
            (partial / "root").mkdir()
            for layer in manifest["layers"]:
                content = io.BytesIO(self._get(name, "blobs", layer["digest"]))
                with tarfile.open(fileobj=content) as archive:
                    archive.extractall(partial / "root", filter="data")
            (partial / "config.json").write_text(json.dumps(config.get("config") or {}))
            os.rename(partial, target)
        except (OSError, tarfile.TarError) as error:
            raise PullError(f"image {name}@{digest} can't be unpacked: {error}") from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _get(self, name: str, kind: str, digest: str) -> bytes:
        host, _, path = (self.location + name.removeprefix(self.prefix)).partition("/")
        request = urllib.request.Request(f"http://{host}/v2/{path}/{kind}/{digest}", headers={"Accept": ACCEPTED})
        if self.login:
            request.add_header("Authorization", self.login)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - loopback
                content: bytes = answer.read()
        except (urllib.error.URLError, TimeoutError) as error:
            raise PullError(f"{kind} {digest} of {name} can't be pulled: {error}") from error
        found = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if found != digest:
            raise PullError(f"{kind} {digest} of {name} is {found}")
        return content
