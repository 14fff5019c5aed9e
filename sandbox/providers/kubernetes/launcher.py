"""Builds Pulumi's Kubernetes provider once, with the Kubernetes libraries that the cluster is built with.

The published module is a few releases older than the Python SDK. What an object is made of comes from the SDK, and the
provider hands it on to the cluster as it is, so types and fields that it doesn't know work too.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from filelock import FileLock

from sandbox.cluster import launcher as cluster
from sandbox.providers.kubernetes import VERSION
from toolchain import gobuild
from toolchain.errors import ToolchainError
from toolchain.progress import Progress

MODULE = Path(__file__).parent
NAME = "pulumi-resource-kubernetes"
PROVIDER_MODULE = "github.com/pulumi/pulumi-kubernetes/provider/v4"
SCHEMA = "schema.json"
"""Beside the program, which hands it out."""
SCHEMA_IN_MODULE = f"cmd/{NAME}/{SCHEMA}"
# Pulumi's own packages wait for the network most of the time; the others are as the cluster has them.
GCFLAGS = (*cluster.GCFLAGS, "github.com/pulumi/pulumi-kubernetes/...=-dwarf=false -N -l")
LDFLAGS = ("-s", "-w", f"-X main.version={VERSION}")


def ensure(cache: Path, progress: Progress) -> Path:
    """The provider's program, built first where the cache does not hold it; its schema lies beside it.

    cache: the folder shared by all checkouts. What the cluster was built from is not compiled again, so it comes after
    the cluster. Raises ToolchainError, in one line.
    """
    binary = gobuild.build(MODULE, ".", NAME, cache=cache, ldflags=LDFLAGS, gcflags=GCFLAGS, progress=progress)
    _ensure_schema(binary.with_name(SCHEMA), cache, progress)
    return binary


def _ensure_schema(target: Path, cache: Path, progress: Progress) -> None:
    """Put the provider's schema beside it, with the version that it lacks in the module."""
    if target.exists():
        return
    try:
        with FileLock(f"{target.parent}.lock"):
            if target.exists():
                return
            folder = gobuild.module_folder(MODULE, PROVIDER_MODULE, cache, progress)
            schema = json.loads((folder / SCHEMA_IN_MODULE).read_text(encoding="utf-8"))
            with tempfile.NamedTemporaryFile("w", dir=target.parent, prefix=".partial-", delete=False) as partial:
                json.dump({**schema, "version": VERSION}, partial)
            Path(partial.name).chmod(0o644)
            os.replace(partial.name, target)
    except OSError as error:
        raise ToolchainError(f"cannot write {target} ({error.strerror or error}): free space or its folder") from error
