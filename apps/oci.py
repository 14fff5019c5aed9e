"""Container images as registries hold them: config, layers and manifest (OCI image specification 1.1).

A layer is a plain tar: what gzip writes differs between its builds, and a digest has to be the same on any machine.
"""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.dockerfile import Recipe
from apps.errors import ArtifactError

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
OF_DOCKER = {
    "application/vnd.docker.image.rootfs.diff.tar": LAYER,
    "application/vnd.docker.image.rootfs.diff.tar.gzip": f"{LAYER}+gzip",
}
"""Docker's names of the types of layers, and those of the specification: the same bytes (OCI image specification,
"Compatibility Matrix"). A manifest of one kind with layers of the other is refused by some tools."""
EPOCH = "1970-01-01T00:00:00Z"
ARCHITECTURE, SYSTEM = "amd64", "linux"


@dataclass(frozen=True)
class Image:
    """An image: its manifest, and every blob of it by digest."""

    manifest: bytes
    blobs: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """What a release pins: ``sha256:`` and the hash of the manifest."""
        return digest(self.manifest)

    def write(self, folder: Path) -> None:
        """Write it as an image layout: ``oci-layout``, ``index.json``, ``blobs/sha256/…``."""
        blobs = {**self.blobs, self.digest: self.manifest}
        for name, content in blobs.items():
            path = folder / "blobs" / name.replace(":", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        entry = {"mediaType": MANIFEST, "digest": self.digest, "size": len(self.manifest)}
        (folder / "index.json").write_bytes(_json({"schemaVersion": 2, "manifests": [entry]}))
        (folder / "oci-layout").write_bytes(_json({"imageLayoutVersion": "1.0.0"}))


@dataclass(frozen=True)
class Base:
    """What an image stands on."""

    config: Mapping[str, Any]
    layers: tuple[tuple[Mapping[str, Any], bytes], ...] = ()
    """Descriptor and content of each, lowest first."""


NOTHING = Base({"architecture": ARCHITECTURE, "os": SYSTEM})


def assemble(recipe: Recipe, base: Base) -> Image:
    """The image that a recipe makes on its base."""
    layer = _layer(recipe)
    config = _json(_config(recipe, base, digest(layer)))
    layers = [
        *(descriptor for descriptor, _ in base.layers),
        {"mediaType": LAYER, "digest": digest(layer), "size": len(layer)},
    ]
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": digest(config), "size": len(config)},
        "layers": layers,
    }
    own = {digest(config): config, digest(layer): layer}
    return Image(_json(manifest), {**{str(each["digest"]): content for each, content in base.layers}, **own})


def read_base(layout: Path, reference: str) -> Base:
    """The base image in an image layout, which was pulled by this digest.

    Raises:
        ArtifactError: the layout holds something else, or an image for several platforms, of which none is named.
    """
    wanted = reference.rpartition("@")[2]
    manifest = _read(_blob(layout, wanted, reference), reference)
    if is_index(manifest):
        raise ArtifactError(several(reference, manifest))
    if not (isinstance(manifest.get("config"), dict) and isinstance(manifest.get("layers"), list)):
        raise ArtifactError(f"base image {reference} isn't an image: it has no config and layers; name another")
    config = _read(_blob(layout, manifest["config"]["digest"], reference), reference)
    if (config.get("os"), config.get("architecture")) != (SYSTEM, ARCHITECTURE):
        raise ArtifactError(f"base image {reference} isn't for {SYSTEM}/{ARCHITECTURE}: name another digest")
    return Base(config, tuple(_base_layer(layout, each, reference) for each in manifest["layers"]))


def is_index(manifest: Mapping[str, Any]) -> bool:
    """Whether this is a list of images for several platforms, and no image."""
    return manifest.get("mediaType") in INDEXES or "manifests" in manifest


