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

from tests.support.typed import with_stack

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM_FAILED = "error: an unhandled error occurred: program exited with non-zero exit code:"
"""What Pulumi's language host adds to every `pulumi.RunError`."""
SETTINGS = Path("stacks") / "Pulumi.prod.yaml"
PARTS = (
    "apps",
    "cli",
    "codedeploy",
    "components",
    "core",
    "guard",
    "policies",
    "scripts",
    "stacks",
    "Pulumi.yaml",
    "guard.yaml",
    "pyproject.toml",
    "__main__.py",
)


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
        """The lines that begin with ``error:``, without the one that says no more than that the program failed."""
        lines = [line.strip() for line in self.said.splitlines()]
        return [line for line in lines if line.startswith("error:") and not line.startswith(PROGRAM_FAILED)]


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
        """Run the project's own command line, on stack prod where the words name no other."""
        return self.run(str(self.folder / "scripts" / "bin" / "rollback"), *with_stack(arguments), **more)

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

    @property
    def stack_file(self) -> Path:
        """The file with the settings of prod."""
        return self.folder / SETTINGS

    def pin(self) -> str:
        """The version that the stack's file pins."""
        return str(yaml.safe_load(self.stack_file.read_text())["config"]["rollback-stack:version"])

    def is_at(self, version: str) -> bool:
        """Whether the last update ended well, at this version and with no other setting than the checkout's."""
        wanted = yaml.safe_load((ROOT / SETTINGS).read_text())["config"]
        wanted["rollback-stack:version"] = version
        history = json.loads(self.pulumi("stack", "history", "--json", "--page-size", "1").output)
        given = yaml.safe_load(self.stack_file.read_text())["config"]
        return bool(history and history[0]["result"] == "succeeded" and given == wanted)

    def restore_settings(self) -> None:
        """Undo what commands wrote into the settings of prod."""
        shutil.copy2(ROOT / SETTINGS, self.stack_file)


def copy_project(folder: Path, environment: Mapping[str, str]) -> Project:
    """The project's own files in ``folder``, with the checkout's Python environment."""
    folder.mkdir(parents=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part)
        elif source.exists():
            shutil.copy2(source, folder / part)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return Project(folder, environment)
