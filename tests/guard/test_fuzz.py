"""Whatever is done to whatever program: not one item is lost unless a person let its store go."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.guard.fuzz import SEQUENCES, Deed, Run
from tests.guard.world import World, led_to
from tests.support.sandbox import RunningSandbox

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]
NUMBERS = itertools.count()
WHOLE, SAMPLE = 300, 2
"""Sequences in the long suite and in every run."""


@pytest.fixture
def account(sandbox: RunningSandbox) -> Iterator[RunningSandbox]:
    with led_to(sandbox):
        yield sandbox


def world(sandbox: RunningSandbox, folder: Path) -> World:
    number = next(NUMBERS)
    (folder / str(number)).mkdir()
    made = World(f"fuzz{number}", folder / str(number), sandbox, own_plugins=True)
    made.make()
    return made


@pytest.mark.timeout(7_200)
def test_no_item_is_ever_lost_without_an_approval(account: RunningSandbox, tmp_path: Path, soak: bool) -> None:
    @settings(
        max_examples=WHOLE if soak else SAMPLE,
        deadline=None,
        database=None,
        derandomize=not soak,
        # A sequence takes seconds: what fails is shown as it is, without minutes of shrinking.
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(SEQUENCES)
    def play(sequence: list[Deed]) -> None:
        lost = Run(world(account, tmp_path)).play(sequence)
        assert lost == [], f"{lost} after {sequence}"

    play()


@pytest.mark.timeout(300)
def test_without_the_guard_the_same_sequences_lose_items(account: RunningSandbox, tmp_path: Path) -> None:
    emptied = [Deed("update", {})]
    lost = Run(world(account, tmp_path), guard=False).play(emptied)
    assert any("receipts" in line for line in lost)
    assert Run(world(account, tmp_path), guard=True).play(emptied) == []
