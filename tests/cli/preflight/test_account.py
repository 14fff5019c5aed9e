"""Whose credentials, which region, and the quotas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    SSOTokenLoadError,
)

from cli.preflight import account
from cli.preflight.facts import Caller, PreflightContext
from cli.preflight.rows import State, UntoldError
from stacks.file import read
from tests.cli.preflight.place import ACCOUNT
from tests.components.mocked import run_program


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Ask")


class Answers:
    """A client that answers each operation with a value, or raises it."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def __getattr__(self, operation: str) -> Any:
        def call(**_: Any) -> Any:
            answer = self.answers[operation]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


class Stack(PreflightContext):
    """prod, in an account of this test's."""

    def __init__(self, caller: Any = None, state: Any = None, **clients: Any) -> None:
        super().__init__(read("prod"))
        self.called, self.kept, self.clients = caller, state or {}, clients

    def _ask_caller(self) -> Caller:
        if isinstance(self.called, Exception):
            raise self.called
        return self.called or Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/ada")

    @property
    def state(self) -> Mapping[str, Any]:
        if isinstance(self.kept, Exception):
            raise self.kept
        kept: Mapping[str, Any] = self.kept
        return kept

    def client(self, service: str, region: str = "") -> Any:
        return self.clients[service]


def state(*arns: str, **target: str) -> dict[str, Any]:
    stack = {"type": "pulumi:pulumi:Stack", "urn": "urn::stack", "outputs": {"target": target}}
    made = [{"type": "aws:sqs/queue:Queue", "urn": f"urn::{arn}", "outputs": {"arn": arn}} for arn in arns]
    return {"deployment": {"resources": [stack, *made]}}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NoCredentialsError(), "Unable to locate credentials"),
        (ProfileNotFound(profile="none"), "(none) could not be found"),
        (SSOTokenLoadError(error_msg="expired"), "expired"),
        (refused("ExpiredToken"), "they have run out or are wrong"),
        (refused("InvalidClientTokenId"), "they have run out or are wrong"),
        (refused("AccessDenied"), "the account refuses them"),
        (EndpointConnectionError(endpoint_url="http://x"), "no account answers"),
        (ConnectTimeoutError(endpoint_url="http://x"), "doesn't answer in time"),
    ],
)
def test_credentials_that_do_not_work_are_missing_and_other_rows_point_there(error: Exception, said: str) -> None:
    facts = Stack(error)
    found = account.credentials(facts)
    assert found.state is State.MISSING
    assert said in found.detail
    assert found.remedy
    for look in (account.functions_quota, account.roles_quota, account.databases_quota):
        with pytest.raises(UntoldError, match="see the row of the credentials"):
            look(facts)


def test_an_account_that_is_slow_is_unknown() -> None:
    found = account.credentials(Stack(ReadTimeoutError(endpoint_url="http://x")))
    assert found.state is State.UNKNOWN
    assert "doesn't answer in time" in found.detail


@pytest.mark.parametrize(
    ("kept", "expected", "said"),
    [
        ({}, State.FINE, "prod wasn't deployed yet"),
        (state(account=ACCOUNT), State.FINE, f"account {ACCOUNT}, as arn:aws:iam::{ACCOUNT}:user/ada"),
        (state(account="999999999999"), State.MISSING, "prod was deployed to account 999999999999"),
        (RuntimeError("no state"), State.UNKNOWN, "without the stack's state"),
    ],
)
def test_the_account_is_held_beside_the_one_that_the_stack_remembers(kept: Any, expected: State, said: str) -> None:
    found = account.credentials(Stack(state=kept))
    assert found.state is expected
    assert said in found.detail


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_another_region_in_the_environment_is_told(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "us-east-1")
    assert account.region(Stack()).state is State.FINE
    monkeypatch.setenv(name, "eu-west-1")
    found = account.region(Stack())
    assert (found.state, found.detail) == (
        State.MISSING,
        f"prod lies in us-east-1 (aws:region), and {name} is eu-west-1",
    )
    assert f"export {name}=us-east-1" in found.remedy


