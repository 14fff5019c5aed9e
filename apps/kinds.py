"""The kinds of artifact: what each is made of, what identifies it, and where it lies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast, get_args

import yaml

from apps import build, tree
from apps.errors import ArtifactError

REGISTRY = "ghcr.io/rollback-stack"

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
        return build.zip_bytes(self.files)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the zip, hex."""
        return build.sha256(self.content)

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
class FunctionArtifact(Package):
    """One version of one Lambda function's code."""

    system: str
    function: str

    def _needed(self) -> tuple[str, str]:
        return "handler.py", "Lambda starts handler.handler"

    def _place(self) -> tuple[str, ...]:
        return "functions", self.system, self.function


@dataclass(frozen=True)
class LayerArtifact(Package):
    """One version of one Lambda layer: a Python package in the folder that Lambda puts on the path."""

    system: str
    name: str

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
    """One version of one container image."""

    name: str

    @property
    def digest(self) -> str:
        """The content digest a release pins, `sha256:` and 64 hex digits."""
        return f"sha256:{build.sha256(build.tar_bytes(self.files))}"

    @property
    def reference(self) -> str:
        """The image as a pod names it, by digest."""
        return f"{REGISTRY}/{self.name}@{self.digest}"

    @property
    def behaviour(self) -> Behaviour:
        """What its pods do, from image.yaml.

        Raises:
            ArtifactError: image.yaml is missing or names no known behaviour.
        """
        valid = get_args(Behaviour)
        described: Any = yaml.safe_load(self.files.get("image.yaml", b""))
        if not isinstance(described, dict) or described.get("behaviour") not in valid:
            raise ArtifactError(f"{self.folder}/image.yaml needs a line `behaviour:` with one of {', '.join(valid)}")
        return cast(Behaviour, described["behaviour"])
