"""What an update deletes or replaces is shown, and asked for before it starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer

from cli.pulumi_command import EngineError
from cli.review.model import Step, SystemChanges
from cli.updates import removals

SETTINGS = Path("Pulumi.prod.yaml")
DEPLOYED = {"deployment": {"resources": [{"type": "pulumi:pulumi:Stack"}]}}


def step(op: str, name: str, token: str = "aws:lambda/function:Function") -> Step:
    return Step(op=op, type=token, name=name, urn=f"urn::{name}", why="", source=None)


GOING = (
    SystemChanges(
        system="async-rag",
        counts={"delete": 2, "replace": 1, "update": 1},
        steps=(
            step("delete", "b"),
            step("delete", "a"),
            step("replace", "table", "aws:dynamodb/table:Table"),
            step("update", "c"),
        ),
    ),
    SystemChanges(system="rag-api", counts={"update": 2}, steps=(step("update", "d"), step("update", "e"))),
)
STAYING = GOING[1:]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A real account, a person at a terminal who answers, and what the update would do."""
    world: dict[str, Any] = {"local": False, "terminal": True, "answer": "", "found": GOING, "looked": 0}

    def look(*_: object) -> Any:
        world["looked"] += 1
        return world["found"]

    def confirm(_: str, *, abort: bool, err: bool) -> None:
        assert abort
        assert err
        if world["answer"] != "y":
            raise typer.Abort

    monkeypatch.setattr(removals, "is_local", lambda: world["local"])
    monkeypatch.setattr(removals, "look", look)
    monkeypatch.setattr("sys.stdin", type("Input", (), {"isatty": lambda _: world["terminal"]})())
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: world["answer"])
    monkeypatch.setattr(typer, "confirm", confirm)
    return world


def agreed(stack: str = "prod", *, yes: bool = False, state: Any = DEPLOYED) -> bool:
    try:
        removals.agreed(stack, SETTINGS, state, yes=yes)
    except typer.Abort:
        return False
    return True


def test_what_goes_is_shown_by_system_and_type(world: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    world["answer"] = "prod"
    assert agreed()
    assert capsys.readouterr().err.splitlines() == [
        "prod: async-rag: 1 updated, 1 replaced, 2 deleted",
        "prod:   deleted: 2 Function: a, b",
        "prod:   replaced: 1 Table: table",
        "prod: rag-api: 2 updated",
    ]


def test_of_many_names_the_first_are_shown() -> None:
    names = tuple(step("delete", f"n{number}") for number in range(9))
    lines = removals.summary([SystemChanges(system="rag-api", counts={"delete": 9}, steps=names)])
    assert lines == ["rag-api: 9 deleted", "  deleted: 9 Function: n0, n1, n2, n3, n4, n5 and 3 more"]


@pytest.mark.parametrize(
    ("stack", "answer", "goes_on"),
    [
        ("prod", "prod", True),
        ("prod", "y", False),
        ("prod", "", False),
        ("prod", "staging", False),
        ("staging", "y", True),
        ("staging", "n", False),
    ],
)
def test_prods_name_is_typed_and_another_stack_is_a_yes(
    world: dict[str, Any], stack: str, answer: str, goes_on: bool
) -> None:
    world["answer"] = answer
    assert agreed(stack) is goes_on


def test_an_update_that_deletes_nothing_asks_nothing(world: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    world["found"] = STAYING
    assert agreed()
    assert capsys.readouterr().err == ""


def test_a_pipeline_says_yes_beforehand_and_sees_what_goes(
    world: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    world["terminal"] = False
    assert agreed(yes=True)
    assert "prod:   deleted: 2 Function: a, b" in capsys.readouterr().err
    with pytest.raises(EngineError, match=r"^3 resources of prod would go: give --yes where nobody can be asked$"):
        agreed()


def test_no_preview_is_made_whose_answer_matters_to_nobody(world: dict[str, Any]) -> None:
    assert agreed(state={})
    assert agreed(state={"deployment": {"resources": None}})
    world["local"], world["terminal"] = True, False
    assert agreed()
    assert world["looked"] == 0
    world["terminal"] = True
    assert not agreed()
    assert world["looked"] == 1
