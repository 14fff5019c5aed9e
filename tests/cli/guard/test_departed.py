"""What left the state beside stores: what of it is wanted, still stands and is the stack's own comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from cli import killed_updates as interrupted
from cli.engine import Engine
from cli.guard import departed
from cli.killed_updates.search import Inventory
from cli.pulumi_command import EngineError
from cli.review import preview
from cli.review.errors import ReviewError
from cli.review.preview import Preview
from guard.ledger import Chain
from stacks.file import read
from tests.guard.states import noted, resource, state, urn

ROLE, API, PART = "aws:iam/role:Role", "aws:apigatewayv2/api:Api", "aws:apigatewayv2/integration:Integration"
POLICY, QUEUE = "aws:iam/rolePolicy:RolePolicy", "aws:sqs/queue:Queue"
SYSTEM = "rollback:systems:Shop"
PROVIDER = f"{urn('own', 'pulumi:providers:aws')}::1"
OWN = resource("own", "pulumi:providers:aws", id="1", protect=False)
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def made(name: str, kind: str = ROLE, **changes: Any) -> dict[str, Any]:
    """What a preview tells of a resource that it would create."""
    given = {"urn": urn(name, kind), "type": kind, "custom": True, "provider": PROVIDER, "inputs": {"name": name}}
    return {**given, **changes}


def system(**changes: Any) -> dict[str, Any]:
    return {"urn": urn("shop", SYSTEM), "type": SYSTEM, "custom": False, **changes}


def steps(*wanted: dict[str, Any], op: str = "create") -> list[dict[str, Any]]:
    return [{"op": op, "urn": each["urn"], "newState": each} for each in wanted]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What stands in the account, by the name in the inputs: the import ids."""
    there: dict[str, list[str]] = {}
    for kind in (ROLE, API, PART, QUEUE):
        monkeypatch.setitem(interrupted.FINDERS, kind, lambda inputs, _: there.get(inputs["name"], []))
    return there


@pytest.mark.parametrize(
    ("step", "known"),
    [
        (steps(made("worker")), {}),  # the stack never had it
        (steps(made("there")), {urn("there", ROLE): "there"}),  # the state has it
        (steps(made("worker"), op="update"), {urn("worker", ROLE): "worker"}),
        (steps(made("jobs", QUEUE)), {urn("jobs", QUEUE): "jobs"}),  # a store: a person names it
    ],
)
def test_nothing_else_is_wanted(step: list[dict[str, Any]], known: dict[str, str]) -> None:
    assert departed.wanted_of(step, state(resource("there", ROLE)), known) == []
    worker = made("worker")
    assert departed.wanted_of(steps(worker), state(), {worker["urn"]: "worker"}) == [worker]


@pytest.mark.parametrize(
    ("wanted", "there", "before"),
    [
        (made("worker"), ["worker"], "worker"),
        (made("api", API), ["a1"], "a1"),
        (made("part", PART), ["a1/p1"], "p1"),  # an import id begins with the id of what it lies in
        (system(), [], ""),
    ],
)
def test_what_stands_and_is_the_stacks_has_a_place_in_the_state(
    account: dict[str, list[str]], wanted: dict[str, Any], there: list[str], before: str
) -> None:
    account[str((wanted.get("inputs") or {}).get("name"))] = there
    (found,) = departed.standing([wanted], state(OWN), {wanted["urn"]: before}, Inventory("us-east-1"))
    assert found.get("id") == (there[0] if there else None)
    assert (found["urn"], found["custom"]) == (wanted["urn"], wanted["custom"])
    assert "outputs" not in found, "what was read already isn't read again"


@pytest.mark.parametrize(
    ("wanted", "there", "before", "present"),
    [
        (made("worker"), [], "worker", [OWN]),  # it doesn't stand any more
        (made("api", API), ["another"], "a1", [OWN]),  # one of the name is another's
        (made("part", PART), ["a1/another"], "p1", [OWN]),
        (made("worker"), ["worker"], "worker", []),  # its provider isn't in the state
        (made("worker", provider=f"{urn('own', 'pulumi:providers:aws')}::{UNKNOWN}"), ["worker"], "worker", [OWN]),
        (made("worker", parent=urn("shop", SYSTEM)), ["worker"], "worker", [OWN]),  # nor what it lies in
        (made("worker"), ["worker"], "worker", [OWN, resource("renamed", ROLE, id="worker")]),  # under another URN
        (made("own", "pulumi:providers:aws"), [], "1", [resource("x")]),
    ],
)
def test_anything_else_stays_out(
    account: dict[str, list[str]],
    wanted: dict[str, Any],
    there: list[str],
    before: str,
    present: list[dict[str, Any]],
) -> None:
    account[wanted["inputs"]["name"]] = there
    assert departed.standing([wanted], state(*present), {wanted["urn"]: before}, Inventory("us-east-1")) == []


def test_inputs_that_a_preview_doesnt_tell_and_ties_to_what_is_gone_stay_out(account: dict[str, list[str]]) -> None:
    account["worker"] = ["worker"]
    told = {"name": "worker", "key": "[secret]", "arn": UNKNOWN, "tags": {"a": f"x-{UNKNOWN}"}, "path": "/"}
    gone, here = urn("gone"), PROVIDER.rpartition("::")[0]
    wanted = made(
        "worker", inputs=told, dependencies=[gone, here], propertyDependencies={"arn": [gone]}, outputs={"a": 1}
    )
    (found,) = departed.standing([wanted], state(OWN), {wanted["urn"]: "worker"}, Inventory("us-east-1"))
    assert found["inputs"] == {"name": "worker", "path": "/"}
    assert found["dependencies"] == [here]
    assert found["propertyDependencies"] == {"arn": []}


