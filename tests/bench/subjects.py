"""What is measured: prod in its own sandbox, programs that do nothing, and rag-api on its own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sandbox import setup
from sandbox.environment import LEADS_ELSEWHERE
from sandbox.paths import State
from tests.bench import pack
from tests.support.project import ROOT, Project, copy_project
from tests.support.sandbox import RunningSandbox, start

NEWER, OLDER = "v1.2.3", "v1.2.2"
Part = Literal["all", "prod", "rag-api"]
MINUTE = 1.0
"""Real seconds of an emulated minute: the way forward goes through a canary of five."""
SDKS = "import pulumi, pulumi_aws as aws, pulumi_kubernetes as k8s, pydantic, yaml"
_USED = re.compile(r"\b(?:aws\.[a-z0-9_]+|k8s\.[a-z]+(?:\.v\d\w*)?)\.[A-Z]\w+")


@dataclass(frozen=True)
class Subjects:
    """Everything that is measured, deployed at the newer release."""

    prod: Project
    """All systems."""
    one: Project
    """async-rag alone, in stack dev."""
    rag_api: Project
    """rag-api alone, in stack staging."""
    bare: Project
    """Imports the SDKs."""
    synthetic: Project
    """As many resources as one likes, for the policy pack (``tests.bench.pack``)."""
    empty_pack: Path
    """The pack that looks at nothing."""
    loaded: Project
    """Imports the SDKs, and the modules of theirs that the project uses (they load on first use)."""

    def pulumi(self, project: Project, stack: str, *words: str) -> str:
        """Run pulumi and return what it printed. Raises ``RuntimeError`` with its error lines."""
        done = project.run("pulumi", *words, "--stack", stack, "--non-interactive", timeout=600)
        if done.code:
            raise RuntimeError("; ".join(done.error_lines) or done.said)
        return done.output

    def preview(self, project: Project, stack: str = "prod") -> None:
        """A preview that must find nothing to do."""
        self.pulumi(project, stack, "preview", "--expect-no-changes")

    def up(self, project: Project, stack: str, *config: str) -> None:
        """``pulumi up --skip-preview`` with ``key=value`` settings."""
        words = [word for each in config for word in ("--config", each)]
        self.pulumi(project, stack, "up", "--yes", "--skip-preview", *words)

    def undo(self) -> None:
        """``kubectl rollout undo`` of rag-api's Deployment, to the end; done twice, it is as the stack says again."""
        kubectl(self.rag_api, "rollout", "undo", "deployment/rag-api")
        kubectl(self.rag_api, "rollout", "status", "deployment/rag-api", "--timeout=300s")


def kubectl(project: Project, *words: str) -> str:
    """Run kubectl in staging's namespace. Raises ``RuntimeError`` with what it said."""
    done = project.run("kubectl", "-n", "staging", *words, timeout=600)
    if done.code:
        raise RuntimeError(done.said.strip())
    return done.output


@contextmanager
def deployed(folder: Path, part: Part = "all", minute: float = MINUTE) -> Iterator[Subjects]:
    """A sandbox in ``folder``, so that nothing of the checkout's own is touched, with everything deployed in it.

    part: ``prod`` is what the policy pack and CPU times are measured with (prod and the programs that do nothing, at
    one release), and ``rag-api`` what rollouts are. minute: real seconds of an emulated one.
    """
    state = State(folder / "sandbox")
    try:
        yield _deploy(folder, start(state.folder, minute), part)
    finally:
        setup.down(state)


def _deploy(folder: Path, running: RunningSandbox, part: Part) -> Subjects:
    # As on a machine where Python keeps its bytecode, which not every container does; without it both sides of a
    # comparison compile the SDKs each time, and a preview of prod takes 4 s longer.
    surroundings = {**os.environ, **running.environment, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    for name in ("PYTHONDONTWRITEBYTECODE", *LEADS_ELSEWHERE):
        surroundings.pop(name, None)
    prod = copy_project(folder / "prod", surroundings)
    one = copy_project(folder / "one", surroundings)
    rag_api = copy_project(folder / "rag-api", surroundings)
    bare = _program(folder / "bare", surroundings, [])
    loaded = _program(folder / "loaded", surroundings, used_modules())
    synthetic = pack.project(folder / "pack", surroundings)
    empty_pack = pack.empty_pack(folder / "empty-pack")
    subjects = Subjects(prod, one, rag_api, bare, synthetic, empty_pack, loaded)
    if part == "prod":
        subjects.pulumi(prod, "prod", "stack", "init")
        subjects.up(prod, "prod", f"version={NEWER}")
        subjects.pulumi(loaded, "prod", "stack", "init")
        subjects.up(loaded, "prod")
        return subjects
    if part == "rag-api":
        subjects.pulumi(rag_api, "staging", "stack", "init")
        for version in (OLDER, NEWER):
            subjects.up(rag_api, "staging", f"version={version}", 'systems=["rag-api"]')
        return subjects
    for project, stack in ((prod, "prod"), (one, "dev"), (rag_api, "staging"), (bare, "prod"), (loaded, "prod")):
        subjects.pulumi(project, stack, "stack", "init")
    # Both releases are deployed once: what is measured is going back, not the first publication of a release.
    for version in (OLDER, NEWER):
        subjects.up(prod, "prod", f"version={version}")
        subjects.up(one, "dev", f"version={version}", 'systems=["async-rag"]')
        subjects.up(rag_api, "staging", f"version={version}", 'systems=["rag-api"]')
    for project in (bare, loaded):
        subjects.up(project, "prod")
    return subjects


def used_modules() -> list[str]:
    """A name out of every module of the SDKs that the components use, such as ``aws.sqs.Queue``."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "components").rglob("*.py")))
    return sorted({name.rpartition(".")[0]: name for name in _USED.findall(text)}.values())


def _program(folder: Path, surroundings: dict[str, str], touched: list[str]) -> Project:
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(pack.project_file(folder.name))
    (folder / "__main__.py").write_text("\n".join([SDKS, *touched]) + "\n")
    return Project(folder, surroundings)
