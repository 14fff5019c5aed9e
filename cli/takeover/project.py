"""The Pulumi project whose stack takes over, and the engine's commands that it needs."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cli.pulumi_command import pulumi_in
from cli.takeover.model import TakeoverError
from core.pulumi_command import PulumiCommand, first_error

HERE = Path(__file__).resolve().parents[2]
"""Where the package ``cli`` lies."""

_WRAPPER = """\
import runpy
import sys
from pathlib import Path

sys.path.append({here!r})
from cli.takeover.adoption import AdoptionRequest, adopt

adopt(AdoptionRequest.read(Path({request!r})))
runpy.run_path({program!r}, run_name="__main__")
"""


@dataclass(frozen=True)
class Project:
    """A project's folder and one of its stacks."""

    folder: Path
    stack: str

    def ensure(self) -> Callable[[], None]:
        """Make the stack where there is none of that name; what is returned takes that back."""
        stacks = json.loads(self._pulumi.output("stack", "ls", "--json"))
        if self.stack in [each["name"].rpartition("/")[2] for each in stacks]:
            return lambda: None
        settings = self._settings()
        before = settings.read_bytes() if settings.exists() else None
        self._pulumi.output("stack", "init", self.stack, "--no-select")

        def undo() -> None:
            self._pulumi.output("stack", "rm", self.stack, "--yes", "--preserve-config")
            # `stack init` may have noted in the settings how the stack's secrets are encrypted
            if before is None:
                settings.unlink(missing_ok=True)
            else:
                settings.write_bytes(before)

        return undo

    def state(self) -> dict[str, Any]:
        """The stack's state, secrets encrypted."""
        return self._pulumi.state(self.stack)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put an earlier state back."""
        self._pulumi.write_state(self.stack, state)

    def preview(self, folder: Path | None = None) -> dict[str, Any]:
        """What the next update would do; one that fails has its errors among the ``diagnostics``."""
        done = self._command(folder or self.folder).run("preview", "--json", "--stack", self.stack)
        try:
            found: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
        except ValueError:
            raise TakeoverError(first_error(done.stderr, done.stdout)) from None
        return found

    def skeleton(self) -> dict[str, Any]:
        """An import file for everything that the next update would create, without ids."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "import.json")
            self._pulumi.output("preview", "--import-file", str(path), "--stack", self.stack)
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def bring_in(self, wanted: Mapping[str, Any]) -> None:
        """Import into the state, protected until the next update says otherwise. Nothing in the account changes."""
        with _file(wanted) as path:
            words = ("--file", str(path), "--generate-code=false", "--yes", "--skip-preview")
            self._pulumi.output("import", *words, "--stack", self.stack)

    @contextlib.contextmanager
    def wrapped(self, request: Path) -> Iterator[Path]:
        """The project again, in a folder where its program runs with the transform of ``adoption``."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for entry in self.folder.iterdir():
                if entry.name not in ("__main__.py", "__pycache__"):
                    (folder / entry.name).symlink_to(entry.resolve())
            told = {"here": str(HERE), "request": str(request), "program": str(self.folder / "__main__.py")}
            (folder / "__main__.py").write_text(_WRAPPER.format(**told), encoding="utf-8")
            yield folder

    def _settings(self) -> Path:
        project = yaml.safe_load((self.folder / "Pulumi.yaml").read_text(encoding="utf-8"))
        return self.folder / (project.get("stackConfigDir") or ".") / f"Pulumi.{self.stack}.yaml"

    @property
    def _pulumi(self) -> PulumiCommand:
        return self._command(self.folder)

    @staticmethod
    def _command(folder: Path) -> PulumiCommand:
        return pulumi_in(folder, error=TakeoverError)


@contextlib.contextmanager
def _file(content: Mapping[str, Any]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "content.json")
        path.write_text(json.dumps(content), encoding="utf-8")
        yield path
