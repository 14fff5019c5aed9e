"""Builds the cluster's program once and says how to start it.

The program imports the Kubernetes components as libraries, so its first build compiles about 2,000 packages.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from filelock import FileLock

from toolchain import gobuild
from toolchain.errors import ToolchainError
from toolchain.progress import Progress

MODULE = Path(__file__).parent
NAME = "rollback-cluster"
CRDS = "crds.yaml"
"""Beside the program, which installs it: the custom resource definitions of Istio."""

CRDS_MODULE = "istio.io/api"
CRDS_IN_MODULE = "kubernetes/customresourcedefinitions.gen.yaml"

# Kubernetes' own packages, nearly all there is to compile, are built without debug information and optimisation; the
# standard library and the other modules are built as usual. Measured on two cores:
#   - with `all=` in front of the flags it took 604 processor seconds, as they are 522, because what the build of the
#     pulumi command has compiled before is compiled for this one, too;
#   - the slowest code at run time (cryptography, JSON, etcd) is not Kubernetes' own: a start costs 2.9 processor
#     seconds instead of 5.0 with `all=`, the very first one, which installs the definitions, 5.7 instead of 10.7.
GCFLAGS = ("k8s.io/...=-dwarf=false -N -l",)


def ensure(cache: Path, progress: Progress) -> Path:
    """The cluster's program, built first where the cache does not hold it; its CRDs lie beside it.

    cache: the folder shared by all checkouts. The first build on a machine takes about five minutes on two cores, a
    call that finds it milliseconds. Raises ToolchainError, in one line.
    """
    binary = gobuild.build(MODULE, ".", NAME, cache=cache, ldflags=ldflags(), gcflags=GCFLAGS, progress=progress)
    _ensure_crds(binary.with_name(CRDS), cache, progress)
    return binary


def command(
    binary: Path,
    *,
    port: int,
    data_dir: Path,
    kubeconfig: Path,
    images: Path | None = None,
    nodes: int = 3,
    pod_start_delay: float | None = None,
    restart_backoff: float | None = None,
) -> list[str]:
    """The command line of a cluster on 127.0.0.1.

    data_dir: holds all its state. kubeconfig: appears once the cluster is ready. images: the JSON catalogue of the
    images that exist; without it all do. pod_start_delay: seconds from a pod's scheduling to its containers' start.
    restart_backoff: seconds before a container that failed again, or an image that cannot be pulled, is retried.
    """
    line = [str(binary), f"--port={port}", f"--data-dir={data_dir}", f"--kubeconfig={kubeconfig}", f"--nodes={nodes}"]
    if images is not None:
        line.append(f"--images={images}")
    if pod_start_delay is not None:
        line.append(f"--pod-start-delay={pod_start_delay:g}s")
    if restart_backoff is not None:
        line.append(f"--restart-backoff={restart_backoff:g}s")
    return line


def kubernetes_version() -> str:
    """The version of Kubernetes that go.mod asks for, such as `v1.36.3`."""
    found = re.search(r"^\s*k8s\.io/kubernetes (v\S+)", (MODULE / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise ToolchainError("sandbox/cluster/go.mod does not name k8s.io/kubernetes: restore the file")
    return found[1]


def ldflags() -> Sequence[str]:
    """Strip the program and stamp it with its version, without which `kubectl version` fails."""
    version = kubernetes_version()
    major, minor, _ = version.removeprefix("v").split(".", 2)
    stamps = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    return ["-s", "-w", *(f"-X k8s.io/component-base/version.{name}={value}" for name, value in stamps.items())]


def _ensure_crds(target: Path, cache: Path, progress: Progress) -> None:
    """Put Istio's definitions beside the program.

    They are read from the module Go has downloaded and checked against go.sum, and not kept as a copy in this
    repository: a copy of 900 kB of generated text would have to be kept in step by hand.
    """
    if target.exists():
        return
    with _writing(target), FileLock(f"{target.parent}.lock"):
        if target.exists():
            return
        source = gobuild.module_folder(MODULE, CRDS_MODULE, cache, progress) / CRDS_IN_MODULE
        with tempfile.NamedTemporaryFile("wb", dir=target.parent, prefix=".partial-", delete=False) as partial:
            partial.write(source.read_bytes())
        os.replace(partial.name, target)


@contextlib.contextmanager
def _writing(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ToolchainError(f"cannot write {target} ({error.strerror or error}): free space or its folder") from error
