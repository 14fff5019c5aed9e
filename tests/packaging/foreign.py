"""A Pulumi program of somebody else: its own folder, a fresh environment with the wheels, the sandbox's account."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.project import ROOT, Result
from tests.support.sandbox import RunningSandbox
from wheels.build import WHEELS, build

DOCUMENT = ROOT / "docs" / "in-your-program.md"
REQUIREMENTS = {"rollback-stack-guard": "guard", "rollback-stack-policies": "policies"}


def said_in_document(kind: str) -> list[str]:
    """The blocks of the quick start that a test runs, by language."""
    return re.findall(rf"<!-- a test runs [^\n]*-->\n```{kind}\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)


@dataclass(frozen=True)
class Foreign:
    """The project, and the variables that its commands run with."""

    folder: Path
    venv: Path
    environment: Mapping[str, str]

    def run(self, command: str, **more: str) -> Result:
        """Run a line of a shell in the project's folder."""
        done = subprocess.run(
            ["sh", "-ec", command],
            cwd=self.folder,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def write(self, text: str, name: str = "__main__.py") -> None:
        """Write a file of the project."""
        (self.folder / name).write_text(text)


def made(folder: Path, sandbox: RunningSandbox) -> Foreign:
    """Build the wheels, install them with pulumi-aws into a fresh environment, and make an empty project of a stack.

    The environment lies outside of this checkout, and no variable leads back into it.
    """
    wheels = [str(build(name, folder / "wheels")) for name in WHEELS]
    uv, venv = str(ROOT / ".venv" / "bin" / "uv"), folder / "shop" / ".venv"
    subprocess.run([uv, "venv", "--quiet", "--seed", "--python", sys.executable, str(venv)], check=True)
    constraints = ("-c", str(ROOT / "requirements.lock"))
    install = [uv, "pip", "install", "--quiet", "--python", str(venv / "bin" / "python"), *constraints]
    subprocess.run([*install, *wheels, "pulumi-aws"], check=True)
    kept = {name: value for name, value in {**os.environ, **sandbox.environment}.items() if name != "PYTHONPATH"}
    paths = [each for each in kept["PATH"].split(os.pathsep) if not each.startswith((str(ROOT), str(ROOT.resolve())))]
    shop = Foreign(
        folder / "shop",
        venv,
        {
            **{name: value for name, value in kept.items() if not name.startswith("PULUMI_OPTION_")},
            "PATH": os.pathsep.join([str(venv / "bin"), *paths]),
            "VIRTUAL_ENV": str(venv),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PIP_FIND_LINKS": str(folder / "wheels"),
        },
    )
    (folder / "state").mkdir()
    shop.write("name: shop\nruntime:\n  name: python\n  options: {toolchain: pip, virtualenv: .venv}\n", "Pulumi.yaml")
    for name in ("core", "guard", "policies"):  # theirs, and in the way of nothing
        shop.write("MINE = True\n", f"{name}.py")
    for command in ("pulumi stack init dev", "pulumi config set aws:region us-east-1"):
        done = shop.run(command)
        assert done.code == 0, done.said
    return shop
