"""The kinds of artifact: what each is made of, what identifies it, and where it lies."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast, get_args

import yaml

from apps import archives, dockerfile, imports, oci, packages, paths, registry, tree
from apps.errors import ArtifactError

REGISTRY = "ghcr.io/rollback-stack"

DOCKERFILE = "Dockerfile"
BEHAVIOUR = "image.yaml"
"""Says what a pod of an image does that is known by its files alone."""
_LISTED = frozenset({packages.REQUIREMENTS, packages.SOURCE, packages.EXCLUDES})
"""Lists of packages: no part of the artifact."""

Behaviour = Literal["ready", "crash", "unready", "slow"]
"""What a pod of an image does on the local cluster."""


@dataclass(frozen=True)
class _Artifact:
    version: str
    folder: Path

    @cached_property
    def files(self) -> tree.Files:
        """The files as they lie in the artifact."""
        return tree.read(self.folder)

    @property
    def inputs(self) -> str:
        """SHA-256 over everything that the artifact is made of: the same inputs give the same artifact."""
        whole = hashlib.sha256(f"{packages.PYTHON} {packages.PLATFORM}\0".encode())
        for name, content in sorted(tree.read(self.folder).items()):
            whole.update(f"{name}\0{len(content)}\0".encode() + content)
        return whole.hexdigest()

    @property
    def fault(self) -> str | None:
        """What is wrong with this version by design; None for a sound one."""
        return tree.fault(self.folder)


@dataclass(frozen=True)
class Package(_Artifact, ABC):
    """One version of something that lies as a zip in the artifact bucket."""

    @cached_property
    def content(self) -> bytes:
        """The zip.

        Raises:
            ArtifactError: a file that its kind can't do without is missing.
        """
        name, reason = self._needed()
        if name not in self.files:
            raise ArtifactError(f"{self.folder} has no {name}: {reason}")
        return archives.zip_bytes(self.files)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the zip, hex."""
        return archives.sha256(self.content)

    @property
    def lacks(self) -> tuple[str, ...]:
        """The packages that its code imports and that it hasn't, sorted."""
        return ()

    @property
    def key(self) -> str:
        """Where the zip lies in the artifact bucket; a content hash, so a key never changes its bytes."""
        return f"{'/'.join(self._place())}/{self.version}/{self.sha256}.zip"

    @abstractmethod
    def _needed(self) -> tuple[str, str]:
        """The file it can't do without, and why."""

    @abstractmethod
    def _place(self) -> tuple[str, ...]:
        """The folders of its key."""


@dataclass(frozen=True)
class _PythonPackage(Package):
    """One version of Python code with what ``requirements.txt`` beside it names."""

    @cached_property
    def files(self) -> tree.Files:
        """The files as they lie in the artifact.

        Raises:
            ArtifactError: as ``packages.installed``.
        """
        return {**self._brought, **self.own}

    @cached_property
    def content(self) -> bytes:
        """The zip. Raises ``ArtifactError`` as any package, and where Lambda wouldn't unpack it."""
        if self.unpacked > packages.LARGEST:
            raise ArtifactError(
                f"{self.folder}: {self.unpacked:,} bytes are more than the {packages.LARGEST:,} that Lambda unpacks: "
                f"leave out packages that nothing imports ({packages.EXCLUDES})"
            )
        return super().content

    @property
    def unpacked(self) -> int:
        """Bytes that Lambda unpacks of it."""
        return sum(map(len, self.files.values()))

    @property
    def lacks(self) -> tuple[str, ...]:
        """The packages that its code imports and that neither it, its system's layers nor Lambda's runtime has."""
        inside = {name.removeprefix(self._folder()): content for name, content in self.own.items()}
        there = {name.removeprefix(self._folder()): b"" for name in self.files}
        return imports.lacking(inside, {**there, **dict.fromkeys(self._layers(), b"")}, self._start())

    @cached_property
    def own(self) -> tree.Files:
        """Its files without the packages that ``requirements.txt`` names."""
        return {name: content for name, content in tree.read(self.folder).items() if name not in _LISTED}

    @cached_property
    def _brought(self) -> tree.Files:
        listed = tree.read(self.folder).get(packages.REQUIREMENTS)
        if not listed:
            return {}
        try:
            found = packages.installed(listed)
        except ArtifactError as error:
            raise ArtifactError(f"{self.folder}/{packages.REQUIREMENTS}: {error}") from None
        return {f"{self._folder()}{name}": content for name, content in found.items()}

    def _folder(self) -> str:
        """Where packages lie in the artifact; with a slash at the end, unless it is the root."""
        return ""

    def _layers(self) -> list[str]:
        """The packages that layers put on the path."""
        return []

    def _start(self) -> str | None:
        """The module that is run; None where any of them may be."""
        return None


