"""The Pulumi CLI of exactly the version the project pins, with a Python language host.

Taken from the first place that has it: PATH; the cache; the vendor's release archive; a Go build of the same version.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import subprocess
from pathlib import Path

from toolchain import gobuild, pulumi_bundle, pulumi_release
from toolchain.errors import ToolchainError
from toolchain.progress import Progress

VERSION = "3.250.0"
"""Of the engine and of the Python SDK: they are pinned together."""

LANGUAGE_HOST = "pulumi-language-python"
GO_MODULE = Path(__file__).with_name("pulumi")
GO_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_STAMP = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
_BUILT = f"go build of {VERSION}"


def ensure(cache: Path, progress: Progress) -> Path:
    """The folder to put first on PATH: it holds `pulumi`, its Python language host and the dynamic provider.

    cache: the folder shared by all checkouts. The first call on a machine downloads or builds for minutes, later ones
    return at once. Raises ToolchainError, in one line.
    """
    _check_sdk()
    found = on_path(cache)
    if found:
        return found
    release = cache / "toolchain" / f"pulumi-{VERSION}-release"
    bundle = pulumi_bundle.path(cache, VERSION, _BUILT)
    for folder in (release, bundle):
        if (folder / "bin" / "pulumi").exists():
            return folder / "bin"
    # Where the vendor's address is out of reach nobody needs to hear of it: there is a second way.
    with contextlib.suppress(pulumi_release.UnavailableError):
        return pulumi_release.download(VERSION, release, progress)
    return pulumi_bundle.assemble(build(cache, progress), bundle)


def on_path(cache: Path) -> Path | None:
    """The folder on PATH whose `pulumi` comes first, if it is the pinned version with a language host beside it.

    Folders inside the cache do not count: `ensure` chooses among those by their content.
    """
    own = cache.resolve()
    for entry in os.environ.get("PATH", os.defpath).split(os.pathsep):
        folder = Path(entry or ".")
        if not os.access(folder / "pulumi", os.X_OK) or own in folder.resolve().parents:
            continue
        has_host = os.access(folder / LANGUAGE_HOST, os.X_OK)
        return folder.absolute() if has_host and version_of(folder / "pulumi") == VERSION else None
    return None


def version_of(executable: Path) -> str:
    """What `pulumi version` prints, without the leading v; empty when it does not run."""
    variables = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        result = subprocess.run(
            [executable, "version"], env=variables, capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return result.stdout.strip().removeprefix("v")


def build(cache: Path, progress: Progress) -> Path:
    """The CLI built with Go from its published module, stripped, with its version stamped. Raises ToolchainError."""
    ldflags = ("-s", "-w", "-X", f"{_STAMP}=v{VERSION}")
    return gobuild.build(GO_MODULE, GO_PACKAGE, "pulumi", cache=cache, ldflags=ldflags, progress=progress)


def _check_sdk() -> None:
    try:
        installed = importlib.metadata.version("pulumi")
    except importlib.metadata.PackageNotFoundError:
        installed = "none"
    if installed != VERSION:
        raise ToolchainError(
            f"the Pulumi SDK must be {VERSION} but {installed} is installed: install the project's locked dependencies"
        )
