"""What the rows about the pack say of given times."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.bench import __main__ as bench
from tests.bench import pack
from tests.bench.measure import Figures
from tests.bench.pack import Cost


def figures(cpu: float) -> Figures:
    """Times of a busy machine, which say nothing, and CPU times."""
    return Figures([90.0, 10.0, 30.0], [cpu] * 3)


def rows(monkeypatch: pytest.MonkeyPatch, own: float, large: float) -> dict[tuple[str, str], bool | None]:
    """``own``: the pack's CPU time beside an empty one's on prod; ``large``: its CPU seconds at 5,000 resources."""
    prod = Cost("prod", 400, figures(10.0), figures(12.0), figures(12.0 * own))
    synthetic = [
        Cost("1,000 resources", 1_000, figures(7.0), figures(15.0), figures(15.0)),
        Cost("5,000 resources", 5_000, figures(30.0), figures(70.0), figures(30.0 + large)),
    ]
    monkeypatch.setattr(pack, "prod_cost", lambda *_: prod)
    monkeypatch.setattr(pack, "costs", lambda *_: synthetic)
    subjects = cast(Any, SimpleNamespace(prod=None, synthetic=None, empty_pack=None))
    return {(row.what, row.beside): row.holds for row in bench.pack_rows(subjects, 3)}


def test_the_bound_is_on_the_packs_own_cpu_time(monkeypatch: pytest.MonkeyPatch) -> None:
    key = ("preview of prod, with the pack", "the same with an empty pack")
    assert rows(monkeypatch, 1.2, 40.0)[key] is True
    found = rows(monkeypatch, 1.3, 40.0)
    assert found[key] is False
    assert {holds for (_, beside), holds in found.items() if "without a pack" in beside} == {None}, "the engine's floor"


def test_a_resource_costs_no_more_in_a_large_program(monkeypatch: pytest.MonkeyPatch) -> None:
    key = ("CPU time of the pack for 1,000 of 5,000", "for 1,000 of 1,000")
    assert rows(monkeypatch, 1.0, 45.0)[key] is True
    assert rows(monkeypatch, 1.0, 60.0)[key] is False
