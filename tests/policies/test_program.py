"""Every release of every stack passes every policy: in a first preview, when ARNs are unknown, and in an update."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from _pytest.mark import ParameterSet

from core.state import STACK
from guard.marks import PLAN
from policies.functions import Functions
from policies.pack import RULES, configure, load_context, read_settings
from policies.queues import buried, redrives
from policies.rule import PolicyContext, PolicyViolation, ResourceRule, StackRule, judge, judge_stack
from policies.subject import Resource
from stacks.releases import versions
from stacks.settings import STACKS
from tests.policies.declared import declare, settings

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def findings(stack: str, version: str, known: bool) -> list[tuple[str, PolicyViolation]]:
    config = {**settings(stack), "rollback-stack:version": version}
    facts = load_context(stack, config, lambda: NOW)
    declared = declare(stack, version, known)
    found: list[tuple[str, PolicyViolation]] = []
    for armed in configure(read_settings(config)):
        rule = armed.rule
        if isinstance(rule, ResourceRule):
            for resource in declared.resources:
                found += [(rule.name, each) for each in judge(rule, resource, armed.config, facts)]
        elif isinstance(rule, StackRule):
            found += [(rule.name, each) for each in judge_stack(rule, declared.stack, armed.config, facts)]
    return found


CASES = [
    *((stack, version, True) for stack in STACKS for version in versions()),
    *(("prod", version, False) for version in (versions()[0], versions()[-1])),
]


def case(stack: str, version: str, known: bool) -> ParameterSet:
    """What was published can't change any more: every run tries the newest release only (``newest_always``)."""
    marks = () if version == versions()[-1] else pytest.mark.long
    return pytest.param(stack, version, known, marks=marks, id=f"{stack}-{version}-{'update' if known else 'preview'}")


@pytest.mark.parametrize(("stack", "version", "known"), [case(*each) for each in CASES])
def test_no_release_violates_a_policy(stack: str, version: str, known: bool) -> None:
    assert [f"{name}: {found.text}" for name, found in findings(stack, version, known)] == []


def test_the_checks_have_something_to_look_at() -> None:
    """Every type that a policy names and this project declares is really looked at."""
    declared = declare("prod", "v1.2.3")
    types = {resource.type for resource in declared.resources}
    rules = [rule for rule in RULES if isinstance(rule, ResourceRule)]
    looked_at = {kind for kind in types if any(kind in rule.types for rule in rules)}
    assert len(looked_at) >= 20
    functions = Functions(declared.stack)
    assert len(functions.taking_traffic) == 14
    assert all(call.alias is not None for call in functions.calls)
    assert len(redrives(declared.stack)) == 5
    assert {queue.name for queue in buried(declared.stack)} == {"async-rag-uploads-dlq", "compaction-stream-dlq"}


def test_the_planned_rollback_fits_into_the_blast_radius() -> None:
    """v1.2.3 -> v1.2.1 takes the asynchronous path away (runbook async-rag, level 2), and that needs no approval."""
    before, after = (declare("prod", version).stack for version in ("v1.2.3", "v1.2.1"))
    systems = {each.urn: before.system(each) for each in before.resources if each.type != STACK}
    gone = systems.keys() - {each.urn for each in after.resources}
    assert {systems[urn] for urn in gone} == {"async-rag"}
    of_the_system = [urn for urn, system in systems.items() if system == "async-rag"]
    figures = {"async-rag": {"before": len(of_the_system), "removed": len(gone), "replaced": 0}}
    plan = Resource(PLAN, "rollback-plan", "urn:plan", {"systems": figures})
    for stack in STACKS:
        armed = next(each for each in configure(read_settings(settings(stack))) if each.rule.name == "blast-radius")
        assert isinstance(armed.rule, ResourceRule)
        facts = PolicyContext(stack, lambda: NOW)
        assert list(judge(armed.rule, plan, armed.config, facts)) == []
        assert list(judge(armed.rule, plan, armed.rule.config(), facts)) != []
