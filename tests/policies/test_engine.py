"""The pack under the real engine, on components that bear the types that policies look at; and what it answers."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2

from core.policy_settings import PolicySettings
from guard.marks import guard_digest
from policies.engine import Analyzer, Selection
from policies.pack import RULES, ConfiguredRule, configure
from policies.rule import NoConfig, ResourceRule, Severity
from policies.subject import Resource
from tests.components.mocked import ROOT
from tests.policies.cases import FACTS
from tests.policies.requests import request
from tests.toolchain.trial_project import Project

PACK = str(ROOT / "policies")
PROGRAM = """
import json
import signal
from pathlib import Path
import pulumi

# As the product's program: the host interrupts one that the engine has given up.
signal.signal(signal.SIGINT, signal.SIG_DFL)

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


@pytest.mark.long
@pytest.mark.engine
def test_a_refused_store_stops_preview_and_update_before_anything_is_made(trial: Project) -> None:
    declare(trial, TABLE, plan(removals=[REFUSED]))
    for command in (["preview"], ["up", "--yes", "--skip-preview"]):
        passed, said = run(trial, *command)
        assert not passed
        assert re.search(r"\[mandatory\] \[severity: critical\]\s+durable-store-removal", said)
        assert "lost-dev would be deleted: no recovery point younger than 1 hour" in said
        assert "Keep the store in the program for now" in said
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


@pytest.mark.long
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


@pytest.mark.long
@pytest.mark.engine
def test_what_the_command_line_says_goes_over_the_settings_and_a_wrong_one_is_one_line(trial: Project) -> None:
    declare(trial, ALARM)
    trial.write("levels.json", '{"alarm-actions": "advisory", "blast-radius": "disabled"}')
    passed, said = run(trial, "preview", "--policy-pack-config", "levels.json")
    assert "nobody hears of it" in said
    assert not re.search(r"\[mandatory\].*alarm-actions", said)
    trial.write("levels.json", '{"queue-redrive": {"minReceives": 8, "maxReceives": 3}}')
    passed, said = run(trial, "preview", "--policy-pack-config", "levels.json")
    assert not passed
    assert "--policy-pack-config: queue-redrive" in said
    assert "above maxReceives" in said


ODD = """
import pulumi

class Part(pulumi.ComponentResource):
    def __init__(self, kind, name, props):
        super().__init__(kind, name, props)

Part("aws:cloudwatch/logGroup:LogGroup", "endless", {"retentionInDays": float("inf"), "name": float("nan")})
Part("aws:sqs/queue:Queue", "nothing", {"name": None, "messageRetentionSeconds": float("nan")})
"""


@pytest.mark.long
@pytest.mark.engine
def test_numbers_that_json_has_no_word_for_end_no_preview(trial: Project) -> None:
    trial.program(ODD)
    said = run(trial, "preview")[1]
    assert "endless" in said
    assert "Fail to serialize" not in said


def test_the_pack_lists_every_rule_with_its_level_and_configuration() -> None:
    info = Analyzer(configure(PolicySettings()), FACTS).GetAnalyzerInfo(empty_pb2.Empty(), None)
    assert [policy.name for policy in info.policies] == [rule.name for rule in RULES]
    for policy, rule in zip(info.policies, RULES, strict=True):
        assert analyzer_pb2.EnforcementLevel.Name(policy.enforcementLevel).lower() == rule.enforcement
        assert analyzer_pb2.PolicySeverity.Name(policy.severity).lower() == f"policy_severity_{rule.severity}"
        assert policy.remediation_steps == rule.remediation_steps
        assert set(policy.configSchema.properties.fields) == {
            field.alias for field in rule.config.model_fields.values()
        }


class Counted:
    """Types that count how often they are asked."""

    def __init__(self, *types: str) -> None:
        self.types = types
        self.asked = 0

    def __contains__(self, kind: object) -> bool:
        self.asked += 1
        return kind in self.types


def test_policies_are_chosen_by_type_once_and_before_anything_is_converted() -> None:
    types = Counted("x:y:Mine")
    rule = ResourceRule(
        name="of-mine",
        description="Mine.",
        severity=Severity.LOW,
        remedy="Do it.",
        types=types,
        check=lambda *_: ["found"],
    )
    analyzer = Analyzer([ConfiguredRule(rule, "mandatory", NoConfig())], FACTS)
    other = Resource("x:y:Other", "other", "urn:other")
    for _ in range(5):
        assert not analyzer.Analyze(request(other), None).diagnostics
        assert len(analyzer.Analyze(request(Resource("x:y:Mine", "one", "urn:one")), None).diagnostics) == 1
    assert types.asked - 5 <= 2  # `judge` asks once more of each that it is shown
    assert Selection(()).of_type("x:y:Mine") == ()


def test_calls_that_need_no_answer_have_one() -> None:
    analyzer = Analyzer(configure(PolicySettings()), FACTS)
    for call in ("Handshake", "ConfigureStack", "Cancel"):
        assert not getattr(analyzer, call)(None, None).ListFields()
    assert analyzer.GetPluginInfo(None, None).version
