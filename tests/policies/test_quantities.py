"""Quantities and shares, held against the official client and by properties."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.utils.quantity import parse_quantity

from policies.quantities import percent, quantity, share

SUFFIXES = ("", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")


@given(st.decimals(0, 10_000, allow_nan=False, places=3), st.sampled_from(SUFFIXES))
def test_a_quantity_is_what_the_official_client_reads(figure: Any, suffix: str) -> None:
    found = quantity(f"{figure}{suffix}")
    assert found is not None
    assert math.isclose(found, float(parse_quantity(f"{figure}{suffix}")), rel_tol=1e-12)


@pytest.mark.parametrize(
    ("text", "figure"), [("1e3", 1000), ("1E3", 1000), ("12E", 12e18), ("5.", 5), (".5", 0.5), (2, 2), (0.5, 0.5)]
)
def test_exponents_and_bare_numbers(text: Any, figure: float) -> None:
    assert quantity(text) == figure


@pytest.mark.parametrize("text", ["", "1GB", "1 Gi", "gi", "1K", "--1", "1ee3", "NaN", "inf", "1e999", None, True, []])
def test_what_is_none(text: Any) -> None:
    assert quantity(text) is None


@given(st.integers(0, 1_000), st.integers(0, 200))
def test_a_share_is_rounded_up_or_down(whole: int, part: int) -> None:
    up, down = (share(f"{part}%", whole, up=way) for way in (True, False))
    assert up is not None
    assert down is not None
    assert down <= part * whole / 100 <= up
    assert up - down <= 1
    assert share(part, whole, up=True) == part


@pytest.mark.parametrize("text", ["50", "5.5%", "-1%", "%", "50 %", 50, None])
def test_only_whole_percents_are_a_share(text: Any) -> None:
    assert percent(text) is None