def several(reference: str, index: Mapping[str, Any]) -> str:
    """What to say of a base that is a list for several platforms: which of them to name."""
    repository = reference.rpartition("@")[0]
    wanted = {"os": SYSTEM, "architecture": ARCHITECTURE}
    for each in index.get("manifests") or ():
        if wanted.items() <= (each.get("platform") or {}).items():
            found = f"name its {SYSTEM}/{ARCHITECTURE} image: {repository}@{each.get('digest')}"
            break
    else:
        found = f"and none of them is {SYSTEM}/{ARCHITECTURE}: name another"
    return f"base image {reference} is a list for several platforms: {found}"


def _base_layer(layout: Path, described: Mapping[str, Any], reference: str) -> tuple[Mapping[str, Any], bytes]:
    kind = OF_DOCKER.get(str(described.get("mediaType")), str(described.get("mediaType")))
    if not kind.startswith(LAYER):
        raise ArtifactError(
            f"base image {reference} has a layer of type {kind}, which nodes don't unpack or registries don't hold: "
            "name another base"
        )
    return {**described, "mediaType": kind}, _blob(layout, described["digest"], reference)


def document(content: bytes | str) -> dict[str, Any] | None:
    """A manifest or a config; None where it is neither."""
    try:
        found = json.loads(content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _read(content: bytes, reference: str) -> dict[str, Any]:
    if (found := document(content)) is None:
        raise ArtifactError(f"base image {reference} isn't an image; name another")
    return found


def digest(content: bytes) -> str:
    """``sha256:`` and 64 hex digits."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _blob(layout: Path, name: str, reference: str) -> bytes:
    try:
        content = (layout / "blobs" / name.replace(":", "/")).read_bytes()
    except OSError as error:
        raise ArtifactError(f"base image {reference}: its {name} can't be read: {error.strerror}") from None
    if digest(content) != name:
        raise ArtifactError(f"base image {reference}: its {name} holds something else; delete {layout}")
    return content


def _config(recipe: Recipe, base: Base, layer: str) -> dict[str, Any]:
    below = dict(base.config.get("config") or {})
    env = dict(entry.split("=", 1) for entry in below.get("Env") or ()) | recipe.env
    own = {
        "Env": [f"{name}={value}" for name, value in env.items()],
        "WorkingDir": recipe.workdir,
        "User": recipe.user or below.get("User"),
        "ExposedPorts": {**(below.get("ExposedPorts") or {}), **{port: {} for port in recipe.ports}},
        "Labels": {**(below.get("Labels") or {}), **recipe.labels},
    }
    if recipe.command is not None or recipe.entrypoint is not None:
        # As Docker does it: a new entry point takes the base's command away.
        own |= {"Cmd": recipe.command, "Entrypoint": recipe.entrypoint or below.get("Entrypoint")}
    merged = {key: value for key, value in {**below, **own}.items() if value}
    diffs = [*((base.config.get("rootfs") or {}).get("diff_ids") or ()), layer]
    history = [*(base.config.get("history") or ()), {"created": EPOCH, "created_by": "rollback release build"}]
    return {
        "created": EPOCH,
        "architecture": ARCHITECTURE,
        "os": SYSTEM,
        "config": merged,
        "rootfs": {"type": "layers", "diff_ids": diffs},
        "history": history,
    }


def _layer(recipe: Recipe) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for folder in _folders(recipe):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for name in sorted(recipe.files):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(recipe.files[name]), 0o755 if name.endswith(".sh") else 0o644
            archive.addfile(entry, io.BytesIO(recipe.files[name]))
    return buffer.getvalue()


def _folders(recipe: Recipe) -> list[str]:
    """Every folder above a file, and those that the recipe makes, outermost first."""
    found = set()
    for path in [*recipe.files, *(f"{folder.strip('/')}/." for folder in recipe.folders)]:
        folder = posixpath.dirname(path)
        while folder:
            found.add(folder)
            folder = posixpath.dirname(folder)
    return sorted(found)


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
