"""Pins and advice, in every way that an update can end: each printed command is typed, and leads where it says.

The engine is stood in for: what it is asked to do and how far it comes decides what runs.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
from pathlib import Path

import pytest

from cli.updates import advice, pins
from cli.updates.pins import PinRequest
from stacks.file import path_of, read
from tests.cli.typist import BETWEEN, MOVES, NEW, OLD, OTHER, STAYS, SYSTEMS, Typist, follows_its_advice

SHORT = [(MOVES, STAYS, BETWEEN), (MOVES, MOVES, STAYS), (BETWEEN, BETWEEN, MOVES)]
"""How the three systems end in the short suite."""
ENDS = [
    pytest.param(ends, marks=() if ends in SHORT else pytest.mark.long)
    for ends in itertools.product((MOVES, STAYS, BETWEEN), repeat=len(SYSTEMS))
    if set(ends) != {MOVES}
]


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("pin", [None, OTHER, pytest.param(NEW, marks=pytest.mark.long)])
@pytest.mark.parametrize("words", [f"deploy {NEW}", f"deploy {NEW} --unpin", "up"])
def test_the_whole_stack_stops_half_way(typist: Typist, ends: tuple[str, ...], pin: str | None, words: str) -> None:
    world = typist.world
    if pin:
        world.configure({"async-rag:version": pin})
        world.running["async-rag"] = pin
        world.deployed(world.settings())
    before = {name: str(release) for name, release in world.running.items()}
    if words == "up":  # somebody edited the file
        world.configure({pins.VERSION: NEW})
    asked = world.settings(pins.wanted(PinRequest("prod", NEW, unpin="unpin" in words), world.settings()))
    wanted = {name: asked.pin(name) for name in SYSTEMS}
    world.ends = dict(zip(SYSTEMS, ends, strict=True))
    code, said = typist.type(f"rollback {words} -s prod")
    if world.running == wanted:
        assert code == 0
    else:
        assert code == 255
        assert world.pinned() == {name: release or before[name] for name, release in world.running.items()}
        assert f"prod: async-rag stays at {pin}" in said or words == "up" or "--unpin" in words or pin != OTHER
        assert follows_its_advice(typist, said, before, wanted)
        world.ends = {}
        again = typist.clone(world.folder.parent / "again")
        assert typist.type("rollback up -s prod", again)[0] == 0
        assert again.running == {name: release or before[name] for name, release in world.running.items()}


@pytest.mark.parametrize("end", [STAYS, BETWEEN, MOVES])
@pytest.mark.parametrize("pin", [None, pytest.param(OLD, marks=pytest.mark.long), OTHER])
@pytest.mark.parametrize("system", [pytest.param("async-rag", marks=pytest.mark.long), *SYSTEMS[1:2]])
def test_one_system_fails(typist: Typist, system: str, pin: str | None, end: str) -> None:
    world = typist.world
    world.ends, world.code = {system: end}, 255
    if pin:
        world.configure({f"{system}:version": pin})
        world.running[system] = pin
        world.deployed(world.settings())
    before = {name: str(release) for name, release in world.running.items()}
    text = path_of("prod", world.folder).read_text()
    code, said = typist.type(f"rollback deploy {NEW} --system {system} -s prod")
    assert code == 255
    assert path_of("prod", world.folder).read_text() == text, "what failed is never pinned, however it looks"
    assert ("no release has to be brought back" in said) == (end == STAYS)
    assert follows_its_advice(typist, said, before, {system: NEW}) == (1 if end == STAYS else 2)


def test_a_failed_update_after_a_failed_update_knows_what_runs(typist: Typist) -> None:
    world = typist.world
    world.ends = {"rag-api": STAYS, "security-assistant": STAYS}
    assert typist.type(f"rollback deploy {NEW} -s prod")[0] == 255
    assert world.pinned() == {"async-rag": NEW, "rag-api": OLD, "security-assistant": OLD}
    before = {name: str(release) for name, release in world.running.items()}
    world.ends = {"rag-api": BETWEEN}
    code, said = typist.type(f"rollback deploy {NEW} --system rag-api -s prod")
    assert code == 255
    assert world.pinned() == before
    assert follows_its_advice(typist, said, before, {"rag-api": NEW}) == 2


def test_a_pin_that_a_failure_wrote_goes_with_the_next_deployment_of_the_whole_stack(typist: Typist) -> None:
    world = typist.world
    world.configure({"security-assistant:version": OLD})
    world.ends = {"rag-api": STAYS}
    assert typist.type(f"rollback deploy {NEW} -s prod")[0] == 255
    settings = world.settings()
    assert settings.project.temporary_pins == ("async-rag",)
    assert (settings.project.version, settings.own_pin("async-rag")) == (OLD, NEW)
    world.ends = {}
    for version in (OLD, NEW):
        clone = typist.clone(world.folder.parent / version)
        assert typist.type(f"rollback deploy {version} -s prod", clone)[0] == 0
        settings = clone.settings()
        assert settings.project.temporary_pins == ()
        assert (settings.project.version, settings.own_pin("async-rag")) == (version, None)
        assert settings.own_pin("security-assistant") == OLD, "a person decided on this one"


def test_a_deliberate_pin_is_kept_and_said_and_unpin_drops_it(typist: Typist) -> None:
    world = typist.world
    assert typist.type(f"rollback deploy {OTHER} --system async-rag -s prod")[0] == 0
    assert world.settings().own_pin("async-rag") == OTHER
    code, said = typist.type(f"rollback deploy {NEW} -s prod")
    assert code == 0
    unpin = f"rollback deploy {NEW} --unpin -s prod"
    assert f"prod: async-rag stays at {OTHER}: it has a pin of its own; `{unpin}` moves it too" in said
    assert world.running["async-rag"] == OTHER
    code, said = typist.type(unpin)
    assert code == 0
    assert f"async-rag has a pin of its own, {OTHER}; it goes when {NEW} runs" in said
    assert world.running == dict.fromkeys(SYSTEMS, NEW)
    assert world.settings().own_pin("async-rag") is None


def test_a_system_that_goes_to_the_stacks_version_follows_the_stack_again(typist: Typist) -> None:
    world = typist.world
    text = path_of("prod", world.folder).read_text()
    assert typist.type(f"rollback deploy {NEW} --system rag-api -s prod")[0] == 0
    code, said = typist.type(f"rollback deploy {OLD} --system rag-api -s prod")
    assert code == 0
    assert path_of("prod", world.folder).read_text() == text
    hold = f"rag-api:version {OLD}"
    assert f"with no pin of its own; `pulumi config set {hold} -s prod` would hold it there" in said
    world.configure({"rag-api:version": OLD})
    assert typist.type(f"rollback deploy {OLD} --system rag-api -s prod")[0] == 0
    assert world.settings().own_pin("rag-api") == OLD, "a person holds it"


def test_what_moves_through_a_pin_in_the_file_is_said_before_it_starts(typist: Typist) -> None:
    typist.world.configure({"async-rag:version": OTHER})
    code, said = typist.type(f"rollback deploy {NEW} --system rag-api -s prod")
    assert code == 0
    assert f"prod: async-rag moves from {OLD} to {OTHER}: that is its own pin" in said


def test_a_release_that_runs_and_fails_its_check_is_pinned_with_its_way_back(typist: Typist) -> None:
    world, before = typist.world, dict.fromkeys(SYSTEMS, OLD)
    world.fails = {"rag-api"}
    code, said = typist.type(f"rollback deploy {NEW} -s prod")
    assert code == 1
    assert f"error: rag-api of prod runs {NEW}, but fails: said" in said
    assert world.pinned() == world.running == dict.fromkeys(SYSTEMS, NEW)
    assert follows_its_advice(typist, said, before, {}) == 1


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"rag-api:canary": '{"version": "v1.2.1", "weight": 40}'}, "40 % of requests go to the canary v1.2.1"),
        ({"async-rag:route": "legacy"}, "async-rag takes the legacy route"),
        ({"security-assistant:stopped": "true"}, "security-assistant is stopped"),
    ],
)
def test_settings_that_give_users_something_else_are_told_before_and_after(
    typist: Typist, settings: dict[str, str], line: str
) -> None:
    typist.world.configure(settings)
    code, said = typist.type(f"rollback deploy {NEW} -s prod")
    assert said.count(line) == 2
    assert code == (1 if "rag-api:canary" in settings else 0)
    (key,) = settings
    assert f"`pulumi config rm {key} -s prod`, then `rollback up -s prod`" in said
    typist.world.configure({key: None})
    code, said = typist.type("rollback up -s prod")
    assert code == 0
    assert line not in said


def test_handlers_of_another_release_are_told() -> None:
    settings = read("prod", {"compaction:handlersFrom": "v1.2.2", pins.VERSION: NEW})
    assert [line.partition(":")[0] for _, line in advice.overrides(settings, PinRequest("prod", NEW))] == [
        f"compaction runs {NEW} with the handlers of v1.2.2"
    ]
    assert list(advice.overrides(settings, PinRequest("prod", NEW, "rag-api"))) == []


def test_an_update_that_was_killed_is_told_by_the_next_command_with_both_ways_on(
    typist: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = typist.world
    text = path_of("prod", world.folder).read_text()

    def killed(settings: Path, _: Path) -> int:
        shutil.copy(settings, world.folder / ".Pulumi.prod.killed.yaml")
        raise MemoryError

    monkeypatch.setattr(world, "up", killed)
    with pytest.raises(MemoryError):
        typist.type(f"rollback deploy {NEW} -s prod")
    monkeypatch.undo()
    assert path_of("prod", world.folder).read_text() == text
    (left,) = pins.abandoned("prod", world.folder)
    assert advice.killed("prod", left) == (
        f"an update was killed before it ended; `rollback deploy {NEW} -s prod` goes on with it, "
        "`rollback up -s prod` goes back"
    )
    assert pins.abandoned("prod", world.folder) == []


def test_unpin_is_for_the_whole_stack(typist: Typist) -> None:
    code, said = typist.type(f"rollback deploy {NEW} --system rag-api --unpin -s prod")
    assert code == 1
    assert said.startswith("error: --unpin is for the whole stack")


def test_two_commands_of_one_checkout_do_not_decide_on_one_reading_of_the_file(typist: Typist) -> None:
    """The first is asked something, and the second one would deploy meanwhile."""
    before = typist.world.pinned()
    with pins.held("prod", "rollback deploy v9 -s prod"):
        code, said = typist.type(f"rollback deploy {NEW} --system rag-api -s prod")
    assert code == 1
    owner = rf"pid {os.getpid()}, `rollback deploy v9 -s prod`"
    assert re.search(rf"another `rollback` updates prod from this checkout \({owner}\): wait for it", said)
    assert typist.world.pinned() == before
    assert typist.type(f"rollback deploy {NEW} --system rag-api -s prod")[0] == 0
