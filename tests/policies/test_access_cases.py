"""Access: what else means the same, by the services' documentation, case by case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from policies.subject import UNKNOWN
from tests.policies.case_files import Case, read

CASES = list(read(Path(__file__).parent / "tables" / "access"))


@pytest.mark.parametrize("case", CASES, ids=[f"{case.policy}: {case.name}" for case in CASES])
def test_the_documentation_says_so(case: Case) -> None:
    assert bool(case.texts) is case.found, (case.page, case.texts)


def test_every_case_has_a_page_and_a_name_of_its_own() -> None:
    assert all(case.page.startswith("https://") for case in CASES)
    names = [(case.policy, case.name) for case in CASES]
    assert len(names) == len(set(names)) >= 150


ODD: tuple[Any, ...] = (
    UNKNOWN,
    None,
    "",
    "*",
    "{",
    '{"Statement": [3]}',
    0,
    -1,
    float("nan"),
    float("inf"),
    True,
    [],
    [None],
    {},
    {"*": 0},
)


def changed(value: Any) -> Iterator[Any]:
    """A value with each of its parts, one after the other, replaced by something odd."""
    parts = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        for other in (*ODD, *changed(part)):
            copy = dict(value) if isinstance(value, Mapping) else list(value)
            copy[key] = other
            yield copy


@pytest.mark.parametrize("policy", sorted({case.policy for case in CASES}))
def test_nothing_that_is_declared_raises(policy: str) -> None:
    for case in (case for case in CASES if case.policy == policy):
        for number, resource in enumerate(case.resources):
            for props in changed(resource.props):
                odd = replace(resource, given=props)
                resources = (*case.resources[:number], odd, *case.resources[number + 1 :])
                assert all(isinstance(text, str) for text in replace(case, resources=resources).texts)
