"""The pack's answers are those that the same rules give behind pulumi-policy's own server, finding by finding."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf import empty_pb2
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime.proto import analyzer_pb2

from core.policy_settings import PolicySettings
from policies.engine import Analyzer
from policies.pack import ConfiguredRule, configure
from policies.subject import UNKNOWN, Resource
from stacks.file import read
from tests.policies import stock
from tests.policies.cases import FACTS
from tests.policies.declared import declare
from tests.policies.requests import request, stack_request
from tests.policies.test_pack import mutated, one_of_each
from tests.policies.test_wire import SECRET, VALUES, marked

ADVISORY, MANDATORY, DISABLED, REMEDIATE = (
    analyzer_pb2.ADVISORY,
    analyzer_pb2.MANDATORY,
    analyzer_pb2.DISABLED,
    analyzer_pb2.REMEDIATE,
)
SETTINGS = {
    "committed": read("prod").policies,
    "none": PolicySettings(),
    "eased": PolicySettings.model_validate(
        {"enforcement": {"alarm-actions": "advisory", "queue-redrive": "disabled", "blast-radius": "disabled"}}
    ),
}
CONFIGURED: dict[str, Mapping[str, tuple[int, dict[str, Any]]]] = {
    "nothing": {},
    "levels": {
        "alarm-actions": (DISABLED, {}),
        "durable-store-protected": (ADVISORY, {}),
        "queue-redrive": (REMEDIATE, {}),
        "guard-present": (REMEDIATE, {}),
        "of-another-pack": (MANDATORY, {"any": 1}),
    },
    "bounds": {"workload-replicas": (MANDATORY, {"minReplicas": 9}), "blast-radius": (ADVISORY, {"maxPercent": 0.5})},
}


def both(armed: tuple[ConfiguredRule, ...], configured: Mapping[str, tuple[int, dict[str, Any]]]) -> tuple[Any, Any]:
    ours, theirs = Analyzer(armed, FACTS), stock.servicer(armed, FACTS)
    if configured:
        message = analyzer_pb2.ConfigureAnalyzerRequest()
        for name, (level, values) in configured.items():
            message.policyConfig[name].enforcementLevel = level
            message.policyConfig[name].properties.update(values)
        for each in (ours, theirs):
            each.Configure(message, None)
    return ours, theirs


@functools.cache
def samples() -> list[Resource]:
    return one_of_each()


@pytest.mark.parametrize("configured", CONFIGURED)
@pytest.mark.parametrize("chosen", SETTINGS)
def test_answers_are_those_of_the_stock_server(chosen: str, configured: str) -> None:
    resources = samples()
    ours, theirs = both(configure(SETTINGS[chosen]), CONFIGURED[configured])
    diagnostics = 0
    for resource in resources:
        for shown in (resource, replace(resource, given={}), replace(resource, given={}, protect=True, custom=False)):
            answer = ours.Analyze(request(shown), None)
            assert answer == theirs.Analyze(request(shown), None)
            diagnostics += len(answer.diagnostics)
            assert ours.Remediate(request(shown), None) == theirs.Remediate(request(shown), None)
    assert diagnostics > 10
    for shown_stack in (resources[::2], resources[1::2], []):
        message = stack_request(shown_stack)
        assert ours.AnalyzeStack(message, None) == theirs.AnalyzeStack(message, None)


def test_prod_as_a_whole_is_judged_as_by_the_stock_server() -> None:
    ours, theirs = both(configure(SETTINGS["committed"]), {})
    message = stack_request(declare("prod", "v1.2.3").stack.resources)
    assert ours.AnalyzeStack(message, None) == theirs.AnalyzeStack(message, None)


@pytest.mark.parametrize("chosen", SETTINGS)
def test_the_pack_is_described_as_by_the_stock_server(chosen: str) -> None:
    ours, theirs = both(configure(SETTINGS[chosen]), {})
    assert ours.GetAnalyzerInfo(empty_pb2.Empty(), None) == theirs.GetAnalyzerInfo(empty_pb2.Empty(), None)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(0, 50), min_size=1, max_size=6), VALUES, st.booleans())
def test_answers_are_the_same_whatever_is_shown(which: int, path: list[int], value: Any, secret: bool) -> None:
    """One property of one resource is replaced by anything; its neighbours make up the stack."""
    resources = samples()
    at = which % len(resources)
    resource = resources[at]
    props = mutated(dict(resource.props), path, marked(SECRET, value=value) if secret else value)
    shown = replace(resource, given=props if isinstance(props, dict) else {"name": UNKNOWN})
    ours, theirs = both(configure(SETTINGS["committed"]), {})
    assert ours.Analyze(request(shown), None) == theirs.Analyze(request(shown), None)
    message = stack_request([*resources[max(at - 3, 0) : at], shown, *resources[at + 1 : at + 3]])
    assert ours.AnalyzeStack(message, None) == theirs.AnalyzeStack(message, None)
