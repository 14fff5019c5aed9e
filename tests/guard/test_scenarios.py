"""Every trap that the engine sets for data, as a scenario: a program, steps, and the verdicts that are wanted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.state import stack_outputs_of
from guard import approvals, pack
from guard.approvals import Action
from guard.audit import Surroundings, audit
from guard.inventory import digest, durable
from guard.ledger import Entry
from guard.losses import Account, to_keep
from guard.sightings import look
from tests.guard.contents import REGION
from tests.guard.programs import STORES, declared
from tests.guard.world import STACK, Program, World, led_to, log
from tests.support.project import ROOT
from tests.support.sandbox import RunningSandbox

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]
SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.yaml"))
LONG = {
    *("analyzed_state", "changed_bucket_name", "exchanged_item", "moved_between_components", "nothing_changes"),
    *("pack_alone_hears_of_no_delete", "pack_unprotected_replacement", "queue_with_messages", "replaced_database"),
    *("save_plan", "skipped_pack", "another_physical_name", "approved_destroy", "refusal_of_the_past"),
    *("renamed_without_a_name_of_its_own", "loss_by_a_companion", "companion_without_a_parent", "empty_pack_variable"),
    *("import_in_place_of_a_managed_store", "pack_unguarded_store", "before_the_guard", "renamed_with_alias"),
    *("approved_replacement_is_no_delete", "destroy_alone", "bucket_with_its_belt", "remade_store", "destroy"),
    *("state_delete", "state_unprotect", "target", "transform_of_the_stack", "unprotected_replacement", "retained"),
    *("unregistered_hook", "without_any_guard", "read_in_place_of_a_managed_store", "approved_and_still_locked"),
    *("changed_key",),
}
"""Left to the long suite: the same trap on another type of store, or the words of a command that changes nothing."""
ENGINE = ("up", "preview", "destroy")


@pytest.fixture
def world(sandbox: RunningSandbox, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    name = request.node.callspec.params["scenario"].stem
    with led_to(sandbox):
        made = World(name.replace("_", "-"), tmp_path, sandbox)
        made.make()
        yield made


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "scenario",
    [pytest.param(path, marks=pytest.mark.long if path.stem in LONG else (), id=path.stem) for path in SCENARIOS],
)
def test_scenario(world: World, scenario: Path) -> None:
    told = yaml.safe_load(scenario.read_text())
    assert told.keys() == {"title", "row", "steps"}
    for number, step in enumerate(told["steps"], 1):
        verb = next(iter(step))
        deed = _engine if verb in ENGINE else DEEDS[verb]
        try:
            deed(world, verb, step)
        except AssertionError as error:
            raise AssertionError(f"{scenario.stem}, step {number} ({step}): {error}\n{log(world)}") from None


def _engine(world: World, verb: str, step: Mapping[str, Any]) -> None:
    flags = {name: step[name] for name in ("guard", "undone", "transform") if name in step}
    program = Program(declared(step[verb], world.project), **flags)
    words = []
    if "target" in step:
        words += ["--target", world.urn(step["target"])]
    if verb == "destroy" and step.get("run-program", True):
        words += ["--run-program"]
    if step.get("expect-no-changes"):
        words += ["--expect-no-changes"]
    if "plan" in step:
        words += ["--save-plan" if verb == "preview" else "--plan", str(world.folder / "plan.json")]
    if step.get("refresh"):
        words += ["--refresh"]
    alone = world.urn(step["alone"]) if "alone" in step else None
    pack, variable = step.get("pack", False), step.get("pack-variable")
    said = world.run(verb, program, *words, pack=pack, variable=variable, alone=alone)
    wanted = step.get("refused")
    if wanted is None:
        assert said is None, said
        return
    assert said is not None, "nothing was refused"
    if wanted is not True:
        # The engine breaks and indents the lines of what it hands on.
        assert wanted in re.sub(r"\s+", " ", said), said


def _named(world: World, step: Mapping[str, Any], verb: str) -> tuple[str, str, Mapping[str, Any]]:
    given = dict(step[verb])
    kind = next(key for key in given if key in (*STORES, "topic"))
    return kind, f"{world.project}-{given[kind]}", given


def _put(world: World, verb: str, step: Mapping[str, Any]) -> None:
    kind, physical, given = _named(world, step, verb)
    world.put(kind, physical, given["items"], given.get("first", 0), given.get("region", REGION))


def _remove(world: World, verb: str, step: Mapping[str, Any]) -> None:
    _, physical, given = _named(world, step, verb)
    world.client("dynamodb").delete_item(TableName=physical, Key={"id": {"S": given["item"]}})


def _holds(world: World, verb: str, step: Mapping[str, Any]) -> None:
    kind, physical, given = _named(world, step, verb)
    assert world.items(kind, physical, given.get("region", REGION)) == given["items"]


def _empty(world: World, verb: str, step: Mapping[str, Any]) -> None:
    kind, physical, _ = _named(world, step, verb)
    world.empty(kind, physical)


def _approve(world: World, verb: str, step: Mapping[str, Any]) -> None:
    world.approve(step[verb]["store"], Action(step[verb]["action"]))


def _recovery_point(world: World, verb: str, step: Mapping[str, Any]) -> None:
    world.recovery_point(f"{world.project}-{step[verb]}", step.get("region"))


def _unprotect(world: World, verb: str, step: Mapping[str, Any]) -> None:
    state = world.state()
    for resource in state["deployment"]["resources"]:
        resource.pop("protect", None)
    world.edit_state(state)


def _state(world: World, verb: str, step: Mapping[str, Any]) -> None:
    """What a person does to the state behind everybody's back."""
    words = {"delete": ("state", "delete", "--force", "--yes"), "unprotect": ("state", "unprotect", "--yes")}
    done = world.pulumi(*words[step[verb]["do"]], world.urn(step[verb]["store"]))
    assert done.returncode == 0, done.stderr


