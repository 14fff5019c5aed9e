"""Access: what else means the same, by the services' documentation, case by case."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policies.case_files import Case, read

CASES = list(read(Path(__file__).parent / "tables" / "access"))


@pytest.mark.parametrize("case", CASES, ids=[f"{case.policy}: {case.name}" for case in CASES])
def test_the_documentation_says_so(case: Case) -> None:
    assert bool(case.texts) is case.found, (case.page, case.texts)


def test_every_case_has_a_page_and_a_name_of_its_own() -> None:
    assert all(case.page.startswith("https://") for case in CASES)
    names = [(case.policy, case.name) for case in CASES]
    assert len(names) == len(set(names)) >= 150
