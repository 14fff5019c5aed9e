"""What the program says of pins in a preview."""

from __future__ import annotations

import pytest

from stacks.file import read
from stacks.program import changed_pins

DEPLOYED = {
    "version": "v1.2.3",
    "systems": {
        "async-rag": {"release": "v1.2.1", "pinned": True},
        "rag-api": {"release": "v1.2.3", "pinned": False},
    },
}
PINS: dict[str, str | None] = {"rollback-stack:version": "v1.2.3", "async-rag:version": "v1.2.1"}


@pytest.mark.parametrize(
    ("changes", "line", "back"),
    [
        (
            {"rollback-stack:version": "v1.2.2"},
            "rollback-stack is pinned at v1.2.2 now, deployed is v1.2.3",
            "set version v1.2.3",
        ),
        (
            {"rag-api:version": "v1.2.2"},
            "rag-api is pinned at v1.2.2 now, deployed is v1.2.3",
            "rm rag-api:version",
        ),
        (
            {"async-rag:version": "v1.2.2"},
            "async-rag is pinned at v1.2.2 now, deployed is v1.2.1",
            "set async-rag:version v1.2.1",
        ),
        (
            {"async-rag:version": None},
            "async-rag is pinned at v1.2.3 now, deployed is v1.2.1",
            "set async-rag:version v1.2.1",
        ),
    ],
)
def test_a_pin_that_differs_from_what_is_deployed_is_told_with_the_way_back(
    changes: dict[str, str | None], line: str, back: str
) -> None:
    settings = read("prod", {**PINS, **changes})
    assert list(changed_pins(settings, DEPLOYED)) == [f"{line}; to leave it so: `pulumi config {back} -s prod`"]


def test_pins_as_they_were_deployed_are_no_news() -> None:
    assert list(changed_pins(read("prod", PINS), DEPLOYED)) == []
    assert list(changed_pins(read("prod"), {})) == []
