"""Nothing raises: no policy ends an update with a traceback, whatever a resource's properties are."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.policy_settings import PolicySettings
from guard.marks import PLAN
from policies.consumers import QUEUE
from policies.pack import RULES, ConfiguredRule, configure
from policies.pods import TEMPLATES
from policies.rule import ResourceRule, StackRule, judge, judge_stack
from policies.subject import UNKNOWN, Resource, Stack
from tests.policies.cases import FACTS, make
from tests.policies.test_documented import CASES, resource

ARMED = configure(PolicySettings())
ODD: tuple[Any, ...] = (
    UNKNOWN,
    None,
    True,
    False,
    math.nan,
    math.inf,
    -math.inf,
    10**400,
    -(10**400),
    0,
    -1,
    0.5,
    1e308,
    2**63,
    "",
    "0",
    "NaN",
    "1e999",
    "100%",
    "{",
    "[" * 5_000,
    '{"a": NaN}',
    '{"Statement": [null, 1, "x", {"Effect": 3, "Principal": [[]]}]}',
    "*",
    "$LATEST",
    "arn:aws:sqs:eu-west-1:1:work",
    "\x00\ud800",
    [],
    {},
    [[]],
    [None],
    [{}],
    {"": None},
)
SPELT = ("spec", "metadata", "template", "containers", "labels", "name", "rules", "policy", "arn", "systems", "items")


def types() -> list[str]:
    """Every type that a case or a policy names: an example of each kind that the pack looks at."""
    found = {each.type for param in CASES for each in map(resource, param.values[0]["resources"])}
    for rule in RULES:
        if isinstance(rule, ResourceRule) and isinstance(rule.types, frozenset):
            found |= rule.types
    return sorted(found | {PLAN, QUEUE})


TYPES = types()
VALUES = st.recursive(
    st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(SPELT) | st.text(max_size=3), inner),
    max_leaves=8,
)


def everything(armed: tuple[ConfiguredRule, ...], resources: list[Resource]) -> int:
    """Asks every policy, and counts what they find."""
    stack, found = Stack(resources), 0
    for each in armed:
        if isinstance(each.rule, StackRule):
            found += sum(1 for _ in judge_stack(each.rule, stack, each.config, FACTS))
        elif isinstance(each.rule, ResourceRule):
            rule, config = each.rule, each.config
            found += sum(1 for shown in resources for _ in judge(rule, shown, config, FACTS))
    return found


def replaced(value: Any, path: list[int], odd: Any) -> Any:
    """A value with one part of it replaced; the path's numbers choose among children."""
    children = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    if not path or not children:
        return odd
    chosen = children[path[0] % len(children)]
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[chosen] = replaced(value[chosen], path[1:], odd)
    return copy


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(TYPES), VALUES)
def test_arbitrary_properties(kind: str, value: Any) -> None:
    everything(ARMED, [make(kind, props=value if isinstance(value, dict) else {"spec": value, "policy": value})])


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(CASES), st.lists(st.integers(0, 20), min_size=1, max_size=8), st.sampled_from(ODD) | VALUES)
def test_a_documented_case_with_one_value_replaced(param: Any, path: list[int], odd: Any) -> None:
    shown: list[Resource] = []
    for number, each in enumerate(map(resource, param.values[0]["resources"])):
        props = replaced(dict(each.props), path, odd)
        shown.append(make(each.type, f"{each.name}-{number}", props if isinstance(props, dict) else {}))
    everything(ARMED, shown)


@pytest.mark.parametrize(
    "odd",
    [UNKNOWN, *(pytest.param(each, marks=pytest.mark.long) for each in (None, math.nan, 10**400, "", [None]))],
    ids=lambda odd: repr(odd)[:20],
)
def test_every_property_of_every_case_takes_an_odd_value(odd: Any) -> None:
    shown: list[Resource] = []
    for param in CASES:
        for each in map(resource, param.values[0]["resources"]):
            for key, value in each.props.items():
                inner = {**value, **dict.fromkeys(value, odd)} if isinstance(value, dict) else odd
                shown += [make(each.type, f"{len(shown)}", {**each.props, key: found}) for found in (odd, inner)]
    everything(ARMED, shown)


@pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf, -1, "many", [], True], ids=repr)
@pytest.mark.parametrize("name", ["before", "removed", "replaced"])
def test_a_figure_that_is_none_is_never_few(name: str, figure: Any) -> None:
    plan = make(PLAN, props={"systems": {"files": {"before": 10, "removed": 0, "replaced": 0, name: figure}}})
    armed = tuple(each for each in ARMED if each.rule.name == "blast-radius")
    assert everything(armed, [plan]) == 1


@pytest.mark.parametrize("figure", [10**400, 10**5_000, 1e308], ids=["long", "longer", "double"])
def test_a_huge_figure_is_too_much(figure: Any) -> None:
    plan = make(PLAN, props={"systems": {"files": {"before": figure, "removed": figure, "replaced": figure}}})
    armed = tuple(each for each in ARMED if each.rule.name == "blast-radius")
    assert everything(armed, [plan]) == 1


def test_5000_resources_are_judged_in_seconds() -> None:
    """One pass over the stack for each policy, whatever there is: no loop within a loop."""
    pods = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "app", "image": "app"}]}}
    resources = []
    for number in range(1_250):
        name, meta = str(number), {"metadata": {"name": str(number), "namespace": str(number)}}
        resources += [
            make("kubernetes:apps/v1:Deployment", f"d{name}", {**meta, "spec": {"replicas": 3, "template": pods}}),
            make("kubernetes:policy/v1:PodDisruptionBudget", f"b{name}", {**meta, "spec": {"selector": {}}}),
            make(QUEUE, f"q{name}", {"arn": name, "redrivePolicy": {"deadLetterTargetArn": name}}),
            make("aws:lambda/eventSourceMapping:EventSourceMapping", f"m{name}", {"eventSourceArn": name}),
        ]
    start = time.process_time()
    assert everything(ARMED, resources) > 5_000
    assert time.process_time() - start < 20


def test_the_kinds_that_make_pods_are_all_of_the_sdk() -> None:
    assert {"Pod", *TEMPLATES} >= {"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"}
