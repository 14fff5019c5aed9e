"""What a review says of a store at risk."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.review import made


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        ({}, "rollback recovery make jobs-prod && rollback guard approve jobs-prod --action delete"),
        (
            {"outcome": "replaced"},
            "rollback recovery make jobs-prod && rollback guard approve jobs-prod --action replace",
        ),
        ({"approved_by": "Ada"}, "rollback recovery make jobs-prod"),
        (
            {"refusal": "not approved\n  rollback guard approve jobs --action delete"},
            "rollback guard approve jobs --action",
        ),
        ({"refusal": "no API copies it\ncopy it by hand"}, "copy it by hand; then rollback guard approve jobs-prod"),
        ({"refusal": "refused"}, "rollback guard approve jobs-prod --action delete"),
        ({"outcome": "changed with a loss", "refusal": "x\nrollback guard approve a"}, "rollback guard approve a"),
        ({"refusal": None, "approved_by": "Ada"}, ""),
    ],
)
def test_what_a_store_at_risk_takes_is_a_recovery_point_and_an_approval(changes: dict[str, Any], remedy: str) -> None:
    found = made.risk().model_copy(update=changes).remedy
    assert found.startswith(remedy)
    assert found.count("guard approve") == (0 if "approved_by" in changes else 1)
