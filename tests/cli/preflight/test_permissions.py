"""Simulated rights. moto doesn't answer SimulatePrincipalPolicy: a stand-in of IAM does, as its API reference says."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.preflight import permissions
from cli.preflight.facts import Caller, PreflightContext
from cli.preflight.permissions import Question, principal_of, questions
from cli.preflight.rows import CheckResult, State
from cli.rights.document import documents, steps
from cli.rights.model import Grant, Place
from stacks.file import read
from tests.cli.preflight.place import ACCOUNT

ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploy/pipeline"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/pipeline/run-1"
PLACE = Place("prod", "us-east-1", ACCOUNT)
Allows = Callable[[str, str, Mapping[str, str]], bool]


def everything(_action: str, _arn: str, _context: Mapping[str, str]) -> bool:
    return True


def nothing(_action: str, _arn: str, _context: Mapping[str, str]) -> bool:
    return False


def reading(action: str, _arn: str, _context: Mapping[str, str]) -> bool:
    """As AWS's ReadOnlyAccess, for what is asked here."""
    verb = action.partition(":")[2]
    return (
        verb.startswith(("Get", "List", "Describe", "Scan", "Query", "BatchGet", "Filter", "Simulate")) or verb == "GET"
    )


@functools.cache
def statements() -> list[dict[str, Any]]:
    made = documents([grant for grants in steps().values() for grant in grants], PLACE)
    return [each for document in made for each in document["Statement"]]


def printed(action: str, arn: str, context: Mapping[str, str]) -> bool:
    """As a role to which the printed policies are attached."""
    return any(
        action in each["Action"]
        and any(fnmatchcase(arn, pattern) for pattern in each["Resource"])
        and all(context.get(key) == value for keys in each.get("Condition", {}).values() for key, value in keys.items())
        for each in statements()
    )


class Iam:
    """IAM, for a principal that may do what ``allows`` says."""

    def __init__(self, allows: Allows, simulates: bool = True, by_resource: bool = True, lacks: str = "") -> None:
        self.allows, self.simulates, self.by_resource, self.lacks = allows, simulates, by_resource, lacks
        self.asked: list[dict[str, Any]] = []

    def get_role(self, RoleName: str) -> dict[str, Any]:
        return {"Role": {"Arn": f"arn:aws:iam::{ACCOUNT}:role/deploy/{RoleName}"}}

    def get_paginator(self, operation: str) -> Iam:
        assert operation == "simulate_principal_policy"
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        if not self.simulates:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "SimulatePrincipalPolicy")
        self.asked.append(asked)
        context = {each["ContextKeyName"]: each["ContextKeyValues"][0] for each in asked["ContextEntries"]}
        for action in asked["ActionNames"]:  # a page an action
            decided = {arn: self.allows(action, arn, context) for arn in asked["ResourceArns"]}
            yield {"EvaluationResults": self._results(action, decided)}

    def _results(self, action: str, decided: Mapping[str, bool]) -> list[dict[str, Any]]:
        lacks = {"MissingContextValues": [self.lacks]} if self.lacks else {}
        words = {arn: "allowed" if allowed else "implicitDeny" for arn, allowed in decided.items()}
        if not self.by_resource:
            return [
                {"EvalActionName": action, "EvalResourceName": arn, "EvalDecision": word, **lacks}
                for arn, word in words.items()
            ]
        specific = [{"EvalResourceName": arn, "EvalResourceDecision": word, **lacks} for arn, word in words.items()]
        worst = next((word for word in words.values() if word != "allowed"), "allowed")
        return [{"EvalActionName": action, "EvalDecision": worst, "ResourceSpecificResults": specific}]


class Stack(PreflightContext):
    """A stack of which nothing is deployed yet, for a caller of this test's."""

    def __init__(self, iam: Any, arn: str = SESSION, state: Mapping[str, Any] | None = None) -> None:
        super().__init__(read("prod"))
        self.iam, self.arn, self.kept = iam, arn, state or {}

    @property
    def caller(self) -> Caller:
        return Caller(ACCOUNT, self.arn)

    @property
    def state(self) -> Mapping[str, Any]:
        return self.kept

    def client(self, service: str, region: str = "") -> Any:
        assert service == "iam"
        return self.iam


def rows(facts: PreflightContext) -> dict[str, CheckResult]:
    return {name: permissions.step(name)(facts) for name in steps()}


@pytest.mark.parametrize("by_resource", [True, False])
def test_who_may_do_everything_is_fine(by_resource: bool) -> None:
    iam = Iam(everything, by_resource=by_resource)
    assert {found.state for found in rows(Stack(iam)).values()} == {State.FINE}
    assert {each["PolicySourceArn"] for each in iam.asked} == {ROLE}


def test_the_printed_policies_make_every_row_fine() -> None:
    assert {
        name: found.detail for name, found in rows(Stack(Iam(printed))).items() if found.state is not State.FINE
    } == {}


