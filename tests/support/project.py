"""A copy of the project, and the commands that people type in it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
PARTS = ("components", "stacks", "scripts", "policies", "runbooks", "Pulumi.yaml", "__main__.py")


@dataclass(frozen=True)
class Result:
    """What a command said and how it ended."""

    code: int
    output: str
    """Standard output."""
    errors: str
    """Standard error."""

    @property
    def said(self) -> str:
        """Both streams."""
        return self.output + self.errors

    @property
    def error_lines(self) -> list[str]:
        """The lines that begin with ``error:``."""
        return [line.strip() for line in self.said.splitlines() if line.strip().startswith("error:")]


@dataclass(frozen=True)
class Project:
    """A copy of the project that a test may change."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *command: str, timeout: float = 240, **more: str) -> Result:
        """Run a command in the project's folder."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def pulumi(self, *arguments: str, **more: Any) -> Result:
        """Run pulumi on stack prod."""
        return self.run("pulumi", *arguments, "--stack", "prod", "--non-interactive", **more)

    def rollback(self, *arguments: str, **more: Any) -> Result:
        """Run the project's own command line."""
        return self.run(str(self.folder / "scripts" / "bin" / "rollback"), *arguments, **more)

    def up(self, version: str | None = None, **config: str) -> Result:
        """``pulumi up`` as the README types it, to a version if one is given; the test fails where it fails."""
        values = {**({"version": version} if version else {}), **config}
        changes = [word for key, value in values.items() for word in ("--config", f"{key}={value}")]
        done = self.pulumi("up", "--yes", "--skip-preview", *changes)
        assert done.code == 0, done.said
        return done

    def outputs(self) -> dict[str, Any]:
        """What the last update exported."""
        found: dict[str, Any] = json.loads(self.pulumi("stack", "output", "--json").output)
        return found

    def state(self) -> dict[str, Any]:
        """The stack's state."""
        found: dict[str, Any] = json.loads(self.pulumi("stack", "export").output)
        return found

    def pin(self) -> str:
        """The version that the stack's file pins."""
        data = yaml.safe_load((self.folder / "stacks" / "Pulumi.prod.yaml").read_text())
        return str(data["config"]["rollback-stack:version"])


def copy_project(folder: Path, environment: Mapping[str, str]) -> Project:
    """The project's own files in ``folder``, with the checkout's Python environment."""
    folder.mkdir(parents=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy2(source, folder / part)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return Project(folder, environment)
