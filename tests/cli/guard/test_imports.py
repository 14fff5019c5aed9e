"""``rollback guard import``: which store is taken back into the state, where it is put, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli import rollback
from cli.engine import Engine, Snapshot
from cli.guard import departed
from cli.guard.departed import Departed
from cli.pulumi_command import EngineError
from guard.command import auditing
from guard.ledger import Chain, Ledger
from guard.sightings import Sighting
from tests.guard.states import TABLE, noted, resource, state, urn
from tests.support.typed import with_stack

MADE = datetime(2026, 11, 1, tzinfo=UTC)
PROVIDER = "urn:pulumi:prod::rollback-stack::pulumi:providers:aws::own::1"
OTHER = PROVIDER.replace("own", "other")
WITHIN = "urn:pulumi:prod::rollback-stack::rollback:systems:Shop::shop"
INSIDE = f"urn:pulumi:prod::rollback-stack::rollback:systems:Shop${TABLE}::orders"


def component() -> dict[str, Any]:
    return {"urn": WITHIN, "type": "rollback:systems:Shop", "custom": False}


def of(provider: str, name: str, **changes: Any) -> dict[str, Any]:
    return resource(name, **{"provider": provider, **changes})


def orders(**changes: Any) -> dict[str, Any]:
    return of(PROVIDER, "orders", **{"urn": INSIDE, "parent": WITHIN, **changes})


class Stack:
    """prod with a ledger, a state and an account."""

    def __init__(self, before: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]]) -> None:
        self.state = state(*now)
        first = {each["urn"]: Sighting(there=True, created=MADE) for each in before}
        self.chain = Chain((noted(state(*before), None, sightings=first), noted(self.state, None, number=2)), {}, 2)
        self.account: dict[str, Sighting] = {}
        self.unasked: dict[str, str] = {}
        self.refreshed: list[str] = []
        self.read: dict[str, Any] = {}
        """What a refresh changes of the store."""
        self.drops = False
        """Whether a refresh finds nothing, and lets go of it."""
        self.meanwhile = False
        """Whether somebody changes the state before it is written."""
        self.noted: list[auditing.Noted] = []
        self.prepared: list[int] = []
        self.departed: list[Departed | EngineError] = []
        """What becomes of that which left beside stores, call by call; nothing has left where it is empty."""

    def write(self, wanted: Mapping[str, Any]) -> None:
        self.state = dict(wanted)

    def refresh(self, urns: Sequence[str]) -> None:
        self.refreshed.extend(urns)
        every = self.state["deployment"]["resources"]
        known = {"arn": "arn:aws:dynamodb:us-east-1:1:table/orders", "region": "us-east-1"}
        read = {"inputs": {"name": "orders"}, "outputs": known, **self.read}
        kept = [{**each, **read} if each["urn"] in urns else each for each in every]
        self.write(state(*(each for each in kept if not (self.drops and each["urn"] in urns))))

    def snapshot(self) -> Snapshot:
        found = Snapshot(self.state, [])
        if self.meanwhile:
            self.state = state(*self.state["deployment"]["resources"], resource("new"))
        return found

    def take(self) -> Departed:
        found = self.departed.pop(0) if self.departed else Departed()
        if isinstance(found, EngineError):
            raise found
        return found

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        return {each["urn"]: each for each in self.state["deployment"]["resources"]}

    def attach(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Engine, "state", lambda _: self.state)
        monkeypatch.setattr(Engine, "write", lambda _, wanted: self.write(wanted))
        monkeypatch.setattr(Engine, "refresh", lambda _, urns: self.refresh(urns))
        monkeypatch.setattr(Engine, "prepare", lambda *_: self.prepared.append(1))
        monkeypatch.setattr(Engine, "snapshot", lambda _: self.snapshot())
        monkeypatch.setattr(auditing, "note", lambda _settings, _left, _last, noted: self.noted.append(noted))
        monkeypatch.setattr(Ledger, "read", lambda _: self.chain)
        monkeypatch.setattr(departed, "take", lambda *_: self.take())
        monkeypatch.setattr("core.aws.account", lambda _: "1")
        monkeypatch.setattr(auditing, "seen", lambda *_: (self.account, self.unasked))


def run(monkeypatch: pytest.MonkeyPatch, stack: Stack, *words: str) -> int:
    stack.attach(monkeypatch)
    monkeypatch.setattr("sys.argv", ["rollback", *with_stack(("guard", "import", *words))])
    return rollback.main()


@pytest.mark.parametrize("word", ["orders", INSIDE])
def test_the_very_store_is_put_where_it_was_and_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    beside = of(OTHER, "far"), component(), of(PROVIDER, "near", urn=INSIDE.replace("orders", "near"), parent=WITHIN)
    stack = Stack([*beside, orders()], beside)
    stack.account = {INSIDE: Sighting(there=True, created=MADE)}
    assert run(monkeypatch, stack, word) == 0
    assert "next: `rollback up -s prod`" in capsys.readouterr().out
    taken = stack.resources[INSIDE]
    assert (taken["id"], taken["type"], taken["parent"], taken["provider"]) == ("orders", TABLE, WITHIN, PROVIDER)
    assert (taken["protect"], taken["retainOnDelete"], taken["custom"]) == (True, True, True)
    assert list(stack.resources).index(INSIDE) > list(stack.resources).index(WITHIN)
    assert stack.refreshed == [INSIDE]
    assert stack.prepared, "what a killed update left is settled first"
    (noted,) = stack.noted
    assert (noted.result, noted.command) == ("imported", f"rollback guard import {word} -s prod")
    assert "store-gone" not in {each.kind for each in noted.found}


def test_where_nothing_lies_beside_it_the_stacks_only_provider_is_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stack = Stack([component(), of(PROVIDER, "far"), orders()], [component(), of(PROVIDER, "far")])
    stack.account = {INSIDE: Sighting(there=True, created=MADE)}
    assert run(monkeypatch, stack, "orders") == 0
    assert stack.resources[INSIDE]["provider"] == PROVIDER


GONE = "isn't in the account any more: `rollback recovery list --store orders -s prod`"
BY_HAND = "put `import_='orders'` into its options in the program, run `rollback up -s prod`, and take it out again"


@pytest.mark.parametrize(
    ("now", "account", "unasked", "word", "said"),
    [
        ([component()], {INSIDE: Sighting(there=False)}, {}, "orders", GONE),
        (
            [component()],
            {INSIDE: Sighting(there=True, created=MADE + timedelta(days=1))},
            {},
            "orders",
            "was made since, and isn't the one that left the state",
        ),
        ([component()], {}, {INSIDE: "AccessDenied"}, "orders", f"isn't known (AccessDenied): where it is, {BY_HAND}"),
        ([component()], {}, {}, "orders", f"no look at a {TABLE} is built in"),
        ([], {INSIDE: Sighting(there=True)}, {}, "orders", f"which isn't in the state either: {BY_HAND}"),
        (
            [component()],
            {INSIDE: Sighting(there=True)},
            {},
            "orders",
            "which of the 0 providers for aws orders has",
        ),
        (
            [component(), of(PROVIDER, "one"), of(OTHER, "two")],
            {INSIDE: Sighting(there=True)},
            {},
            "orders",
            "which of the 2 providers for aws orders has isn't known",
        ),
        ([component()], {}, {}, "order", "did you mean orders?"),
        ([component(), orders()], {}, {}, "orders", f"in the state of prod ({INSIDE}): nothing has"),
        ([component(), orders()], {}, {}, "labels", "the ledger of prod knows no store that left the state"),
    ],
)
def test_anything_else_is_one_line_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    now: list[dict[str, Any]],
    account: dict[str, Sighting],
    unasked: dict[str, str],
    word: str,
    said: str,
) -> None:
    stack = Stack([component(), orders()], now)
    stack.account, stack.unasked = account, unasked
    before = stack.state
    assert run(monkeypatch, stack, word) != 0
    told = capsys.readouterr().err
    assert said in told
    assert told.count("error: ") == 1
    assert (stack.state, stack.refreshed) == (before, [])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"drops": True}, "the provider of what lies beside orders finds nothing"),
        (
            {"read": {"outputs": {"arn": "arn:aws:dynamodb:eu-west-1:1:table/orders", "region": "eu-west-1"}}},
            "the provider of what lies beside orders leads to",
        ),
        ({"meanwhile": True}, "another command changed the state meanwhile"),
    ],
)
def test_what_isnt_the_store_after_all_leaves_the_state_as_it_was(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], said: str
) -> None:
    stack = Stack([component(), of(PROVIDER, "far"), orders()], [component(), of(PROVIDER, "far")])
    stack.account = {INSIDE: Sighting(there=True, created=MADE)}
    vars(stack).update(changes)
    assert run(monkeypatch, stack, "orders") != 0
    assert said in capsys.readouterr().err
    assert INSIDE not in stack.resources
    assert stack.noted == []


def test_a_store_that_has_another_urn_now_is_no_store_that_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = Stack([component(), orders()], [component(), of(PROVIDER, "orders")])
    assert run(monkeypatch, stack, "orders") != 0
    assert "nothing has to be taken back" in capsys.readouterr().err


def test_a_store_that_waits_for_its_delete_isnt_put_in_front_of_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = Stack([component(), orders()], [component(), orders(delete=True)])
    stack.account = {INSIDE: Sighting(there=True, created=MADE)}
    assert run(monkeypatch, stack, "orders") != 0
    assert "`rollback up -s prod` first" in capsys.readouterr().err


def test_the_rest_of_an_edit_is_told_and_noted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    others = of(PROVIDER, "far"), of(PROVIDER, "near")
    stack = Stack([component(), *others, orders()], [component(), {**others[0], "protect": False}, others[1]])
    stack.chain = Chain(stack.chain.entries[:1], {}, 1)
    stack.account = {INSIDE: Sighting(there=True, created=MADE)}
    assert run(monkeypatch, stack, "orders") == 0
    assert "unprotected far" in capsys.readouterr().out
    assert {"state-edited", "unguarded"} <= {each.kind for each in stack.noted[0].found}


def test_an_edit_that_is_undone_by_the_import_is_told_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = Stack([component(), of(PROVIDER, "far"), orders()], [component(), of(PROVIDER, "far")])
    stack.chain = Chain(stack.chain.entries[:1], {}, 1)
    stack.account = {INSIDE: Sighting(there=True, created=MADE)}
    assert run(monkeypatch, stack, "orders") == 0
    assert "state-edited" not in {each.kind for each in stack.noted[0].found}


def test_two_stores_of_one_name_want_a_urn(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    stack = Stack([component(), orders(), resource("orders")], [component()])
    assert run(monkeypatch, stack, "orders") != 0
    told = capsys.readouterr().err
    assert INSIDE in told
    assert urn("orders") in told


def test_what_left_beside_the_store_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = Stack([component(), of(PROVIDER, "far"), orders()], [component(), of(PROVIDER, "far")])
    stack.account = {INSIDE: Sighting(there=True, created=MADE)}
    stack.departed = [
        Departed(
            ("urn:pulumi:prod::p::x::worker", "urn:pulumi:prod::p::x::api"),
            ("urn:pulumi:prod::p::x::rights",),
            ("urn:pulumi:prod::p::x::lost",),
            2,
        )
    ]
    assert run(monkeypatch, stack, "orders") == 0
    told = capsys.readouterr().out
    assert "2 resources back in the state: api, worker" in told
    assert "1 resource written once more by the next update, which changes nothing that still stands: rights" in told
    assert "1 resource not found as the stack had it, so the next update makes it: lost" in told
    assert stack.noted[0].around.own == 3


def test_what_couldnt_be_taken_back_is_an_error_and_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = Stack([component(), of(PROVIDER, "far"), orders()], [component(), of(PROVIDER, "far")])
    stack.account = {INSIDE: Sighting(there=True, created=MADE)}
    stack.departed = [EngineError("the provider can't read worker")]
    assert run(monkeypatch, stack, "orders") == 1
    told = capsys.readouterr().err
    assert "the provider can't read worker; when that is fixed: `rollback guard import -s prod`" in told
    assert INSIDE in stack.resources, "the store stays"
    assert len(stack.noted) == 1


def test_without_a_name_every_store_comes_back_that_can(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    near = orders(urn=INSIDE.replace("orders", "near"), id="near", inputs={"name": "near"})
    stack = Stack([component(), of(PROVIDER, "far"), orders(), near], [component(), of(PROVIDER, "far")])
    stack.account = {INSIDE: Sighting(there=True, created=MADE), near["urn"]: Sighting(there=False)}
    assert run(monkeypatch, stack) == 1
    said = capsys.readouterr()
    assert "orders is in the state of prod again" in said.out
    assert "near isn't in the account any more" in said.err
    assert (INSIDE in stack.resources, near["urn"] in stack.resources) == (True, False)
    assert stack.noted[0].command == "rollback guard import -s prod"


def test_without_a_name_what_a_store_lies_in_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = Stack([component(), of(PROVIDER, "far"), orders()], [of(PROVIDER, "far")])
    stack.account = {INSIDE: Sighting(there=True, created=MADE)}

    def take() -> Departed:
        if WITHIN not in stack.resources:
            stack.write(state(*stack.state["deployment"]["resources"], component()))
        return Departed()

    monkeypatch.setattr(stack, "take", take)
    assert run(monkeypatch, stack) == 0
    assert INSIDE in stack.resources


def test_without_a_name_where_nothing_has_left_nothing_is_noted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = Stack([component(), orders()], [component(), orders()])
    assert run(monkeypatch, stack) == 0
    assert "nothing that left the state of prod has to be taken back" in capsys.readouterr().out
    assert stack.noted == []
