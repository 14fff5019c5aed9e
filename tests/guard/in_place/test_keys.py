"""Who may manage a key: a policy that names the account no more is a loss."""

from __future__ import annotations

import json
from typing import Any

import pytest

from guard.in_place import losses
from guard.in_place.values import declared_values

KEY, POLICY = "aws:kms/key:Key", "aws:kms/keyPolicy:KeyPolicy"
ROOT, ADA = "arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:role/ada"


def policy(principal: Any, action: Any = "kms:*", **more: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


OPEN = {
    "root": policy({"AWS": ROOT}),
    "a list": policy({"AWS": [ADA, ROOT]}, ["kms:Decrypt", "kms:PutKeyPolicy"]),
    "a number": policy({"AWS": "123456789012"}),
    "everybody": policy("*"),
}
SHUT = {
    "a role": policy({"AWS": ADA}),
    "to read alone": policy({"AWS": ROOT}, "kms:Decrypt"),
    "denied": policy({"AWS": ROOT}, Effect="Deny"),
    "on a condition": policy({"AWS": ROOT}, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
    "a service": policy({"Service": "logs.amazonaws.com"}),
}


def lost(token: str, before: dict[str, Any] | None, after: dict[str, Any]) -> list[str]:
    return [loss.lost for loss in losses(token, before, declared_values(after), existing_store=True)]


@pytest.mark.parametrize("before", OPEN)
@pytest.mark.parametrize("after", SHUT)
@pytest.mark.parametrize("token", [KEY, POLICY])
def test_an_account_that_is_shut_out_is_a_loss(token: str, before: str, after: str) -> None:
    (said,) = lost(token, {"policy": OPEN[before]}, {"policy": SHUT[after]})
    assert said.startswith("nobody but those that it names may manage the key any more")


@pytest.mark.parametrize("after", [*OPEN.values()])
def test_one_that_stays_in_is_none(after: str) -> None:
    assert lost(KEY, {"policy": OPEN["root"]}, {"policy": after}) == []
    assert lost(POLICY, {"policy": SHUT["a role"]}, {"policy": after}) == []
    assert lost(POLICY, {"policy": SHUT["a role"]}, {"policy": SHUT["to read alone"]}) == []


def test_a_policy_that_is_new_takes_the_place_of_the_default_one() -> None:
    assert lost(POLICY, None, {"policy": SHUT["a role"]}) != []
    assert lost(POLICY, None, {"policy": OPEN["root"]}) == []


def test_a_key_that_names_no_policy_keeps_the_one_that_it_has() -> None:
    assert lost(KEY, {"policy": OPEN["root"]}, {}) == []


@pytest.mark.parametrize("after", [object(), "not json"])
def test_what_is_known_only_later_could_shut_it_out(after: Any) -> None:
    (loss,) = losses(POLICY, {"policy": OPEN["root"]}, declared_values({"policy": after}))
    assert not loss.certain