def _analyze(world: World, verb: str, step: Mapping[str, Any]) -> None:
    """The pack over the state as it is (`pulumi policy analyze`)."""
    path = world.folder / "export.json"
    path.write_text(json.dumps(world.state()))
    pack = ("--policy-pack", str(ROOT / "policies"))
    done = world.pulumi("policy", "analyze", "--file", str(path), *pack, stack=False)
    said = done.stdout + done.stderr
    if wanted := step.get("refused"):
        assert done.returncode != 0
        assert wanted in said, said
    else:
        assert done.returncode == 0, said


def _ledger(world: World, verb: str, step: Mapping[str, Any]) -> None:
    """What `rollback` notes after an update."""
    state, history = world.state(), world.history()
    around, given = _around(world, state), approvals.load(STACK, world.approvals)
    found = audit(state, history, world.entry, given, datetime.now(UTC), around=around)
    stay = tuple(each for each in found if each.subject)
    world.entry = Entry(
        number=1,
        at=datetime.now(UTC),
        by="tester",
        command="up",
        result="succeeded",
        version=None,
        engine_start=history[0]["startTime"],
        digest=digest(state),
        durable=durable(state),
        without_pack=pack.count(stack_outputs_of(state)),
        sightings=to_keep(world.entry, around.account, stay),
        unresolved=stay,
    )


def _around(world: World, state: Mapping[str, Any]) -> Surroundings:
    """What the account says of the stores in the state."""
    account = str(world.client("sts").get_caller_identity()["Account"])
    return Surroundings(account=Account(*look(durable(state).values(), account, REGION)))


def _in_account(world: World, verb: str, step: Mapping[str, Any]) -> None:
    """What a person deletes in the console."""
    world.delete_table(f"{world.project}-{step[verb]}")


def _audit(world: World, verb: str, step: Mapping[str, Any]) -> None:
    """The kinds of findings that the audit has."""
    given = approvals.load(STACK, world.approvals)
    state = world.state()
    around = _around(world, state)
    found = audit(state, world.history(), world.entry, given, datetime.now(UTC), around=around)
    assert {each.kind for each in found} == set(step[verb]), found


DEEDS: Mapping[str, Callable[[World, str, Mapping[str, Any]], None]] = {
    "put": _put,
    "remove": _remove,
    "holds": _holds,
    "empty": _empty,
    "approve": _approve,
    "recovery-point": _recovery_point,
    "unprotect": _unprotect,
    "state": _state,
    "analyze": _analyze,
    "ledger": _ledger,
    "audit": _audit,
    "delete-in-account": _in_account,
}