@pytest.mark.parametrize("by_resource", [True, False])
def test_rights_to_read_alone_lack_what_an_update_does_and_not_what_a_look_needs(by_resource: bool) -> None:
    found = rows(Stack(Iam(reading, by_resource=by_resource)))
    states = {name: each.state for name, each in found.items()}
    assert states == {
        "update": State.MISSING,
        "status": State.FINE,
        "checks": State.MISSING,
        "preflight": State.FINE,
        "recovery": State.MISSING,
        "guard": State.FINE,
        "ledger": State.MISSING,
        "delivery": State.MISSING,
        "settling": State.FINE,
    }
    assert "s3:PutObject" in found["ledger"].detail
    assert "--policy" in found["ledger"].remedy
    assert ROLE in found["ledger"].remedy


def test_who_may_not_simulate_is_unknown_and_never_fine() -> None:
    found = rows(Stack(Iam(everything, simulates=False)))
    assert {each.state for each in found.values()} == {State.UNKNOWN}
    assert all("iam:SimulatePrincipalPolicy" in each.detail for each in found.values())


def test_an_account_that_knows_no_simulation_is_unknown() -> None:
    class Plain(Iam):
        def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
            raise ClientError({"Error": {"Code": "NotImplemented", "Message": "no"}}, "SimulatePrincipalPolicy")

    assert {each.state for each in rows(Stack(Plain(everything))).values()} == {State.UNKNOWN}


def test_an_action_that_is_left_out_of_the_answer_is_not_taken_for_allowed() -> None:
    class Short(Iam):
        def _results(self, action: str, decided: Mapping[str, bool]) -> list[dict[str, Any]]:
            return [] if action == "s3:PutObject" else super()._results(action, decided)

    assert permissions.step("ledger")(Stack(Short(everything))).state is State.UNKNOWN


def test_a_refusal_for_want_of_a_condition_key_is_unknown() -> None:
    found = permissions.step("ledger")(Stack(Iam(nothing, lacks="aws:PrincipalTag/team")))
    assert found.state is State.UNKNOWN
    assert "conditions" in found.detail


def test_root_needs_no_simulation() -> None:
    found = permissions.step("update")(Stack(Iam(nothing), f"arn:aws:iam::{ACCOUNT}:root"))
    assert found.state is State.FINE


@pytest.mark.parametrize(
    ("caller", "principal"),
    [
        (SESSION, ROLE),
        (f"arn:aws:iam::{ACCOUNT}:user/ada", f"arn:aws:iam::{ACCOUNT}:user/ada"),
        (f"arn:aws-us-gov:sts::{ACCOUNT}:assumed-role/pipeline/x", ROLE),  # as the role itself tells
        (f"arn:aws:sts::{ACCOUNT}:federated-user/ada", None),
        (f"arn:aws:sts::{ACCOUNT}:user/moto", None),
    ],
)
def test_a_caller_is_asked_about_as_what_can_be_simulated(caller: str, principal: str | None) -> None:
    assert principal_of(caller, Iam(everything)) == principal


def test_a_role_that_may_not_be_looked_at_is_taken_to_have_no_path() -> None:
    assert principal_of(f"arn:aws-cn:sts::{ACCOUNT}:assumed-role/p/x", None) == f"arn:aws-cn:iam::{ACCOUNT}:role/p"


def test_the_arns_of_the_state_are_asked_about_and_a_fitting_name_where_there_are_none() -> None:
    mine = [f"arn:aws:sqs:us-east-1:{ACCOUNT}:amplify-rag-prod-{name}" for name in ("vdr", "text-rag")]
    others = [f"arn:aws:sqs:us-east-1:{ACCOUNT}:amplify-rag-dev-vdr"]
    grant = Grant("sqs:SendMessage", ("arn:{partition}:sqs:{region}:{account}:amplify-rag-{stack}-*",))
    (asked,) = questions([grant], PLACE, [*mine, *others])
    assert asked == Question(("sqs:SendMessage",), tuple(sorted(mine)))
    (asked,) = questions([grant], PLACE, others)
    assert asked.on == (f"arn:aws:sqs:us-east-1:{ACCOUNT}:amplify-rag-prod-preflight",)


def test_what_has_no_narrower_resource_is_asked_about_on_everything() -> None:
    grant = Grant(
        "logs:DescribeLogGroups logs:PutRetentionPolicy", ("arn:{partition}:logs:{region}:{account}:log-group:x",)
    )
    asked = {each.actions: each.on for each in questions([grant], PLACE, [])}
    assert asked == {
        ("logs:PutRetentionPolicy",): (f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:x",),
        ("logs:DescribeLogGroups",): ("*",),
    }


def test_every_grant_is_asked_about() -> None:
    for grants in steps().values():
        asked = {(word, each.context) for each in questions(grants, PLACE, []) for word in each.actions}
        assert {word for grant in grants for word in grant.words} == {word for word, _ in asked}


def test_one_call_has_no_more_pairs_than_a_simulation_answers_soon() -> None:
    """IAM answers 1,000 results a page; a call with more is several."""
    asked = itertools.chain.from_iterable(questions(grants, PLACE, []) for grants in steps().values())
    assert max(len(each.actions) * len(each.on) for each in asked) <= 1_000
