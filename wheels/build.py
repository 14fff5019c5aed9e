"""One wheel: the folders under the name ``rollback_stack``, with every import of one by the other renamed alike.

``guard`` and ``core`` are names that other people's programs have too, so what is ``guard.audit`` here is
``rollback_stack.guard.audit`` there; nothing else about the code differs (docs/decisions/0029).
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMESPACE = "rollback_stack"
RENAMED = ("core", "guard", "policies")


@dataclass(frozen=True)
class Wheel:
    """What goes into a wheel."""

    folders: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    """Files that are this project's own: its waivers, its baseline, its pack."""


WHEELS: Mapping[str, Wheel] = {
    "guard": Wheel(("core", "guard")),
    "policies": Wheel(
        ("policies",),
        (
            "policies/__main__.py",
            "policies/PulumiPolicy.yaml",
            "policies/waivers.yaml",
            "policies/checkov/baseline.yaml",
        ),
    ),
}


class WheelError(RuntimeError):
    """A wheel can't be built. The message is one line."""


def build(name: str, target: Path) -> Path:
    """Build a wheel into a folder; its path. The same sources make the same bytes.

    Raises ``WheelError``, and ``subprocess.CalledProcessError`` for what uv says.
    """
    with tempfile.TemporaryDirectory(prefix="wheel-") as scratch:
        stage(name, Path(scratch))
        uv = str(Path(sys.executable).with_name("uv"))
        command = [uv, "build", "--quiet", "--wheel", "--out-dir", str(target.resolve()), scratch]
        subprocess.run(command, check=True, stderr=subprocess.PIPE, text=True)
    wheel = target / f"rollback_stack_{name}-{version()}-py3-none-any.whl"
    if not wheel.is_file():
        raise WheelError(f"uv built no {wheel.name}")
    return wheel


def version() -> str:
    """That of this project."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def stage(name: str, folder: Path) -> None:
    """Write the sources of a wheel, with its ``pyproject.toml``, into a folder."""
    wheel = WHEELS[name]
    settings = (ROOT / "wheels" / f"{name}.toml").read_text()
    (folder / "pyproject.toml").write_text(settings.replace("{version}", version()))
    shutil.copy(ROOT / "LICENSE", folder)
    shutil.copy(ROOT / "wheels" / f"{name}.md", folder / "README.md")
    for part in wheel.folders:
        for path in sorted((ROOT / part).rglob("*")):
            inside = path.relative_to(ROOT)
            if path.is_dir() or "__pycache__" in inside.parts or inside.as_posix() in wheel.left_out:
                continue
            copy = folder / "src" / NAMESPACE / inside
            copy.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".py":
                copy.write_text(renamed(path.read_text(encoding="utf-8"), inside.as_posix()), encoding="utf-8")
            else:
                copy.write_bytes(path.read_bytes())
        (folder / "src" / NAMESPACE / part / "py.typed").touch()


def renamed(source: str, where: str = "") -> str:
    """A module with its imports of the renamed folders led into the namespace.

    Raises ``WheelError`` for ``import guard.audit``, which would bind another name.
    """
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import) and any(_top(each.name) in RENAMED for each in node.names):
            raise WheelError(f"{where}:{node.lineno}: import names `from` the module: a wheel can't rename this one")
        if isinstance(node, ast.ImportFrom) and not node.level and _top(node.module or "") in RENAMED:
            line = lines[node.lineno - 1]
            head, rest = line[: node.col_offset], line[node.col_offset :]
            lines[node.lineno - 1] = head + re.sub(r"^from\s+", f"from {NAMESPACE}.", rest)
    return "".join(lines)


def _top(module: str) -> str:
    return module.partition(".")[0]