@dataclass(frozen=True)
class FunctionArtifact(_PythonPackage):
    """One version of one Lambda function's code."""

    system: str
    function: str

    def _layers(self) -> list[str]:
        layers = self.folder.parents[3] / "layers" / self.system
        return sorted(path.name for path in layers.iterdir()) if layers.is_dir() else []

    def _start(self) -> str:
        return "handler"

    def _needed(self) -> tuple[str, str]:
        return "handler.py", "Lambda starts handler.handler"

    def _place(self) -> tuple[str, ...]:
        return "functions", self.system, self.function


@dataclass(frozen=True)
class LayerArtifact(_PythonPackage):
    """One version of one Lambda layer: a Python package in the folder that Lambda puts on the path."""

    system: str
    name: str

    def _folder(self) -> str:
        return "python/"

    def _needed(self) -> tuple[str, str]:
        # AWS Lambda Developer Guide, "Layer paths for each Lambda runtime".
        return f"python/{self.name}/__init__.py", "Lambda looks for a layer's packages in its python folder"

    def _place(self) -> tuple[str, ...]:
        return "layers", self.system, self.name


@dataclass(frozen=True)
class RevisionArtifact(Package):
    """One version of an application that CodeDeploy deploys in place, with its lifecycle hooks."""

    system: str

    def _needed(self) -> tuple[str, str]:
        # CodeDeploy user guide, "Add an application specification file to a revision": in the root, by this name.
        return "appspec.yml", "CodeDeploy reads it from a revision's root"

    def _place(self) -> tuple[str, ...]:
        return "revisions", self.system


@dataclass(frozen=True)
class ImageArtifact(_Artifact):
    """One version of one container image: what its Dockerfile makes.

    The versions with an ``image.yaml`` are older than that: they are known by the hash of their files, which no
    registry could hold, and only the local cluster's catalogue has them.
    """

    name: str

    @property
    def is_whole(self) -> bool:
        """Whether this is an image that a registry can hold."""
        return BEHAVIOUR not in self.files

    @cached_property
    def image(self) -> oci.Image:
        """The image with its base.

        Raises:
            ArtifactError: the Dockerfile is missing or can't be followed, or the base image can't be had.
        """
        where = f"{self.folder}/{DOCKERFILE}"
        if DOCKERFILE not in self.files:
            raise ArtifactError(f"{where} is missing: it says what the image is made of")
        context = {name: content for name, content in self.files.items() if name != DOCKERFILE}
        recipe = dockerfile.read(self.files[DOCKERFILE].decode(), context, where)
        base = oci.NOTHING
        if recipe.base != dockerfile.EMPTY:
            base = oci.read_base(registry.pull(recipe.base, paths.cache() / "images"), recipe.base)
        return oci.assemble(recipe, base)

    @cached_property
    def digest(self) -> str:
        """The content digest a release pins, `sha256:` and 64 hex digits. Raises ``ArtifactError``."""
        return self.image.digest if self.is_whole else f"sha256:{archives.sha256(archives.tar_bytes(self.files))}"

    @property
    def repository(self) -> str:
        """Where the image lies."""
        return f"{REGISTRY}/{self.name}"

    @property
    def reference(self) -> str:
        """The image as a pod names it, by digest."""
        return f"{self.repository}@{self.digest}"

    @property
    def behaviour(self) -> Behaviour:
        """What its pods do, from image.yaml.

        Raises:
            ArtifactError: image.yaml is missing or names no known behaviour.
        """
        valid = get_args(Behaviour)
        described: Any = yaml.safe_load(self.files.get(BEHAVIOUR, b""))
        if not isinstance(described, dict) or described.get("behaviour") not in valid:
            raise ArtifactError(f"{self.folder}/{BEHAVIOUR} needs a line `behaviour:` with one of {', '.join(valid)}")
        return cast(Behaviour, described["behaviour"])
