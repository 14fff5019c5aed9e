"""The pack under the real engine, on components that bear the types that policies look at; and its adapter."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_NUMBER_VALUE, UNKNOWN_OBJECT_VALUE, UnknownValueError, unknown_checking_proxy

from guard.plan import guard_digest
from policies.engine import plain, policies
from policies.pack import RULES, arm
from policies.subject import UNKNOWN
from stacks.policies import PolicySettings
from tests.components.mocked import ROOT
from tests.policies.cases import FACTS
from tests.sandbox.toolchain.trial_project import Project

PACK = str(ROOT / "policies")
PROGRAM = """
import json
from pathlib import Path
import pulumi

class Part(pulumi.ComponentResource):
    def __init__(self, kind, name, props, protect):
        opts = pulumi.ResourceOptions(protect=protect, delete_before_replace=protect)
        super().__init__(kind, name, props, opts)
        self.register_outputs(props)

for part in json.loads(Path("parts.json").read_text()):
    Part(part["kind"], part["name"], part["props"], part.get("protect", False))
"""
TABLE = {
    "kind": "aws:dynamodb/table:Table",
    "name": "jobs",
    "props": {"name": "jobs-dev", "deletionProtectionEnabled": True, "pointInTimeRecovery": {"enabled": True}},
    "protect": True,
}
REFUSED = {"urn": "urn:lost", "name": "lost-dev", "refusal": "no recovery point younger than 1 hour"}
ALARM = {"kind": "aws:cloudwatch/metricAlarm:MetricAlarm", "name": "silent", "props": {"treatMissingData": "breaching"}}


def plan(**figures: Any) -> dict[str, Any]:
    return {
        "kind": "rollback:guard:Plan",
        "name": "rollback-plan",
        "props": {"durable": 1, "guard": guard_digest(), **figures},
    }


def declare(trial: Project, *parts: dict[str, Any], settings: str = "") -> None:
    trial.program(PROGRAM)
    trial.write("parts.json", json.dumps(parts))
    trial.write("Pulumi.dev.yaml", f"config:\n  policies:enforcement: {settings or '{}'}\n")


def run(trial: Project, *command: str) -> tuple[bool, str]:
    done = trial.pulumi(*command, "--policy-pack", PACK, check=False)
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    return done.returncode == 0, said


@pytest.mark.engine
def test_a_refused_store_stops_preview_and_update_before_anything_is_made(trial: Project) -> None:
    declare(trial, TABLE, plan(removals=[REFUSED]))
    for command in (["preview"], ["up", "--yes", "--skip-preview"]):
        passed, said = run(trial, *command)
        assert not passed
        assert re.search(r"\[mandatory\] \[severity: critical\]\s+durable-store-removal", said)
        assert "lost-dev would be deleted: no recovery point younger than 1 hour" in said
        assert "Make a recovery point" in said
        assert "guard-present" not in said
    declare(trial, TABLE, plan())
    passed, said = run(trial, "up", "--yes", "--skip-preview")
    assert passed, said
    # The stack policy reads what the component registered; an unprotected store is refused before it is made.
    declare(trial, {**TABLE, "protect": False}, plan(durable=2))
    passed, said = run(trial, "preview")
    assert not passed
    assert "durable-store-protected" in said
    assert "guard-present" in said


@pytest.mark.engine
def test_a_stacks_settings_ease_a_policy_and_a_wrong_one_is_one_line(trial: Project) -> None:
    declare(trial, ALARM)
    assert not run(trial, "preview")[0]
    declare(trial, ALARM, settings="{alarm-actions: advisory}")
    passed, said = run(trial, "preview")
    assert passed, said
    assert "nobody hears of it" in said
    declare(trial, ALARM, settings="{alarm-action: advisory}")
    passed, said = run(trial, "preview")
    assert not passed
    assert "error: unknown policy 'alarm-action' (did you mean alarm-actions?)" in said
    declare(trial, ALARM, settings="{guard-present: disabled}")
    assert "guards data, so it stays mandatory, not disabled" in run(trial, "preview")[1]


def test_unknown_values_are_read_without_raising() -> None:
    given = {"name": "a", "count": UNKNOWN_NUMBER_VALUE, "list": [{"spec": UNKNOWN_OBJECT_VALUE}, 3.0, True, None]}
    proxy = unknown_checking_proxy(given)
    with pytest.raises(UnknownValueError):
        proxy["count"]
    expected = {"name": "a", "count": UNKNOWN, "list": [{"spec": UNKNOWN}, 3.0, True, None]}
    assert plain(proxy) == plain(given) == expected


def test_every_rule_becomes_a_policy_of_the_engine() -> None:
    made = policies(arm(PolicySettings()), FACTS)
    assert [policy.name for policy in made] == [rule.name for rule in RULES]
    for policy, rule in zip(made, RULES, strict=True):
        assert policy.severity is not None
        assert policy.severity.value == rule.severity
        assert policy.enforcement_level is not None
        assert policy.enforcement_level.value == rule.enforcement
        assert policy.remediation_steps == rule.remediation
        assert (policy.config_schema is not None) is bool(rule.config.model_fields)
