"""Updates that end before they should: what they say, which pins stay, and which command goes on.

The engine is stood in for: what it is asked to do and how far it comes decides what runs.
"""

from __future__ import annotations

import pytest

from cli.engine import Engine, Snapshot
from cli.pulumi_command import EngineError
from cli.updates import drift as fixing
from cli.updates import events, removals
from cli.updates import update as updating
from stacks.file import path_of
from tests.cli.typist import BETWEEN, MOVES, NEW, OLD, STAYS, SYSTEMS, Typist, follows_its_advice


def test_where_nothing_can_be_asked_no_pin_changes(typist: Typist, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise EngineError("no state")

    text = path_of("prod", typist.world.folder).read_text()
    typist.world.ends = dict.fromkeys(SYSTEMS, BETWEEN)
    monkeypatch.setattr("cli.health.status.look", broken)
    code, said = typist.type(f"rollback deploy {NEW} -s prod")
    assert code == 255
    assert "where it stands can't be told, and no pin was changed: no state" in said
    assert path_of("prod", typist.world.folder).read_text() == text


STOPPED_BEFORE = "stopped before prod was updated: no pin was changed, and nothing was deployed"
STOPPED_IN = "stopped after the update of prod had begun: no pin was changed; `rollback status -s prod` shows what runs"


@pytest.mark.parametrize(
    ("stage", "told"),
    [
        ("announce", STOPPED_BEFORE),
        ("prepare", STOPPED_BEFORE),
        ("agreed", STOPPED_BEFORE),
        ("fix", STOPPED_IN),
        ("events", STOPPED_IN),
    ],
)
def test_ctrl_c_before_the_update_has_ended_says_how_far_it_came(
    typist: Typist, monkeypatch: pytest.MonkeyPatch, stage: str, told: str
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    before = (typist.world.folder / "Pulumi.prod.yaml").read_text()
    owner, name = {
        "announce": (updating, "announce"),
        "prepare": (Engine, "prepare"),
        "agreed": (removals, "agreed"),
        "fix": (fixing, "prepare"),
        "events": (events, "read"),
    }[stage]
    monkeypatch.setattr(owner, name, interrupted)
    code, said = typist.type(f"rollback deploy {NEW} -s prod")
    assert (code, told in said) == (1, True), said
    assert [path.name for path in typist.world.folder.glob("*.yaml")] == ["Pulumi.prod.yaml"]
    assert (typist.world.folder / "Pulumi.prod.yaml").read_text() == before


def test_a_good_update_after_which_nothing_can_be_asked_says_which_command_pins_it(
    typist: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Engine) -> Snapshot:
        raise EngineError("no Pulumi backend answers")

    before = (typist.world.folder / "Pulumi.prod.yaml").read_text()
    monkeypatch.setattr(Engine, "snapshot", broken)
    code, said = typist.type(f"rollback deploy {NEW} -s prod")
    assert code == 1
    assert (
        "the update of prod ended well, but what runs can't be told, so no pin was changed: no Pulumi backend" in said
    )
    assert (
        f"Until `rollback deploy {NEW} -s prod` has run again, `rollback up -s prod` would go back to the pin" in said
    )
    assert (typist.world.folder / "Pulumi.prod.yaml").read_text() == before


FAILURES = {
    "one system stays": ({"rag-api": STAYS}, "rag-api (Alias rag-api-live)", "1 updated; 2 unchanged, 1 failed"),
    "two are between": (
        {"async-rag": BETWEEN, "rag-api": BETWEEN},
        "async-rag (Alias async-rag-live); rag-api (Alias rag-api-live)",
        "1 updated; 2 unchanged, 2 failed",
    ),
    "none moves": (
        dict.fromkeys(SYSTEMS, STAYS),
        "; ".join(f"{name} (Alias {name}-live)" for name in SYSTEMS),
        "nothing changed; 3 unchanged, 3 failed",
    ),
}


@pytest.mark.parametrize("case", FAILURES)
def test_an_update_that_failed_ends_with_one_error_line_that_says_where_and_how_far(typist: Typist, case: str) -> None:
    ends, where, numbers = FAILURES[case]
    typist.world.ends = {**dict.fromkeys(SYSTEMS, MOVES), "async-rag": STAYS if case == "none moves" else MOVES, **ends}
    typist.world.running["async-rag"] = NEW if case == "one system stays" else OLD
    code, said = typist.type(f"rollback deploy {NEW} -s prod")
    errors = [line for line in said.splitlines() if line.startswith("error:")]
    assert code == 255
    assert errors == [f"error: the update of prod failed in {where}: the reason is above"]
    assert said.splitlines()[-1] == errors[0]
    assert f"prod: {numbers}" in said.splitlines()


def test_after_ctrl_c_nothing_has_to_be_mended(typist: Typist) -> None:
    world, before = typist.world, dict.fromkeys(SYSTEMS, OLD)
    world.ends, world.interrupted = {"rag-api": BETWEEN}, True
    code, said = typist.type(f"rollback deploy {NEW} --system rag-api -s prod")
    assert code == 255
    assert "fixed" not in said
    assert f"prod: to continue: `rollback deploy {NEW} --system rag-api -s prod`" in said.splitlines()
    assert said.splitlines()[-1] == (
        "error: the update of prod was stopped (Ctrl-C) in rag-api (Alias rag-api-live): see above how far it came"
    )
    assert follows_its_advice(typist, said, before, {"rag-api": NEW}) == 2
