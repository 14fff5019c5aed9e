"""Which way a move goes: decided in one place, by the versions' numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.direction import Direction, direction, returns
from stacks.rollout_order import Transition

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = st.tuples(*[st.integers(0, 12)] * 3).map(lambda parts: "v" + ".".join(map(str, parts)))
OPPOSITE = {Direction.BACK: Direction.FORWARD, Direction.FORWARD: Direction.BACK, Direction.HERE: Direction.HERE}
COMPARED = re.compile(r"\border\([^()]*\) *[<>]=? *order\(")
COMPARE = {
    "stacks/direction.py": "the direction",
    "cli/release/checking.py": "the releases before one",
    "cli/release/manifest.py": "whether a new release follows its origin",
    "cli/review/ways.py": "the releases before and after the one that runs",
    "policies/releases.py": "whether a release is young enough for a rule",
}
"""Who compares two versions, and what for. Which way a move goes is the first one's alone."""


@pytest.mark.parametrize(
    ("old", "new", "way", "back"),
    [
        (None, "v1.2.3", Direction.FIRST, False),
        ("v1.10.0", "v1.9.0", Direction.BACK, True),
        ("v1.9.0", "v1.10.0", Direction.FORWARD, False),
        ("v1.9.0", "v1.9.0", Direction.HERE, True),
    ],
)
def test_a_direction(old: str | None, new: str, way: Direction, back: bool) -> None:
    assert direction(old, new) is way
    assert returns(old, new) is back
    assert Transition("a", old, new).back is (way is Direction.BACK)


@given(VERSIONS, VERSIONS)
def test_the_way_there_and_the_way_back_are_opposite(old: str, new: str) -> None:
    assert direction(new, old) is OPPOSITE[direction(old, new)]


def test_versions_are_compared_where_it_is_known_what_for() -> None:
    folders = ("cli", "codedeploy", "components", "core", "guard", "policies", "stacks")
    sources = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert {str(path.relative_to(ROOT)) for path in sources if COMPARED.search(path.read_text())} == set(COMPARE)
