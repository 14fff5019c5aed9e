"""A stack remembers the account and cluster it lives in."""

from __future__ import annotations

import pulumi
import pytest

from components.common.memory import refuse_other
from tests.components.mocked import ACCOUNT, run_program


def test_the_first_update_may_go_anywhere() -> None:
    assert refuse_other("account", None, "1") == "1"


def test_the_same_target_is_fine() -> None:
    assert refuse_other("account", "1", "1") == "1"


def test_another_target_is_refused_in_one_line_that_names_both() -> None:
    with pytest.raises(pulumi.RunError) as caught:
        refuse_other("cluster", "mine", "theirs")
    message = str(caught.value)
    assert "mine" in message
    assert "theirs" in message
    assert "\n" not in message


def test_the_provider_is_bound_to_the_account() -> None:
    provider = run_program().of_type("pulumi:providers:aws")["aws"]
    assert ACCOUNT in str(provider["allowedAccountIds"])


def test_a_stack_without_aws_systems_never_asks_for_an_account() -> None:
    recorder = run_program(rollback_stack__systems='["rag-api"]')
    assert not [name for name, args in recorder.resources.items() if args.typ.startswith(("aws:", "pulumi:providers"))]
