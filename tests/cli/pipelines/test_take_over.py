"""Deployments in the way of a rollback: which runs are one, and that they end."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from cli.pipelines import take_over
from cli.pipelines.take_over import Repository
from cli.pulumi_command import EngineError

OWN = Repository("owner/project", "token")
MOVING, OVER = "in_progress", "completed"


def job(name: str, status: str = MOVING) -> dict[str, str]:
    return {"name": name, "status": status}


RUNS = {
    "one that waits in a queue, without a job": ("deploy v1.2.3 to production", [], True),
    "the same in the runbook's other spelling": ("deploy what is pinned to prod", [], True),
    "one that moves": ("deploy v1.2.3 to production", [job("deploy to production")], True),
    "one that waits for a person": ("deploy v1.2.3 to production", [job("deploy to production", "waiting")], True),
    "one whose request is read": ("deploy v1.2.3 to prod", [job("asked to deploy to prod")], True),
    "one whose request was read": ("Ship it", [job("ship / asked to deploy to prod", OVER)], True),
    "one that another workflow called": ("Ship it", [job("ship / deploy to production")], True),
    "one called by two": ("Ship it", [job("all / ship / deploy to production")], True),
    "one that is over, in a run that goes on": (
        "deploy v1.2.3 to production",
        [job("asked to deploy to production", OVER), job("deploy to production", OVER), job("smoke")],
        False,
    ),
    "another environment": ("deploy v1.2.3 to staging", [job("deploy to staging")], False),
    "an environment that ends alike": ("deploy v1.2.3 to preprod", [job("deploy to preprod")], False),
    "a rollback": ("back to v1.2.2 in production", [job("go back in production")], False),
    "the tests of a branch": ("How we deploy to prod", [job("suite")], False),
}


@pytest.mark.parametrize("case", RUNS)
def test_a_deployment_is_known_by_its_names(case: str) -> None:
    title, jobs, expected = RUNS[case]
    assert take_over.deploys(title, jobs, "production") is expected


GH = r"""#!/bin/bash
echo "$GH_REPO $GH_TOKEN $*" >> "$FOLDER/asked"
case "$1 $2" in
  "run list") [ "$GH_REPO" = owner/refuses ] && { echo "HTTP 403: no" >&2; exit 1; }
    case "$*" in *"--status in_progress"*) cat "$FOLDER/$(basename "$GH_REPO").json";; *) echo '[]';; esac;;
  "run cancel") [ "$REFUSES" ] && { echo "HTTP 409: not now" >&2; exit 1; }; touch "$FOLDER/cancelled-$3";;
  "api --method") touch "$FOLDER/forced";;
  "run view")
    case "$*" in
      *"--json jobs"*) echo '{"jobs": [{"name": "deploy to production", "status": "in_progress"}]}';;
      *) if [ -e "$FOLDER/forced" ] || [ "$ENDED" ] || { [ -e "$FOLDER/cancelled-$3" ] && [ -z "$STUBBORN" ]; }
         then echo '{"status": "completed"}'; else echo '{"status": "in_progress"}'; fi;;
    esac;;
esac
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where GitHub's command line writes down how it was called."""
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("FOLDER", str(tmp_path))
    monkeypatch.setenv("GITHUB_RUN_ID", "77")
    monkeypatch.setattr(take_over, "LOOK", 0.01)
    for name in ("project", "refuses"):
        runs(tmp_path, name)
    return tmp_path / "asked"


def runs(folder: Path, name: str, *numbers: int) -> None:
    told = [{"databaseId": number, "displayTitle": "deploy v1.2.3 to production"} for number in numbers]
    (folder / f"{name}.json").write_text(json.dumps(told))


def test_where_nothing_is_deployed_there_is_nothing_to_end(asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert take_over.over("production", [OWN]) == 0
    assert capsys.readouterr().out == "no deployment is under way in production\n"
    assert {each.split("--status ")[1].split()[0] for each in asked.read_text().splitlines()} == set(take_over.ACTIVE)


def test_every_deployment_ends_in_both_repositories_and_this_run_goes_on(asked: Path) -> None:
    runs(asked.parent, "project", 41, 77)
    runs(asked.parent, "other", 42)
    assert take_over.over("production", [OWN, Repository("owner/other", "second")]) == 2
    assert [line for line in asked.read_text().splitlines() if "cancel" in line] == [
        "owner/project token run cancel 41",
        "owner/other second run cancel 42",
    ]


def test_one_that_does_not_end_is_ended_by_force(asked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs(asked.parent, "project", 41)
    monkeypatch.setenv("STUBBORN", "yes")
    monkeypatch.setenv("PATIENCE", "0")
    assert take_over.over("production", [OWN]) == 1
    forced = "owner/project token api --method POST repos/owner/project/actions/runs/41/force-cancel"
    assert forced in asked.read_text().splitlines()


def test_one_that_ended_by_itself_is_no_error(asked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs(asked.parent, "project", 41)
    monkeypatch.setenv("REFUSES", "yes")
    monkeypatch.setenv("ENDED", "yes")
    assert take_over.over("production", [OWN]) == 1


def test_one_that_cannot_be_ended_stops_the_rollback(asked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs(asked.parent, "project", 41)
    monkeypatch.setenv("REFUSES", "yes")
    with pytest.raises(EngineError, match=r"^`gh run cancel` failed in owner/project: HTTP 409: not now$"):
        take_over.over("production", [OWN])


@pytest.mark.usefixtures("asked")
def test_where_the_deployments_cannot_be_listed_nothing_goes_on() -> None:
    with pytest.raises(EngineError, match=r"^`gh run list` failed in owner/refuses: HTTP 403: no$"):
        take_over.over("production", [Repository("owner/refuses", "token")])


OWN_PLACE = {"GITHUB_REPOSITORY": "owner/app", "GH_TOKEN": "a"}
PLACES = {
    "the project's own workflow": ({**OWN_PLACE, "PROJECT": "", "PROJECT_TOKEN": "a"}, ["owner/app"]),
    "named all the same": ({**OWN_PLACE, "PROJECT": "owner/app", "PROJECT_TOKEN": "b"}, ["owner/app"]),
    "called from elsewhere": ({**OWN_PLACE, "PROJECT": "owner/p", "PROJECT_TOKEN": "b"}, ["owner/app", "owner/p"]),
}


@pytest.mark.parametrize("case", PLACES)
def test_deployments_are_looked_for_where_they_can_run(case: str) -> None:
    variables, expected = PLACES[case]
    found = take_over.repositories(variables)
    assert [each.name for each in found] == expected
    assert [each.token for each in found] == ["a", "b"][: len(found)]
