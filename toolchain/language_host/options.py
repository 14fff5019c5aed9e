"""The `runtime.options` of a project file.

Source: Pulumi documentation, "Python (SDK)": virtual environments, `toolchain`, `typechecker`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .commands import HostError

TOOLCHAINS = ("pip", "poetry", "uv")
TYPECHECKERS = ("mypy", "pyright")


@dataclass(frozen=True)
class Options:
    """Which Python runs what lies in a folder."""

    root: Path
    """Where the project file lies."""
    program: Path
    """Where the program lies."""
    virtualenv: str = ""
    toolchain: str = ""
    """Empty: chosen by the lock files above the program."""
    typechecker: str = ""

    @property
    def shown(self) -> dict[str, str]:
        """As `pulumi about` shows them."""
        return {
            "toolchain": self.toolchain.capitalize() or "Auto",
            "typechecker": self.typechecker.capitalize() or "None",
        }

    @property
    def environment(self) -> Path | None:
        """The virtual environment that is named, seen from the project."""
        return self.root / self.virtualenv if self.virtualenv else None


def parse(root: str, program: str, given: Mapping[str, Any], *, plugin: bool = False) -> Options:
    """Read the options. plugin: never the Python of the machine. Raises HostError for what isn't known."""
    text = {}
    for name in ("virtualenv", "typechecker", "toolchain"):
        text[name] = given.get(name, "")
        if not isinstance(text[name], str):
            raise HostError(f"{name} option must be a string")
    for name, known in (("typechecker", TYPECHECKERS), ("toolchain", TOOLCHAINS)):
        if name in given and text[name] not in known:
            raise HostError(f"unsupported {name} option: {text[name]}")
    if plugin and text["toolchain"] in ("", "pip") and not text["virtualenv"]:
        text["virtualenv"] = "venv"
    return Options(Path(root), Path(program), **text)


def above(folder: Path, name: str) -> Path | None:
    """The nearest folder with a file of this name, from ``folder`` upwards."""
    return next((each for each in (folder, *folder.parents) if (each / name).exists()), None)
