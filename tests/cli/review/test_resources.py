"""Where a resource belongs, and the line that declares it."""

from __future__ import annotations

from cli.review.resources import of_preview, of_state
from tests.cli.review import made


def test_a_resource_without_a_line_has_that_of_what_it_lies_in() -> None:
    component = made.holder()
    component["newState"]["sourcePosition"] = "project:///components/__init__.py#31"
    table = made.step("same", "jobs", made.TABLE)
    bare = made.step("same", "files", made.BUCKET)
    del bare["newState"]["sourcePosition"]
    found = of_preview([component, table, bare])
    assert str(found.source(table["urn"])) == "components/stores.py:12"
    assert str(found.source(bare["urn"])) == "components/__init__.py:31"
    assert found.source("urn:unknown") is None


def test_parents_that_lie_in_each_other_end_the_search() -> None:
    one, other = (made.step("same", name, made.TABLE) for name in ("one", "other"))
    for step, parent in ((one, other), (other, one)):
        del step["newState"]["sourcePosition"]
        step["newState"]["parent"] = parent["urn"]
    assert of_preview([one, other]).source(one["urn"]) is None


def test_what_a_preview_never_came_to_is_in_the_state() -> None:
    old = made.step("same", "jobs", made.TABLE, line=7)["newState"]
    before = of_state({"deployment": {"resources": [made.holder()["newState"], old]}})
    found = of_preview([]).over(before)
    assert (found.system(old["urn"]), str(found.source(old["urn"]))) == ("async-rag", "components/stores.py:7")
    assert found.states[old["urn"]] == old
    moved = of_preview([made.step("update", "jobs", made.TABLE, line=9)]).over(before)
    assert str(moved.source(old["urn"])) == "components/stores.py:9"
