"""The real engine, the real program side, a CloudFormation stack in the local account: taken over as a whole."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from cli.takeover import guard, project
from cli.takeover.model import AdoptionVerdict, TakeoverError
from sandbox.account.export.compare import diff
from tests.cli.takeover.conftest import STACK_NAME, Team

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

TAKEN = {
    "Api",
    "ApiErrors",
    "ApiFunction",
    "ApiFunctionAliaslive",
    "ApiStage",
    "AlarmTopic",
    "DeadLetters",
    "JobsTable",
    "ProcessingQueue",
    "WorkerErrors",
    "WorkerFunction",
    "WorkerFunctionAliaslive",
    "WorkerFunctionJobs",
    "WorkerLogs",
}
"""The template's resources that the program declares too; 24 of its own, since an API's routes are resources there."""

CODE = ("publish", "role", "s3Bucket", "s3Key", "tags")
DIFFERENCES = {
    **dict.fromkeys(("jobs", "alarms", "api-errors", "worker-errors", "worker-logs"), ("tags",)),
    **dict.fromkeys(("rest-api", "consumer"), ("tags",)),
    **dict.fromkeys(("processing", "dead-letters"), ("maxMessageSize", "tags")),
    **dict.fromkeys(("api-function", "worker-function"), CODE),
    **dict.fromkeys(("api-live", "worker-live"), ("functionVersion",)),
    "stage": ("deployment", "tags"),
}
"""What the program and the template don't agree in, or can't be read back: where code lies, and whether to publish."""


def everything(team: Team) -> dict[str, Any]:
    """The account, data included."""
    found: dict[str, Any] = json.loads(team.account.get("/_sandbox/account?data=1"))
    return found


def answer(team: Team, api: str) -> str:
    with urllib.request.urlopen(f"{team.account.url}/_aws/execute-api/{api}/prod/health", timeout=30) as reply:
        return str(reply.read().decode())


@pytest.mark.long
def test_a_stack_is_taken_over_whole_and_nothing_is_made_anew(team: Team) -> None:
    before = team.physical_ids()
    table = {"TableName": "security-assistant-jobs-prod"}
    team.client("dynamodb").put_item(**table, Item={"job_id": {"S": "1"}})
    account = everything(team)

    foreseen = team.take_over(plan_only=True)
    assert {each.logical_id for each in foreseen.of(AdoptionVerdict.TAKEN)} == TAKEN
    assert len(foreseen.of(AdoptionVerdict.TAKEN)) == 24
    assert guard.refusal(foreseen.changes) is None
    assert {each.name: each.properties for each in foreseen.changes if each.operation == "update"} == DIFFERENCES
    assert team.stacks() == []
    assert not list(team.project.folder.glob("Pulumi.dev.yaml"))
    assert diff(account, everything(team)) == []

    plan = team.take_over()
    assert plan.done
    assert team.held() == {_held(each.identifier) for each in plan.of(AdoptionVerdict.TAKEN)}
    assert diff(account, everything(team)) == []
    assert team.operations() == {"same", "create", "update"}

    team.pulumi("up", "--yes", "--skip-preview")
    team.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    assert team.client("dynamodb").get_item(**table, Key={"job_id": {"S": "1"}})["Item"]
    assert {each["id"] for each in team.client("apigateway").get_rest_apis()["items"]} == {before["Api"]}
    consumers = team.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert [each["UUID"] for each in consumers] == [before["WorkerFunctionJobs"]]
    assert answer(team, before["Api"]) == "ok"

    forget(team)
    assert answer(team, before["Api"]) == "ok"
    assert team.operations() == {"same"}
    with pytest.raises(TakeoverError, match=r"nothing in security-assistant\.yaml is to be taken over by dev"):
        team.take_over("gone", parameters={"Environment": "prod"})


def _held(identifier: str) -> str:
    """The id in the state: of an API's parts without the API that the import id begins with (pulumi-aws)."""
    parts = identifier.split("/")
    return parts[1] if len(parts) == 2 and len(parts[1]) == len(parts[0]) == 10 else identifier


def forget(team: Team) -> None:
    """The steps that a person is told: everything retained, then the stack deleted."""
    body = (team.project.folder.parent / "takeover" / "retain.template.json").read_text()
    names = json.loads(body)["Parameters"]
    kept = [{"ParameterKey": name, "UsePreviousValue": True} for name in names]
    formation = team.client("cloudformation")
    formation.update_stack(StackName=STACK_NAME, TemplateBody=body, Parameters=kept)
    assert formation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]["StackStatus"] == "UPDATE_COMPLETE"
    formation.delete_stack(StackName=STACK_NAME)


@pytest.mark.long
def test_what_would_be_replaced_is_refused_before_anything_is_written(team: Team) -> None:
    team.says(key="id")
    account = everything(team)
    wanted = 'table:Table jobs: hashKey is "job_id", the program wants "id"; make'
    with pytest.raises(TakeoverError, match=f"would replace aws:dynamodb/{wanted}"):
        team.take_over()
    assert team.stacks() == []
    assert not (team.project.folder.parent / "takeover").exists()
    assert diff(account, everything(team)) == []
    plan = team.take_over(plan_only=True)
    assert "hashKey" in str(guard.refusal(plan.changes))


@pytest.mark.long
def test_a_preview_that_differs_after_the_import_puts_the_state_back(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_in = project.Project.bring_in

    def meanwhile(self: project.Project, wanted: Any) -> None:
        bring_in(self, wanted)
        team.says(key="id", protect=False)

    team.pulumi("stack", "init")
    before = team.held()
    monkeypatch.setattr(project.Project, "bring_in", meanwhile)
    with pytest.raises(TakeoverError, match=r"hashKey is .*The stack's state is as it was"):
        team.take_over()
    assert team.held() == before == set()


@pytest.mark.long
def test_without_a_running_stack_names_alone_decide(team: Team) -> None:
    team.client("apigateway").create_rest_api(name="security-assistant-prod")
    plan = team.take_over("never-deployed", plan_only=True, parameters={"Environment": "prod"})
    assert plan.status is None
    names = {each.name for each in plan.of(AdoptionVerdict.TAKEN)}
    assert {"jobs", "processing", "alarms", "api-function", "api-live", "worker-logs", "consumer"} <= names
    (api,) = plan.of(AdoptionVerdict.AMBIGUOUS)
    assert api.name == "rest-api"
    assert api.note.count(" or ") == 1
    assert {each.name for each in plan.of(AdoptionVerdict.NEW)} >= {"health-resource", "stage"}
    team.client("sqs").create_queue(QueueName="security-assistant-processing-dev")
    team.says(stage="dev")
    plan = team.take_over(plan_only=True)
    assert [each.name for each in plan.of(AdoptionVerdict.OUTSIDE)] == ["processing"]
    assert plan.of(AdoptionVerdict.TAKEN) == []