def test_a_setting_that_was_moved_away_from_what_is_deployed_is_told() -> None:
    found = account.region(Stack(state=state(f"arn:aws:sqs:eu-central-1:{ACCOUNT}:q")))
    assert found.state is State.MISSING
    assert "lie in eu-central-1" in found.detail
    assert "aws:region eu-central-1" in found.remedy
    assert account.region(Stack(state=state(f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"))).state is State.FINE


def functions(at_once: int, room: float, size: int = 10_000_000) -> Stack:
    settings = {
        "AccountLimit": {"ConcurrentExecutions": at_once, "TotalCodeSize": 75_000_000_000},
        "AccountUsage": {"TotalCodeSize": 75_000_000_000 - room},
    }
    found = {"lambda": Answers(get_account_settings=settings), "s3": Answers(head_object={"ContentLength": size})}
    return Stack(**found)


@pytest.mark.parametrize(
    ("stack", "expected", "quota"),
    [
        (functions(1_000, 70e9), State.FINE, ""),
        (functions(10, 70e9), State.MISSING, "L-B99A9384"),  # what a new account has
        (functions(1_000, 1e6), State.MISSING, "L-2ACBD22F"),
    ],
)
def test_functions_need_room_to_run_and_to_lie(stack: Stack, expected: State, quota: str) -> None:
    found = account.functions_quota(stack)
    assert found.state is expected
    assert quota in found.remedy


@pytest.mark.parametrize(("used", "expected"), [(900, State.FINE), (990, State.MISSING)])
def test_roles_are_counted(used: int, expected: State) -> None:
    summary = {"SummaryMap": {"Roles": used, "RolesQuota": 1_000}}
    found = account.roles_quota(Stack(iam=Answers(get_account_summary=summary)))
    assert found.state is expected
    assert f"{used} of 1000 roles are made" in found.detail


def test_the_roles_that_an_update_makes_are_those_of_the_program() -> None:
    assert len(run_program("prod").of_type(account.ROLE)) == account.NEW_ROLES


DEPLOYED = {"deployment": {"resources": [{"urn": "urn:db", "type": account.DATABASE, "custom": True, "id": "db"}]}}


@pytest.mark.parametrize(
    ("kept", "used", "expected"),
    [
        ({}, 38, State.FINE),
        ({}, 39, State.MISSING),
        # One more is made for every copy that is read back, with the database there too.
        (DEPLOYED, 39, State.FINE),
        (DEPLOYED, 40, State.MISSING),
    ],
)
def test_databases_are_counted(kept: Any, used: int, expected: State) -> None:
    quotas = {"AccountQuotas": [{"AccountQuotaName": "DBInstances", "Used": used, "Max": 40}]}
    found = account.databases_quota(Stack(state=kept, rds=Answers(describe_account_attributes=quotas)))
    assert found.state is expected
    assert ("L-7B6409FD" in found.remedy) == (expected is State.MISSING)


@pytest.mark.parametrize("quotas", [[], [{"AccountQuotaName": "DBInstances"}], [{"AccountQuotaName": "Other"}]])
def test_a_quota_of_databases_that_rds_doesnt_tell_is_unknown(quotas: Any) -> None:
    silent = Answers(describe_account_attributes={"AccountQuotas": quotas})
    assert account.databases_quota(Stack(rds=silent)).state is State.UNKNOWN


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (refused("404"), State.FINE),  # not published yet: the row of the artifacts says so
        (refused("AccessDenied"), State.UNKNOWN),
        (refused("InternalError"), State.UNKNOWN),
        (EndpointConnectionError(endpoint_url="http://x"), State.UNKNOWN),
    ],
)
def test_code_whose_size_nobody_tells_doesnt_count_as_none(error: Exception, expected: State) -> None:
    facts = functions(1_000, 70e9)
    facts.clients["s3"] = Answers(head_object=error)
    found = account.functions_quota(facts)
    assert found.state is expected
    assert ("isn't known" in found.detail) == (expected is State.UNKNOWN)


@pytest.mark.parametrize("error", [refused("AccessDenied"), refused("InternalFailure"), KeyError("Roles")])
def test_a_quota_that_nobody_tells_is_unknown(error: Exception) -> None:
    asked = ("get_account_settings", "get_account_summary", "describe_account_attributes")
    silent = Answers(**dict.fromkeys(asked, error))
    facts = Stack(**{"lambda": silent, "iam": silent, "rds": silent, "s3": silent})
    for look in (account.functions_quota, account.roles_quota, account.databases_quota):
        assert look(facts).state is State.UNKNOWN
