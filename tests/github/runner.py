"""A runner that isn't GitHub's: act reads the workflows, and runs their steps on this machine.

act is an implementation of its own: expressions, jobs, called workflows, composite actions and their outputs are its
work, and nothing of ours. Stood in for are the actions of others (a checkout is a clone, the rest say their name),
``gh``, and what only GitHub has: environments with reviewers, concurrency, caches, tokens. Source: nektosact.com,
"Runners", "Usage".
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.github.reading import FOLDER, ROOT
from toolchain import gobuild
from toolchain.paths import cache
from toolchain.progress import Progress

MODULE = Path(__file__).with_name("act")
PACKAGE = "github.com/nektos/act"
LINE = re.compile(r"^\[(?P<job>.*?)\s*\]\s+(?P<said>.*)$")
PRINTED = re.compile(r"^\|\s?(.*)$")
OUTPUT = re.compile(r"::set-output:: ([\w-]+)=(.*)$")


@dataclass(frozen=True)
class Run:
    """What became of one run."""

    code: int
    text: str

    @property
    def lines(self) -> list[tuple[str, str]]:
        """Job and what is said of it, for each line of the log."""
        found = (LINE.match(line) for line in self.text.splitlines())
        return [(each["job"], each["said"]) for each in found if each]

    @property
    def printed(self) -> list[str]:
        """What steps printed."""
        found = (PRINTED.match(said) for _, said in self.lines)
        return [each[1] for each in found if each]

    def outputs(self, name: str) -> list[str]:
        """What was written under a name, in order; a step that didn't run writes nothing or an empty text."""
        found = (OUTPUT.search(said) for _, said in self.lines)
        return [each[2] for each in found if each and each[1] == name and each[2]]

    def did(self, step: str) -> bool:
        """Whether a step was begun."""
        return any(f"Run Main {step}" in said for _, said in self.lines)


@dataclass(frozen=True)
class Runner:
    """A copy of the project with a repository behind it, and what stands in for GitHub."""

    act: Path
    folder: Path

    @property
    def project(self) -> Path:
        """The repository that is checked out; what is pushed comes here."""
        return self.folder / "project"

    def dispatch(self, workflow: str, variables: Mapping[str, str], secrets: Mapping[str, str], **inputs: str) -> Run:
        """Start a workflow as a person does, and wait for its end. ``variables``: of the machine."""
        path = self.project / ".github" / "workflows" / workflow
        command = [str(self.act), "workflow_dispatch", "-W", str(path), "-P", "ubuntu-latest=-self-hosted"]
        command += ["--action-offline-mode"]
        for row in yaml.safe_load((FOLDER / "actions.yaml").read_text()):
            place = self.folder / "actions" / row["action"].replace("/", "+")
            command += ["--local-repository", f"{row['action']}@{row['commit']}={place}"]
        command += [word for name, value in inputs.items() for word in ("--input", f"{name}={value}")]
        command += [word for name in secrets for word in ("--secret", name)]
        command += [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
        command += ["--var", f"PULUMI_BACKEND={variables.get('PULUMI_BACKEND_URL', '')}"]
        done = subprocess.run(
            command,
            cwd=self.project,
            env={**os.environ, "HOME": str(self.folder), "XDG_CACHE_HOME": str(self.folder / "cache"), **secrets},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=1500,
            check=False,
        )
        return Run(done.returncode, done.stdout)


def make(folder: Path) -> Runner:
    """A runner whose files lie in ``folder``. Building act takes five minutes the first time."""
    executable = gobuild.build(MODULE, PACKAGE, "act", cache=cache(), progress=Progress(quiet=True))
    project = folder / "project"
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_bytes((ROOT / name).read_bytes())
            (project / name).chmod((ROOT / name).stat().st_mode)
    committed(project)
    git(project, "remote", "add", "origin", "https://github.com/owner/project.git")
    for row in yaml.safe_load((FOLDER / "actions.yaml").read_text()):
        name = row["action"]
        place = folder / "actions" / name.replace("/", "+")
        place.mkdir(parents=True)
        checkout = f'git clone -q {project} "$GITHUB_WORKSPACE/.new" && mv "$GITHUB_WORKSPACE/.new"/* '
        checkout += '"$GITHUB_WORKSPACE/.new"/.[!.]* "$GITHUB_WORKSPACE" && rmdir "$GITHUB_WORKSPACE/.new"'
        run = checkout if name == "actions/checkout" else f"echo {name}"
        step: dict[str, Any] = {"shell": "bash", "run": run}
        action = {"name": name, "description": "stands in", "runs": {"using": "composite", "steps": [step]}}
        (place / "action.yml").write_text(yaml.safe_dump(action))
        committed(place)
    return Runner(executable, folder)


def git(folder: Path, *words: str) -> str:
    """What git says, as somebody whose settings are not the machine's."""
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main")
    return subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True).stdout


def committed(folder: Path) -> None:
    """A repository with what lies in the folder."""
    git(folder, "init", "--quiet")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message", "first")
