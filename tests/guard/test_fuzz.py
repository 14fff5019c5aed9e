"""Whatever is done to whatever program: not one item is lost unless a person let its store go."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.guard.fuzz.mends import MENDS, Prepared
from tests.guard.fuzz.run import Run
from tests.guard.fuzz.sequences import SEQUENCES, Deed, Shape
from tests.guard.world import World, led_to
from tests.support.sandbox import RunningSandbox

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]
NUMBERS = itertools.count()
WHOLE, SAMPLE = 300, 1
"""Sequences in the long suite and in every run."""


@pytest.fixture
def account(sandbox: RunningSandbox) -> Iterator[RunningSandbox]:
    with led_to(sandbox):
        yield sandbox


def world(sandbox: RunningSandbox, folder: Path, without: str | None = None) -> World:
    number = next(NUMBERS)
    made = World(f"fuzz{number}", folder / str(number), sandbox, prepare=Prepared(without))
    made.make()
    return made


@pytest.mark.timeout(7_200)
def test_no_item_is_ever_lost_without_an_approval(account: RunningSandbox, tmp_path: Path, soak: bool) -> None:
    @settings(
        # The first that hypothesis draws is always the simplest: two updates that declare nothing.
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
        assert Run(world(account, tmp_path)).play(sequence) == [], f"after {sequence}"

    play()


@pytest.mark.long
@pytest.mark.timeout(300)
def test_without_the_guard_the_same_sequences_lose_items(account: RunningSandbox, tmp_path: Path) -> None:
    lost = Run(world(account, tmp_path), guard=False).play([Deed("update", {})])
    assert any("receipts" in line for line in lost)


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("mend", sorted(MENDS))
def test_without_one_answer_of_the_guard_a_sequence_shows_a_fault(
    account: RunningSandbox, tmp_path: Path, mend: str
) -> None:
    begin = {name: Shape() for name in MENDS[mend].begin}
    assert Run(world(account, tmp_path, mend)).play(MENDS[mend].sequence, begin) != []
    assert Run(world(account, tmp_path)).play(MENDS[mend].sequence, begin) == []
