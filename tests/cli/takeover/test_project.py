"""The project takes a SAM stack of security-assistant's shape over, and goes on from there with its own release."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest
import yaml

from cli import takeover
from cli.takeover import guard
from cli.takeover.model import AdoptionVerdict
from stacks.file import read
from tests.cli.takeover.conftest import REGION, STACK_NAME, TEMPLATE, Team
from tests.support.artifacts import upload
from tests.support.project import SETTINGS, copy_project

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]


@pytest.mark.long
def test_security_assistant_moves_from_sam_without_a_replacement(team: Team, tmp_path: Path) -> None:
    project = copy_project(tmp_path / "real", team.project.environment)
    settings = yaml.safe_load((project.folder / SETTINGS).read_text())
    settings["config"]["rollback-stack:systems"] = ["security-assistant"]
    del settings["encryptionsalt"]
    (project.folder / SETTINGS).write_text(yaml.safe_dump(settings))
    upload(read("prod").project.artifact_bucket)
    before = team.physical_ids()

    into = tmp_path / "takeover"
    plan = takeover.run(TEMPLATE, STACK_NAME, "prod", {}, REGION, folder=project.folder, into=into)
    assert guard.refusal(plan.changes) is None
    assert {each.logical_id for each in plan.of(AdoptionVerdict.TAKEN)} >= {
        *("Api", "ApiStage", "ApiFunction", "ApiFunctionAliaslive", "WorkerFunction", "WorkerFunctionAliaslive"),
        *("PreTraffic", "WorkerFunctionJobs", "ProcessingQueue", "DeadLetters", "JobsTable", "AlarmTopic"),
    }
    assert plan.of(AdoptionVerdict.AMBIGUOUS, AdoptionVerdict.OUTSIDE) == []

    project.up()
    steps = json.loads(project.pulumi("preview", "--json").output)["steps"]
    assert {each["op"] for each in steps} == {"same"}
    assert team.physical_ids() == before
    assert [each["id"] for each in team.client("apigateway").get_rest_apis()["items"]] == [before["Api"]]
    health = project.outputs()["systems"]["security-assistant"]["health"]
    with urllib.request.urlopen(health, timeout=30) as answer:
        assert json.load(answer)["release"] == project.pin()
