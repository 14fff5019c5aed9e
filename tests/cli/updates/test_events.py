"""What the engine's event log tells of an update."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.updates import events
from cli.updates.events import UpdateOutcome, counts

STACK = "urn:pulumi:prod::rollback-stack::pulumi:pulumi:Stack::rollback-stack-prod"
SYSTEM = "urn:pulumi:prod::rollback-stack::rollback-stack:systems:RagApi::rag-api"
DEPLOYMENT = "urn:pulumi:prod::rollback-stack::rollback-stack:systems:RagApi$kubernetes:apps/v1:Deployment::rag-api"
SHARED = "urn:pulumi:prod::rollback-stack::aws:sns/topic:Topic::alerts"
STATE = {
    "deployment": {
        "resources": [
            {"urn": STACK, "type": "pulumi:pulumi:Stack"},
            {"urn": SYSTEM, "type": "rollback-stack:systems:RagApi", "parent": STACK},
        ]
    }
}


def log(folder: Path, *told: dict[str, Any], end: str = "") -> Path:
    path = folder / "events.json"
    path.write_text("".join(f"{json.dumps(event)}\n" for event in told) + end)
    return path


def diagnostic(urn: str, severity: str = "error", **more: Any) -> dict[str, Any]:
    return {"diagnosticEvent": {"urn": urn, "severity": severity, "message": "why", **more}}


def test_a_failed_update_is_told_by_system_and_resource_each_once(tmp_path: Path) -> None:
    metadata = {"urn": DEPLOYMENT, "op": "update", "old": {"parent": SYSTEM}, "new": None}
    path = log(
        tmp_path,
        {"preludeEvent": {"config": {}}},
        diagnostic(DEPLOYMENT, "warning"),
        diagnostic(SHARED, ephemeral=True),
        {"resOpFailedEvent": {"metadata": metadata, "status": 0, "steps": 1}},
        diagnostic(DEPLOYMENT),
        diagnostic(STACK),
        {"summaryEvent": {"resourceChanges": {"update": 2, "create": 1, "same": 269}, "durationSeconds": 9}},
    )
    outcome = events.read(path)
    assert outcome.failed == (DEPLOYMENT, STACK)
    assert outcome.places(STATE) == {"rag-api": ["Deployment rag-api"]}
    assert outcome.line() == "1 created, 2 updated; 269 unchanged, 1 failed"


def test_what_no_system_owns_is_shared(tmp_path: Path) -> None:
    path = log(
        tmp_path, {"resourcePreEvent": {"metadata": {"urn": SHARED, "new": {"parent": STACK}}}}, diagnostic(SHARED)
    )
    assert events.read(path).places(STATE) == {"shared": ["Topic alerts"]}


@pytest.mark.parametrize(("level", "found"), [("mandatory", ("durable-store-removal",)), ("advisory", ())])
def test_a_mandatory_policy_is_what_refuses(tmp_path: Path, level: str, found: tuple[str, ...]) -> None:
    event = {"policyEvent": {"policyName": "durable-store-removal", "enforcementLevel": level, "message": "no"}}
    assert events.read(log(tmp_path, event, event)).policies == found


def test_a_log_that_a_killed_engine_left_tells_what_it_can(tmp_path: Path) -> None:
    path = log(tmp_path, diagnostic(SHARED), end='[]\n{"summaryEvent": {"resourceCh')
    assert events.read(path).failed == (SHARED,)
    assert events.read(tmp_path / "none") == UpdateOutcome()
    assert UpdateOutcome().line() == "nothing changed"


@pytest.mark.parametrize(
    ("ops", "said"),
    [
        (
            ["create", "create", "update", "same"],
            "the engine ended before it counted: at least 2 created, 1 updated; 1 unchanged",
        ),
        (["same"], "the engine ended before it told what had changed"),
        ([], "the engine ended before it told what had changed"),
    ],
)
def test_without_the_engines_summary_nothing_is_called_unchanged(tmp_path: Path, ops: list[str], said: str) -> None:
    begun = {"resourcePreEvent": {"metadata": {"urn": SHARED, "new": {"parent": STACK}}}}
    done = [{"resOutputsEvent": {"metadata": {"urn": SHARED, "op": op}}} for op in ops]
    assert events.read(log(tmp_path, begun, *done)).line() == said


@pytest.mark.parametrize(
    ("changes", "failed", "said"),
    [
        ({"same": 272}, 0, "nothing changed; 272 unchanged"),
        ({"delete": 1, "replace": 2, "same": 5, "read": 1}, 0, "1 deleted, 2 replaced; 5 unchanged"),
        ({"update": 1}, 2, "1 updated; 2 failed"),
        ({"discard-replaced": 1}, 0, "1 discard-replaced"),
    ],
)
def test_numbers_in_words(changes: dict[str, int], failed: int, said: str) -> None:
    assert counts(changes, failed) == said