class Stack:
    """A stack whose program wants some things, and whose state lacks them."""

    def __init__(self, *wanted: dict[str, Any], ids: Mapping[str, str]) -> None:
        self.wanted = wanted
        self.state = state(OWN)
        self.chain = Chain((noted(self.state, None, others={each["urn"]: ids[each["urn"]] for each in wanted}),), {}, 1)
        self.refreshed: list[list[str]] = []
        self.previews = 0
        self.breaks = False
        self.drops: set[str] = set()

    def preview(self, *_: Any) -> Preview:
        present = {each["urn"] for each in self.state["deployment"]["resources"]}
        self.previews += 1
        return Preview({"steps": steps(*(each for each in self.wanted if each["urn"] not in present))})

    def write(self, wanted: Mapping[str, Any]) -> None:
        self.state = dict(wanted)

    def refresh(self, urns: Sequence[str]) -> None:
        if self.breaks:
            raise EngineError("the provider can't read worker")
        self.refreshed.append(list(urns))
        kept = [each for each in self.state["deployment"]["resources"] if each["urn"] not in self.drops]
        self.state = state(*kept)

    def attach(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Engine, "state", lambda _: self.state)
        monkeypatch.setattr(Engine, "write", lambda _, wanted: self.write(wanted))
        monkeypatch.setattr(Engine, "refresh", lambda _, urns: self.refresh(urns))
        monkeypatch.setattr(preview, "run", self.preview)

    def take(self) -> departed.Departed:
        return departed.take(read("prod"), Engine("prod"), self.chain)


def stack(*wanted: dict[str, Any], **ids: str) -> Stack:
    given = {each["urn"]: ids.get(each["urn"].rpartition("::")[2], "") for each in wanted}
    return Stack(*wanted, ids=given)


def test_what_lies_in_something_is_found_once_that_is_known(
    monkeypatch: pytest.MonkeyPatch, account: dict[str, list[str]]
) -> None:
    worker, policy, lost = made("worker"), made("rights", POLICY), made("lost")
    part = made("part", PART, parent=urn("worker", ROLE))
    here = stack(worker, part, policy, lost, worker="worker", part="p1", rights="w:r", lost="lost")
    here.attach(monkeypatch)
    account["worker"] = ["worker"]
    refresh = here.refresh

    def once_known(urns: Sequence[str]) -> None:
        refresh(urns)
        account["part"] = ["a1/p1"]

    here.refresh = once_known  # type: ignore[method-assign]
    done = here.take()
    assert done.taken == (worker["urn"], part["urn"])
    assert (done.rewritten, done.remade) == ((policy["urn"],), (lost["urn"],))
    assert here.refreshed == [[worker["urn"]], [part["urn"]]]
    assert done.refreshes == 2


def test_where_nothing_has_left_nothing_is_previewed(monkeypatch: pytest.MonkeyPatch) -> None:
    here = stack()
    here.attach(monkeypatch)
    assert (here.take(), here.previews) == (departed.Departed(), 0)


def test_where_all_is_found_at_once_one_preview_does(
    monkeypatch: pytest.MonkeyPatch, account: dict[str, list[str]]
) -> None:
    here = stack(system(), made("worker", parent=urn("shop", SYSTEM)), made("rights", POLICY), worker="worker")
    here.attach(monkeypatch)
    account["worker"] = ["worker"]
    assert len(here.take().taken) == 2
    assert here.previews == 1


def test_what_a_refresh_doesnt_find_after_all_is_made(
    monkeypatch: pytest.MonkeyPatch, account: dict[str, list[str]]
) -> None:
    worker = made("worker")
    here = stack(worker, made("other"), worker="worker", other="other")
    here.attach(monkeypatch)
    account["worker"], here.drops = ["worker"], {worker["urn"]}
    done = here.take()
    assert done.taken == ()
    assert worker["urn"] in done.remade
    assert len(here.refreshed) == 1, "it isn't tried again"


def test_what_cant_be_read_leaves_the_state_as_it_was(
    monkeypatch: pytest.MonkeyPatch, account: dict[str, list[str]]
) -> None:
    here = stack(made("worker"), worker="worker")
    here.attach(monkeypatch)
    account["worker"], here.breaks, before = ["worker"], True, here.state
    with pytest.raises(EngineError, match="can't read worker"):
        here.take()
    assert here.state == before


def test_a_program_that_cant_be_previewed_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = stack(made("worker"), worker="worker")
    here.attach(monkeypatch)

    def broken(*_: Any) -> Preview:
        raise ReviewError("the passphrase is missing")

    monkeypatch.setattr(preview, "run", broken)
    with pytest.raises(EngineError, match="what else has left the state can't be told: the passphrase is missing"):
        here.take()


def test_an_older_id_doesnt_hide_a_newer_one() -> None:
    name = urn("api", API)
    entries = tuple(noted(state(), None, number=at, others={name: given}) for at, given in ((1, "a1"), (2, "a2")))
    assert departed.had(Chain(entries, {}, 2)) == {name: "a2"}
