"""Counts and notable steps, system by system."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cli.review.changes import OPS, WORST, changes, count, notable
from cli.review.resources import of_preview
from tests.cli.review import made

NAMES = st.text("abcdefgh-", min_size=1, max_size=8)
STEPS = st.lists(
    st.builds(
        made.step,
        st.sampled_from([*OPS, "same", "read", "refresh"]),
        NAMES,
        st.sampled_from([made.TABLE, made.FUNCTION]),
        st.sampled_from(["async-rag", "rag-api", "compaction"]),
    ),
    max_size=30,
)


@given(STEPS)
def test_every_change_is_counted_once_and_in_its_own_system(steps: list[dict[str, object]]) -> None:
    everything = [made.holder(name) for name in ("async-rag", "rag-api", "compaction")] + steps
    found = changes(everything, of_preview(everything))
    wanted = {(str(each["urn"]), OPS[str(each["op"])]) for each in steps if each["op"] in OPS}
    assert {(each.urn, each.op) for system in found for each in system.steps} == wanted
    total: Counter[str] = Counter()
    for system in found:
        assert all(f"systems:{system.system.title()}$" in each.urn for each in system.steps)
        assert sum(system.counts.values()) == len(system.steps)
        assert [WORST.index(each.op) for each in system.steps] == sorted(WORST.index(each.op) for each in system.steps)
        total.update(system.counts)
    assert sum(total.values()) == len(wanted)


def test_what_forces_a_replacement_is_named_before_what_differs() -> None:
    forced = {"hashKey": {"kind": "update-replace"}, "tags": {"kind": "update"}}
    by_diff = made.step("replace", "a", made.TABLE, detailedDiff=forced)
    by_engine = made.step("replace", "b", made.TABLE, replaceReasons=["name"], diffReasons=["name", "tags"])
    differs = made.step("update", "c", made.TABLE, diffReasons=["q", "r", "s", "t", "u", "v"])
    assert [each.why for each in notable([by_diff, by_engine, differs])] == ["hashKey", "name", "q, r, s, t and 2 more"]


def test_a_replacement_in_three_steps_is_one_and_the_stack_itself_none() -> None:
    ops = ("delete-replaced", "create-replacement", "replace")
    steps = [made.step(op, "a", made.TABLE) for op in ops]
    root = {"op": "update", "urn": made.ROOT, "newState": {"urn": made.ROOT}}
    assert count(notable([*steps, root, made.plan()])) == {"replace": 1}


def test_each_has_the_line_that_declares_it_and_what_belongs_to_no_system_is_shared() -> None:
    own = made.step("update", "a", made.TABLE, line=7)
    apart = made.step("create", "topic", "aws:sns/topic:Topic")
    apart["newState"]["parent"] = made.ROOT
    apart["urn"] = apart["newState"]["urn"] = "urn:pulumi:prod::rollback-stack::aws:sns/topic:Topic::topic"
    steps = [made.holder(), own, apart]
    first, second = changes(steps, of_preview(steps))
    assert (first.system, str(first.steps[0].source)) == ("async-rag", "components/stores.py:7")
    assert (second.system, second.counts) == ("shared", {"create": 1})
