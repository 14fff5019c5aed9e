"""Ranges that stand for everyone, however they are cut."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.networks import everyone
from policies.subject import UNKNOWN


@given(st.data(), st.sampled_from(["0.0.0.0/0", "::/0"]))
def test_everyone_in_pieces_is_everyone(data: st.DataObject, whole: str) -> None:
    pieces = [ip_network(whole)]
    for _ in range(data.draw(st.integers(0, 12))):
        cut = pieces.pop(data.draw(st.integers(0, len(pieces) - 1)))
        pieces += cut.subnets()
    texts = data.draw(st.permutations([str(piece) for piece in pieces]))
    assert list(everyone(texts)) == [whole]


@given(st.ip_addresses(v=4), st.integers(8, 32))
def test_one_range_of_somebody_is_nobody_else(address: object, prefix: int) -> None:
    assert list(everyone([f"{address}/{prefix}"])) == []


@pytest.mark.parametrize("odd", [UNKNOWN, None, 3, "", "sg-1", "999.0.0.0/8", "pl-1", ["0.0.0.0/0"]])
def test_what_is_no_range_is_left_out(odd: object) -> None:
    assert list(everyone([odd, "10.0.0.0/8"])) == []
    assert list(everyone([odd, "0.0.0.0/0"])) == ["0.0.0.0/0"]


def test_an_odd_spelling_of_everyone_is_everyone() -> None:
    assert list(everyone(["000.000.000.000/0"])) == ["0.0.0.0/0"]
    assert list(everyone([" ::/0 "])) == ["::/0"]
