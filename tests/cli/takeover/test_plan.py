"""Deciding, refusing, and what is written and shown: without an engine."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli import takeover
from cli.takeover import afterwards, guard, importing
from cli.takeover.adoption import AdoptionRequest, answers
from cli.takeover.model import (
    AdoptionDecision,
    AdoptionVerdict,
    Existing,
    Match,
    Owner,
    PlannedChange,
    TakeoverError,
    TakeoverPlan,
    choose,
)
from cli.takeover.show import next_steps, plan_tables

QUEUE = "aws:sqs/queue:Queue"
JOBS = Existing("Jobs", "AWS::SQS::Queue", "https://queue.amazonaws.com/1/jobs", "jobs")


def step(operation: str, **more: Any) -> dict[str, Any]:
    urn = f"urn:pulumi:prod::p::c$%s::{more.pop('name', 'jobs')}"
    kind = more.pop("type", QUEUE)
    state = {"type": kind, "inputs": more.pop("new", {})}
    old = {"type": kind, "inputs": more.pop("old", {})}
    return {"op": operation, "urn": urn % kind, "newState": state, "oldState": old, **more}


def test_a_thing_is_the_templates_by_physical_id_or_by_name() -> None:
    other_host = Owner("AWS::SQS::Queue", "https://sqs.eu-west-1.amazonaws.com/1/jobs")
    assert other_host.is_(JOBS)
    assert not Owner("AWS::SQS::Queue", "https://sqs.eu-west-1.amazonaws.com/2/jobs").is_(JOBS)
    assert not Owner("AWS::SNS::Topic", JOBS.physical_id or "").is_(JOBS)
    named = Existing("Jobs", "AWS::SQS::Queue", None, "jobs")
    assert Owner("AWS::SQS::Queue", "https://x/1/jobs", "jobs").is_(named)
    assert not Owner("AWS::SQS::Queue", "https://x/1/jobs", "jobs").is_(Existing("Jobs", "AWS::SQS::Queue", None))


def test_where_names_repeat_what_they_lie_in_decides() -> None:
    stage = Existing("Stage", "AWS::ApiGateway::Stage", "prod", "prod", "api1")
    assert Owner(stage.kind, "prod", "prod", "api1").is_(stage)
    assert not Owner(stage.kind, "prod", "prod", "api2").is_(stage)
    assert Owner(stage.kind, "prod", "prod", "api2").is_(Existing("Stage", stage.kind, "prod", "prod"))


def test_one_of_the_templates_own_is_taken_and_anything_else_left() -> None:
    mine = Match("mine", (Owner("AWS::SQS::Queue", JOBS.physical_id or ""),))
    other = Match("other", (Owner("AWS::SQS::Queue", "https://x/1/others"),))
    part = Match("part", (Owner("AWS::SQS::QueuePolicy", "?"), Owner("AWS::SQS::Queue", JOBS.physical_id or "")))
    assert choose([other, mine], [JOBS]) == (AdoptionVerdict.TAKEN, mine, JOBS)
    assert choose([part], [JOBS]) == (AdoptionVerdict.TAKEN, part, JOBS)
    assert choose([mine, part], [JOBS]) == (AdoptionVerdict.AMBIGUOUS, None, None)
    assert choose([other], [JOBS]) == (AdoptionVerdict.OUTSIDE, other, None)
    assert choose([], [JOBS]) == (AdoptionVerdict.NEW, None, None)


def test_what_cant_be_told_apart_is_left_alone() -> None:
    twins = [AdoptionDecision(QUEUE, "jobs", AdoptionVerdict.TAKEN, identifier) for identifier in ("a", "b")]
    doubles = [AdoptionDecision(QUEUE, name, AdoptionVerdict.TAKEN, "c") for name in ("one", "two")]
    single = AdoptionDecision(QUEUE, "single", AdoptionVerdict.TAKEN, "d")
    found = takeover._unique([*twins, *doubles, single])
    assert [each.verdict for each in found] == [AdoptionVerdict.AMBIGUOUS] * 4 + [AdoptionVerdict.TAKEN]
    assert [each.note for each in found[1:3]] == [
        "the program declares two of this type and name",
        "the program declares c twice",
    ]


def test_request_and_answers_survive_their_files(tmp_path: Path) -> None:
    request = AdoptionRequest("eu-west-1", [JOBS], {(QUEUE, "jobs")}, tmp_path / "answers")
    request.write(tmp_path / "request")
    assert AdoptionRequest.read(tmp_path / "request") == request
    assert answers(request.answers) == []
    request.answers.write_text('{"kind": "k", "name": "n", "verdict": "taken", "identifier": "i"}\n')
    assert answers(request.answers) == [AdoptionDecision("k", "n", AdoptionVerdict.TAKEN, "i")]
    request.answers.write_text('{"error": "k n: AccessDenied"}\n')
    with pytest.raises(RuntimeError, match="k n: AccessDenied"):
        answers(request.answers)


def test_changes_leave_out_what_stays() -> None:
    preview = {
        "steps": [
            step("same"),
            step("import"),
            step("update", diffReasons=["tags"]),
            step("create", name="new"),
            step("create", type="pulumi:pulumi:Stack"),
        ]
    }
    found = guard.changes(preview)
    assert found == [PlannedChange(QUEUE, "jobs", "update", ("tags",)), PlannedChange(QUEUE, "new", "create")]
    assert guard.refusal(found) is None


def test_a_replacement_is_refused_with_the_property_that_forces_it() -> None:
    long = "x" * 100
    forced = step("replace", replaceReasons=["name"], old={"name": "a"}, new={"name": long})
    reason = guard.refusal(guard.changes({"steps": [forced, step("delete-replaced"), step("replace", name="dead")]}))
    assert reason is not None
    assert f'would replace {QUEUE} jobs: name is "a", the program wants "{long[:59]}… (and 1 more)' in reason


def test_a_deletion_is_refused() -> None:
    gone = step("delete", type="aws:iam/role:Role", name="old")
    del gone["newState"]
    reason = guard.refusal(guard.changes({"steps": [gone]}))
    assert reason == "the next update would delete aws:iam/role:Role old: bring the stack up to date first"


def test_a_preview_that_failed_says_why_unless_a_replacement_does() -> None:
    failed = [
        {"severity": "error", "message": "error: preview failed\n"},
        {"severity": "error", "message": "error: no\n"},
    ]
    with pytest.raises(TakeoverError, match=r"^the program can't be previewed: no$"):
        guard.changes({"steps": [], "diagnostics": failed})
    assert guard.changes({"steps": [step("replace")], "diagnostics": failed})
    traceback = [{"severity": "error", "message": "error: Program failed:\n  File x\nKeyError: 'a'\n"}]
    with pytest.raises(TakeoverError, match=r"previewed: Program failed: KeyError: 'a'$"):
        guard.changes({"diagnostics": traceback})
    assert guard.changes({"diagnostics": [{"severity": "warning", "message": "w"}]}) == []


SKELETON = {
    "nameTable": {"aws": "urn:aws", "other": "urn:other"},
    "providerInputs": {"aws": {"region": "eu-west-1"}, "other": {"x": importing.UNKNOWN}},
    "resources": [
        {"type": "x:y:Service", "name": "service", "component": True},
        {"type": "x:y:Queues", "name": "queues", "parent": "service", "component": True},
        {"type": "x:y:Idle", "name": "idle", "component": True},
        {"type": QUEUE, "name": "jobsQueue", "logicalName": "jobs", "id": "?", "parent": "queues", "provider": "aws"},
        {"type": QUEUE, "name": "new", "id": "?", "parent": "idle", "provider": "other"},
    ],
}


def test_the_import_file_has_what_is_taken_and_what_that_lies_in() -> None:
    filled = importing.fill(SKELETON, [AdoptionDecision(QUEUE, "jobs", AdoptionVerdict.TAKEN, "https://x/1/jobs")])
    assert [each["name"] for each in filled["resources"]] == ["service", "queues", "jobsQueue"]
    assert filled["resources"][2]["id"] == "https://x/1/jobs"
    assert "id" not in filled["resources"][0]
    assert filled["nameTable"] == {"aws": "urn:aws"}
    assert filled["providerInputs"] == {"aws": {"region": "eu-west-1"}}


def test_the_import_file_is_refused_where_it_would_lack_something() -> None:
    with pytest.raises(TakeoverError, match=f"declared {QUEUE} gone in one preview and not in the next"):
        importing.fill(SKELETON, [AdoptionDecision(QUEUE, "gone", AdoptionVerdict.TAKEN, "x")])
    with pytest.raises(TakeoverError, match="provider's settings aren't known yet"):
        importing.fill(SKELETON, [AdoptionDecision(QUEUE, "new", AdoptionVerdict.TAKEN, "x")])


def plan(**more: Any) -> TakeoverPlan:
    body = {"Transform": "t", "Parameters": {"Stage": {}}, "Resources": {"Jobs": {"Type": "T", "Metadata": {"a": 1}}}}
    decisions = [
        AdoptionDecision(QUEUE, "jobs", AdoptionVerdict.TAKEN, "https://x/1/jobs", "Jobs"),
        AdoptionDecision(QUEUE, "new", AdoptionVerdict.NEW),
        AdoptionDecision(QUEUE, "foreign", AdoptionVerdict.OUTSIDE, "https://x/1/foreign"),
        AdoptionDecision("aws:apigateway/restApi:RestApi", "api", AdoptionVerdict.AMBIGUOUS, note="a or b"),
    ]
    role = Existing("Role", "AWS::IAM::Role", "stack-Role-1")
    changes = [PlannedChange(QUEUE, "jobs", "update", ("tags",)), PlannedChange(QUEUE, "new", "create")]
    given = {"existing": [JOBS, role], "decisions": decisions, "changes": changes, "status": "CREATE_COMPLETE"}
    return TakeoverPlan(
        **{"stack_name": "sam", "stack": "prod", "retained": afterwards.retained(body, "prod"), **given, **more}
    )


def test_everything_is_retained_and_nothing_else_differs() -> None:
    kept = plan().retained
    assert kept["Resources"]["Jobs"] == {
        "Type": "T",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Metadata": {"a": 1, "TakenOverBy": "pulumi stack prod"},
    }
    assert sorted(kept) == ["Parameters", "Resources"]


def test_the_steps_come_in_the_order_in_which_nothing_is_lost() -> None:
    told = afterwards.steps(plan(folder=Path("takeover-sam")))
    order = ["stop deploying", "update-stack", "wait", "rollback up -s prod", "delete-stack", "by hand", "undo"]
    assert [word in line for word, line in zip(order, told, strict=True)] == [True] * len(order)
    assert "file://takeover-sam/retain.template.json" in told[1]
    assert "ParameterKey=Stage,UsePreviousValue=true" in told[1]
    assert [line.split()[0] for line in afterwards.steps(plan(status=None))] == ["stop", "rollback", "or"]


def test_both_sides_are_shown() -> None:
    out = io.StringIO()
    console = Console(file=out, width=200)
    plan_tables(plan(), console)
    next_steps(plan(), console)
    shown = out.getvalue()
    for text in (
        "sam is CREATE_COMPLETE",
        "would be taken over (1)",
        "Jobs      aws:sqs:Queue jobs",
        "stays where it is (1)",
        "stack-Role-1",
        "is made by the next update (1)",
        "exists, but isn't the template's: left alone (1)",
        "aws:apigateway:RestApi api",
        "a or b",
        "the next update changes (1)",
        "1. stop deploying sam",
    ):
        assert text in shown
    assert "refused" not in shown


def test_a_refusal_is_shown_and_a_plan_can_be_written_as_json() -> None:
    out = io.StringIO()
    bad = plan(
        changes=[PlannedChange(QUEUE, "jobs", "replace", ("name is 1, the program wants 2",))], status=None, done=True
    )
    plan_tables(bad, Console(file=out, width=200))
    assert "names are taken from the template" in out.getvalue()
    assert "is taken over (1)" in out.getvalue()
    assert "refused: the next update would replace" in out.getvalue()
    told = bad.as_dict()
    assert told["program"][0]["identifier"] == "https://x/1/jobs"
    assert [each["logical_id"] for each in told["left"]] == ["Role"]
