"""A Pulumi project in a temporary folder, driven through the real command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.setup import no_engine_logs


@dataclass
class Project:
    """A project folder, the stack `dev` in a file backend of its own, and the variables the CLI runs with."""

    folder: Path
    environment: dict[str, str]

    @classmethod
    def at(cls, root: Path, tools: Path) -> Project:
        for name in ("project", "state", "home"):
            (root / name).mkdir(parents=True, exist_ok=True)
        no_engine_logs(root / "home")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
        environment = {
            **kept,
            "PATH": os.pathsep.join([str(tools), os.environ["PATH"]]),
            "PULUMI_BACKEND_URL": f"file://{root / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_HOME": str(root / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # The environment has provider packages whose plugins no such project needs, and none is to be fetched.
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_PYTHON_CMD": sys.executable,
            "PULUMI_STACK": "dev",
        }
        return cls(root / "project", environment)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    def program(self, text: str) -> None:
        self.write("__main__.py", text)

    def runtime(self, **options: str) -> None:
        lines = "".join(f"    {name}: {value}\n" for name, value in options.items())
        self.write("Pulumi.yaml", f"name: trial\nruntime:\n  name: python\n  options:\n{lines}")

    def state(self) -> str:
        """The text of the state file, as the backend keeps it."""
        return (self.folder.parent / "state/.pulumi/stacks/trial/dev.json").read_text(encoding="utf-8")

    def outputs(self) -> dict[str, object]:
        """The stack's outputs as they lie in the state; a secret one is an object with its ciphertext."""
        resources = json.loads(self.state())["checkpoint"]["latest"]["resources"]
        found: dict[str, object] = next(item["outputs"] for item in resources if item["type"] == "pulumi:pulumi:Stack")
        return found

    def command(self, *arguments: str) -> list[str]:
        return [str(Path(self.environment["PATH"].split(os.pathsep)[0]) / "pulumi"), "--non-interactive", *arguments]

    def pulumi(
        self, *arguments: str, check: bool = True, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env={**self.environment, **(variables or {})},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert not check or result.returncode == 0, result.stdout + result.stderr
        return result
