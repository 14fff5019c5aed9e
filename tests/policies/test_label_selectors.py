"""Label selectors: the documented operators, and what can't be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.label_selectors import selects
from policies.subject import UNKNOWN

NAMES, VALUES = st.sampled_from("abc"), st.sampled_from("xyz")
LABELS = st.dictionaries(NAMES, VALUES, max_size=3)
MEANING: Mapping[str, Callable[[Any, Any, Any], bool]] = {
    "In": lambda labels, key, values: labels.get(key) in values,
    "NotIn": lambda labels, key, values: labels.get(key) not in values,
    "Exists": lambda labels, key, _values: key in labels,
    "DoesNotExist": lambda labels, key, _values: key not in labels,
}
EXPRESSIONS = st.lists(st.tuples(NAMES, st.sampled_from(sorted(MEANING)), st.lists(VALUES, min_size=1)), max_size=3)


@given(LABELS, LABELS, EXPRESSIONS)
def test_every_requirement_has_to_be_met(labels: Any, wanted: Any, expressions: Any) -> None:
    listed = [{"key": key, "operator": operator, "values": values} for key, operator, values in expressions]
    expected = all(labels.get(key) == value for key, value in wanted.items()) and all(
        MEANING[operator](labels, key, values) for key, operator, values in expressions
    )
    assert selects({"matchLabels": wanted, "matchExpressions": listed}, labels) is expected


@pytest.mark.parametrize("every", [True, False])
@pytest.mark.parametrize("empty", [{}, {"matchLabels": {}}, {"matchLabels": None, "matchExpressions": []}])
def test_an_empty_selector_is_everything_or_nothing(empty: Any, every: bool) -> None:
    assert selects(empty, {"a": "x"}, empty_is_all=every) is every
    assert selects(None, {"a": "x"}, empty_is_all=every) is False


@pytest.mark.parametrize(
    ("selector", "labels"),
    [
        (UNKNOWN, {"a": "x"}),
        ({"matchLabels": {"a": "x"}}, UNKNOWN),
        ({"matchLabels": UNKNOWN}, {"a": "x"}),
        ({"matchLabels": {"a": UNKNOWN}}, {"a": "x"}),
        ({"matchLabels": {"a": "x"}}, {"a": UNKNOWN}),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": [UNKNOWN]}]}, {"a": "x"}),
        ({"matchExpressions": [{"key": "a", "operator": UNKNOWN}]}, {"a": "x"}),
    ],
)
def test_what_cannot_be_told(selector: Any, labels: Any) -> None:
    assert selects(selector, labels) is None


def test_one_requirement_that_is_not_met_is_enough() -> None:
    assert selects({"matchLabels": {"a": UNKNOWN, "b": "y"}}, {"a": "x", "b": "x"}) is False
