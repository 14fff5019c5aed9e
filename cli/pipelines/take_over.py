"""The deployments that are under way in an environment, ended so that going back needn't wait for them.

They are found by the names that ``deploy.yml`` gives to its runs and jobs, because the workflow may be called by
another one, whose runs have names of their own. Source: GitHub REST API, "Workflow runs" and "Workflow jobs".
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cli.pipelines.request import spellings
from cli.pulumi_command import EngineError

ACTIVE = ("in_progress", "queued", "waiting", "pending", "requested")
MOST = 100
"""Runs of one status that are looked at: five times as many as GitHub runs at a time for a free account."""
PATIENCE = 120.0
"""Seconds until a run that doesn't end is ended by force. GitHub gives its steps 10 seconds by itself."""
LOOK = 5.0
"""Seconds between two looks."""


@dataclass(frozen=True)
class Repository:
    """Where deployments run, and what lets us end them."""

    name: str
    token: str

    def gh(self, *words: str) -> str:
        """What GitHub's command line answers. Raises ``EngineError``."""
        variables = {**os.environ, "GH_REPO": self.name, "GH_TOKEN": self.token}
        done = subprocess.run(["gh", *words], env=variables, capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise EngineError(f"`gh {' '.join(words[:2])}` failed in {self.name}: {said[-1]}")
        return done.stdout


def over(environment: str, repositories: Sequence[Repository]) -> int:
    """End every deployment of an environment, and wait until all have ended; how many there were.

    Raises ``EngineError`` where they can't be listed or ended.
    """
    runs = [(each, run) for each in repositories for run in _deployments(each, environment)]
    if not runs:
        print(f"no deployment is under way in {environment}")
    for repository, run in runs:
        print(f"ending deployment {run} of {repository.name}", flush=True)
        _end(repository, run)
    return len(runs)


def repositories(variables: Mapping[str, str]) -> list[Repository]:
    """The repository that the workflow runs in, and the project's where that is another one."""
    own = Repository(variables["GITHUB_REPOSITORY"], variables.get("GH_TOKEN", ""))
    project = variables.get("PROJECT") or own.name
    return [own] if project == own.name else [own, Repository(project, variables.get("PROJECT_TOKEN", ""))]


def _deployments(repository: Repository, environment: str) -> Iterator[str]:
    """The runs that deploy to an environment, or are about to."""
    own = os.environ.get("GITHUB_RUN_ID")
    fields = ("--limit", str(MOST), "--json", "databaseId,displayTitle")
    for status in ACTIVE:
        for run in json.loads(repository.gh("run", "list", "--status", status, *fields)):
            number = str(run["databaseId"])
            if number == own:
                continue
            jobs = json.loads(repository.gh("run", "view", number, "--json", "jobs"))["jobs"]
            if deploys(run["displayTitle"], jobs, environment):
                yield number


def deploys(title: str, jobs: Sequence[Mapping[str, str]], environment: str) -> bool:
    """Whether a run deploys to an environment: a job of it says so, or its title where it has no job yet.

    A run whose deployment is over doesn't, whatever its other jobs still do. ``jobs``: each with ``status`` and with
    ``name``, before which stand those of the jobs that called it.
    """
    there = "|".join(map(re.escape, sorted(spellings(environment))))
    moving = [job for job in jobs if re.search(rf"(^|/ )deploy to ({there})$", job["name"])]
    if moving:
        return any(job["status"] != "completed" for job in moving)
    asking = any(re.search(rf"(^|/ )asked to deploy to ({there})$", job["name"]) for job in jobs)
    return asking or bool(re.search(rf"^deploy .* to ({there})$", title))


def _end(repository: Repository, run: str) -> None:
    """Cancel a run, by force where it doesn't end, and wait for that."""
    try:
        repository.gh("run", "cancel", run)
    except EngineError:
        if not _ended(repository, run):
            raise
    patience = float(os.environ.get("PATIENCE", PATIENCE))
    deadline = time.monotonic() + patience
    while not _ended(repository, run):
        if time.monotonic() >= deadline:
            repository.gh("api", "--method", "POST", f"repos/{repository.name}/actions/runs/{run}/force-cancel")
            deadline = time.monotonic() + patience
        time.sleep(LOOK)


def _ended(repository: Repository, run: str) -> bool:
    told: Mapping[str, str] = json.loads(repository.gh("run", "view", run, "--json", "status"))
    return told["status"] == "completed"
