"""The pack as a whole: its rules, a stack's settings, and checks that stand whatever they are shown."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model import ConfigurationError
from core.policy_settings import PolicySettings
from guard.marks import PLAN
from policies.pack import BY_NAME, LOCKED, RULES, ConfiguredRule, configure, in_file, load_context, read_settings
from policies.rule import ResourceRule, StackRule, judge, judge_stack, schema
from policies.subject import UNKNOWN, Resource, Stack
from stacks.file import read
from stacks.settings import STACKS, parse
from tests.policies.cases import FACTS, NOW
from tests.policies.declared import declare

KEBAB = re.compile(r"[a-z]+(-[a-z]+)+")


def refusal(config: Mapping[str, str]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        configure(read_settings(config))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_policy_has_a_name_of_its_own_and_says_what_to_do() -> None:
    assert len(BY_NAME) == len(RULES) >= 30
    for rule in RULES:
        assert KEBAB.fullmatch(rule.name), rule.name
        assert rule.description.endswith("."), rule.name
        assert rule.remediation_steps.endswith("."), rule.name
        assert not isinstance(rule, ResourceRule) or rule.types, rule.name


def test_policies_are_mandatory_unless_said() -> None:
    assert {rule.name for rule in RULES if rule.enforcement != "mandatory"} == {"release-window"}
    armed = {each.rule.name: each for each in configure(PolicySettings())}
    assert armed["blast-radius"].enforcement == "mandatory"


@pytest.mark.parametrize("stack", STACKS)
def test_the_committed_settings_are_the_packs(stack: str) -> None:
    armed = {each.rule.name: each for each in configure(read(stack).policies)}
    assert armed["traffic-deployment-group"].config.model_dump() == {
        "require_deployment_group": ("security-assistant",)
    }
    assert {each.enforcement for each in armed.values()} == {"mandatory", "advisory"}


def test_a_stack_may_ease_a_policy_and_bound_it() -> None:
    settings = {
        "policies:enforcement": '{"alarm-actions": "advisory", "service-internal": "disabled"}',
        "policies:config": '{"workload-replicas": {"minReplicas": 1}}',
        "rag-api:replicas": "many",
    }
    armed = {each.rule.name: each for each in configure(read_settings(settings))}
    assert armed["alarm-actions"].enforcement == "advisory"
    assert armed["service-internal"].enforcement == "disabled"
    assert armed["workload-replicas"].config.model_dump()["min_replicas"] == 1


@pytest.mark.parametrize("name", sorted(LOCKED))
@pytest.mark.parametrize("level", ["advisory", "disabled"])
def test_what_guards_data_stays_mandatory(name: str, level: str) -> None:
    assert name in refusal({"policies:enforcement": f'{{"{name}": "{level}"}}'})
    assert configure(read_settings({"policies:enforcement": f'{{"{name}": "mandatory"}}'}))


def test_the_guards_are_locked() -> None:
    durable = {name for name in BY_NAME if name.startswith("durable-")}
    assert durable | {"guard-present", "release-lock"} == LOCKED


@pytest.mark.parametrize(
    ("config", "part"),
    [
        ({"policies:enforcement": '{"alarm-action": "advisory"}'}, "did you mean alarm-actions?"),
        ({"policies:config": '{"blast-radus": {}}'}, "did you mean blast-radius?"),
        ({"policies:enforcement": '{"alarm-actions": "loud"}'}, "it has to be advisory, mandatory or disabled"),
        ({"policies:config": '{"blast-radius": {"maxPercent": 101}}'}, "it has to be a number"),
        ({"policies:config": '{"blast-radius": {"maxPercnt": 10}}'}, "did you mean maxPercent?"),
        ({"policies:config": '{"workload-probes": {"any": 1}}'}, "unknown key any"),
        ({"policies:config": '{"queue-redrive": {"minReceives": 8, "maxReceives": 3}}'}, "above maxReceives"),
        ({"policies:configs": "{}"}, "did you mean config?"),
        ({"policies:config": "3"}, "config"),
        ({"policies:enforcement": '{"Alarm Actions": "advisory"}'}, "Alarm Actions"),
    ],
)
def test_a_wrong_setting_is_one_line(config: dict[str, str], part: str) -> None:
    assert part in refusal(config)


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({"policies:enforcement": '{"alarm-action": "advisory"}'}, "policies:enforcement"),
        ({"policies:config": '{"blast-radius": {"maxPercent": 101}}'}, "policies:config"),
        ({"policies:configs": "{}"}, "policies:configs"),
    ],
)
def test_a_wrong_setting_is_told_with_its_file_and_the_command_that_takes_it_out(
    config: dict[str, str], key: str
) -> None:
    said = in_file(ConfigurationError(refusal(config)), "prod")
    assert said.startswith("stacks/Pulumi.prod.yaml: ")
    assert said.endswith(f"Change it in that file, or take it out: `pulumi config rm {key} -s prod`")


def test_the_program_knows_the_namespace_too() -> None:
    good = {"rollback-stack:version": "v1.2.3", "policies:enforcement": '{"alarm-actions": "advisory"}'}
    assert parse("prod", good).policies.enforcement == {"alarm-actions": "advisory"}
    with pytest.raises(ConfigurationError, match=re.escape("policies:enforcment (did you mean enforcement?)")):
        parse("prod", {**good, "policies:enforcment": "{}"})


def test_the_engine_gets_a_schema_whose_defaults_are_the_stacks_values() -> None:
    settings = {"policies:config": '{"blast-radius": {"maxDeletes": 7, "systems": {"files": {"maxPercent": 50}}}}'}
    armed = next(each for each in configure(read_settings(settings)) if each.rule.name == "blast-radius")
    found = schema(armed.rule.config, armed.config)
    bounds = {"type": "integer", "minimum": 0, "maximum": 10_000, "default": 7}
    assert found["maxDeletes"] == {**bounds, "description": "Deletes and replacements together."}
    assert found["systems"]["default"] == {"files": {"maxDeletes": 20, "maxPercent": 50.0, "percentFrom": 5}}
    assert "$ref" not in str(found)
    assert all(schema(rule.config, rule.config()) is not None for rule in RULES)


def test_the_facts_are_read_from_the_stack(tmp_path: Path) -> None:
    config = {
        "rollback-stack:version": "v1.2.3",
        "rag-api:canary": '{"version": "v1.3.0"}',
        "x:y": "v1.2 1.2.3 v10.0.0.1",
    }
    facts = load_context("prod", config, lambda: NOW, approvals_folder=tmp_path)
    assert facts.pins == {"v1.2.3", "v1.3.0"}
    assert facts.approvals == ()
    (tmp_path / "prod.yaml").write_text("- store: x\n")
    with pytest.raises(ConfigurationError):
        load_context("prod", config, approvals_folder=tmp_path)


def everything(armed: tuple[ConfiguredRule, ...], resources: list[Resource]) -> list[str]:
    """The names of the policies that find something."""
    found, stack = [], Stack(resources)
    for each in armed:
        if isinstance(each.rule, StackRule):
            found += [each.rule.name for _ in judge_stack(each.rule, stack, each.config, FACTS)]
        elif isinstance(each.rule, ResourceRule):
            rule, config = each.rule, each.config
            found += [rule.name for resource in resources for _ in judge(rule, resource, config, FACTS)]
    return found


def one_of_each() -> list[Resource]:
    """A resource of every type that the project declares, with a plan that has something in it."""
    entry = {"urn": "urn:jobs", "name": "jobs", "refusal": "no recovery point", "evidence": {"approval": None}}
    figures = {"files": {"before": 100, "removed": 50, "replaced": 3}}
    plan = {"durable": 3, "removals": [entry], "replacements": [entry], "systems": figures}
    found = {each.type: each for each in declare("prod", "v1.2.3").resources}
    return [*(each for kind, each in found.items() if kind != PLAN), replace(found[PLAN], given=plan)]


def test_an_unknown_value_is_no_violation() -> None:
    """Whatever property of whatever resource isn't known yet: no resource policy takes it for a wrong one."""
    rules = [each for each in configure(read("prod").policies) if isinstance(each.rule, ResourceRule)]
    wrong = set()
    for resource in one_of_each():
        for path in resource.props:
            unknown = replace(resource, given={**resource.props, path: UNKNOWN})
            for each in rules:
                assert isinstance(each.rule, ResourceRule)
                wrong |= {(each.rule.name, resource.name, path) for _ in judge(each.rule, unknown, each.config, FACTS)}
    # Only what the guard's plan refuses counts before it is known.
    assert {policy for policy, name, _ in wrong if name != "rollback-plan"} == set()


