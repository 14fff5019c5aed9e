"""Reading previews and states."""

from __future__ import annotations

from typing import Any

import pytest

from policies.checkov.errors import CheckovError
from policies.checkov.resources import Source, is_state, position, read
from tests.policies.checkov.previews import BUCKET, TABLE, preview, state, step, stores, urn


def names(document: dict[str, Any]) -> list[str]:
    return [each.name for each in read(document)]


def test_a_preview_holds_what_will_exist() -> None:
    found = names(stores())
    assert "kept" in found
    assert "gone" not in found, "what is deleted"
    assert "shop" not in found, "a component"
    assert next(each for each in read(stores()) if each.name == "found").external


def test_a_replacement_counts_once_by_what_it_becomes() -> None:
    document = preview(
        step(BUCKET, "one", {"bucket": "new"}, "create-replacement"),
        step(BUCKET, "one", {"bucket": "new"}, "replace"),
        {"op": "delete-replaced", "urn": urn(BUCKET, "one"), "oldState": state(BUCKET, "one", {"bucket": "old"})},
    )
    (one,) = read(document)
    assert one.inputs == {"bucket": "new"}


def test_a_state_holds_the_same() -> None:
    document = {
        "version": 3,
        "deployment": {
            "resources": [
                {"urn": urn("pulumi:pulumi:Stack", "shop-prod"), "custom": False, "type": "pulumi:pulumi:Stack"},
                state(BUCKET, "one", {"bucket": "one"}, propertyDependencies={"bucket": []}),
                state(BUCKET, "one", {"bucket": "before"}, delete=True),
                state("kubernetes:core/v1:Namespace", "two", external=True),
            ]
        },
    }
    one, two = read(document)
    assert is_state(document)
    assert (one.operation, one.inputs, one.depends) == ("same", {"bucket": "one"}, {})
    assert two.external


def test_an_empty_stack_is_no_error() -> None:
    assert read({"changeSummary": {}}) == []
    assert read({"deployment": {"resources": None}}) == []


@pytest.mark.parametrize("document", [{}, {"resources": []}, {"deployment": "x"}])
def test_anything_else_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(CheckovError, match="neither a preview"):
        read(document)


def test_a_preview_without_what_stays_is_refused() -> None:
    document = {**preview(step(BUCKET, "one", op="update")), "changeSummary": {"update": 1, "same": 3}}
    with pytest.raises(CheckovError, match=r"leaves out 3 unchanged resources.*--show-sames"):
        read(document)


def test_a_preview_that_failed_is_refused() -> None:
    diagnostics = [{"severity": "warning", "message": "old"}, {"severity": "error", "message": "no\ncredentials"}]
    with pytest.raises(CheckovError, match=r"^the preview failed: no credentials$"):
        read({**preview(step(BUCKET, "one")), "diagnostics": diagnostics})


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("project:///components/common/queue.py#35", Source(file="components/common/queue.py", line=35)),
        ("project:///a%20b/shop.ts#12,5", Source(file="a b/shop.ts", line=12, column=5)),
        ("file:///srv/shop/main.go#7,1", Source(file="/srv/shop/main.go", line=7, column=1)),
        ("project:///shop.py#12,0", Source(file="shop.py", line=12)),
        ("project:///../host/child.py#197", None),
        ("project:///.venv/lib/python3.11/site-packages/pulumi/runtime/stack.py#214", None),
        ("project:///node_modules/@pulumi/aws/s3.js#1", None),
        ("file:///usr/lib/python3/dist-packages/x.py#3", None),
        ("project:///shop.py", None),
        ("project:///shop.py#0", None),
        ("", None),
    ],
)
def test_source_positions(uri: str, expected: Source | None) -> None:
    assert position(uri) == expected


def test_the_trace_is_the_projects_own_lines() -> None:
    frames = ["project:///parts.py#3", "project:///parts.py#3", "project:///../x.py#1", "", "project:///__main__.py#9"]
    trace = [{"sourcePosition": each} if each else {} for each in frames]
    (one,) = read(preview(step(TABLE, "one", sourcePosition="project:///parts.py#3", stackTrace=trace)))
    assert [str(each) for each in one.trace] == ["parts.py:3", "__main__.py:9"]


@pytest.mark.parametrize(
    ("goal", "inputs", "expected"),
    [
        pytest.param({"deleteBeforeReplace": True}, {}, True, id="the program says so"),
        pytest.param({"deleteBeforeReplace": False}, {"name": "shop"}, False, id="the program says the other"),
        pytest.param({}, {}, False, id="the engine creates first"),
        pytest.param({}, {"name": "shop"}, True, id="the provider can't have a name twice"),
        pytest.param({}, {"name": "shop-1a2b", "__defaults": ["name"]}, False, id="a name that the provider made up"),
    ],
)
def test_an_update_plan_tells_the_order_of_replacement(
    goal: dict[str, Any], inputs: dict[str, Any], expected: bool
) -> None:
    plan = {"resourcePlans": {urn(BUCKET, "one"): {"goal": goal or {"type": BUCKET}}}}
    (one,) = read(preview(step(BUCKET, "one", inputs)), plan)
    assert one.deleted_first is expected
    (untold,) = read(preview(step(BUCKET, "one", inputs)))
    assert untold.deleted_first is None


def test_what_is_no_update_plan_is_told() -> None:
    with pytest.raises(CheckovError, match="not an update plan; make it with"):
        read(preview(step(BUCKET, "one")), {"steps": []})