ANYTHING = st.recursive(
    st.sampled_from(
        [
            *(UNKNOWN, None, "", "*", "$LATEST", "{", "arn:aws:lambda:x:1:function:y"),
            *(0, -1, 1.5, True, math.nan, math.inf, -math.inf, 1e308),
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["spec", "name", "*"]), inner, max_size=2)
    ),
    max_leaves=5,
)


def mutated(value: Any, path: list[int], replacement: Any) -> Any:
    """A value with one part of it replaced; the path's numbers choose among children."""
    children = list(value) if isinstance(value, Mapping) else list(range(len(value))) if isinstance(value, list) else []
    if not path or not children:
        return replacement
    chosen = children[path[0] % len(children)]
    copy = dict(value) if isinstance(value, Mapping) else list(value)
    copy[chosen] = mutated(value[chosen], path[1:], replacement)
    return copy


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(0, 50), min_size=1, max_size=6), ANYTHING)
def test_no_check_breaks_whatever_it_is_shown(which: int, path: list[int], replacement: Any) -> None:
    """A policy that raises would end every update with a traceback."""
    resources = one_of_each()
    chosen = which % len(resources)
    props = mutated(dict(resources[chosen].props), path, replacement)
    shown = replace(resources[chosen], given=props if isinstance(props, Mapping) else {})
    armed = configure(read("prod").policies)
    for each in armed:
        if isinstance(each.rule, ResourceRule):
            list(judge(each.rule, shown, each.config, FACTS))
    resources[chosen] = shown
    everything(tuple(each for each in armed if isinstance(each.rule, StackRule)), resources)


def test_the_cost_grows_no_faster_than_the_resources() -> None:
    """Four times the resources take about four times as long; a loop within a loop would take sixteen times."""
    armed = configure(read("prod").policies)
    declared = list(declare("prod", "v1.2.3").stack.resources)

    def spent(copies: int) -> float:
        resources = [
            replace(each, urn=f"{each.urn}-{n}", given={**each.props, "name": f"{each.get('name')}-{n}"})
            for n in range(copies)
            for each in declared
        ]
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            everything(armed, resources)
            best = min(best, time.process_time() - start)
        return best

    assert spent(16) < 10 * spent(4)
