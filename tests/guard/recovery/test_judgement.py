from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.durable import Kind
from guard.recovery.judgement import ELSEWHERE, judge
from guard.recovery.makers import MAKERS
from guard.recovery.points import RecoveryPoint
from tests.guard.recovery.conftest import TOKENS, store
from tests.guard.recovery.examples import HOW, ID, NOW, example

HOUR = timedelta(hours=1)
JOBS = store("table", "jobs-prod")
MAKE = "rollback recovery make jobs-prod -s prod"
UNVERIFIED = {"verified_at": None, "verified_how": None}


@pytest.mark.parametrize(
    ("point", "items", "line", "remedy"),
    [
        (None, 7, "table jobs-prod: no recovery point, and 7 items to lose", MAKE),
        (example(**UNVERIFIED), 7, f"table jobs-prod: recovery point {ID} was never read back",
         f"rollback recovery verify {ID} -s prod"),
        (example(**UNVERIFIED, fault="7 items recorded, 3 found"), 7,
         f"table jobs-prod: recovery point {ID} is damaged (7 items recorded, 3 found)", MAKE),
        (example(), 8, "table jobs-prod: it holds 7 items, the store holds 8", MAKE),
        (example(**UNVERIFIED), 8,
         f"table jobs-prod: recovery point {ID} was never read back; it holds 7 items, the store holds 8", MAKE),
        (example(store("table", "jobs-dev", "dev")), 7,
         f"table jobs-prod: recovery point {ID} is of table jobs-dev in dev, us-east-1, account unknown", MAKE),
        (example(store("bucket", "jobs-prod")), 7,
         f"table jobs-prod: recovery point {ID} is of bucket jobs-prod in prod, us-east-1, account unknown", MAKE),
        (example(made_at=NOW - HOUR), 7,
         f"table jobs-prod: recovery point {ID} is 1 h 00 min old, the bound is 1 h 00 min", MAKE),
        (example(made_at=NOW + HOUR, verified_at=NOW + HOUR), 7,
         f"table jobs-prod: recovery point {ID} was made 1 h 00 min in the future: a clock is wrong", MAKE),
    ],
)  # fmt: skip
def test_a_refusal_says_what_is_missing_and_what_makes_it(
    point: RecoveryPoint | None, items: int, line: str, remedy: str
) -> None:
    assert judge(point, JOBS, items, NOW, HOUR) == f"{line}\n{remedy}"


def test_what_is_in_order_passes() -> None:
    assert judge(example(), JOBS, 7, NOW, HOUR) is None
    assert judge(example(), JOBS, 7, NOW, HOUR, "0" * 64) is None
    assert judge(example(explained="sessions expire by themselves"), JOBS, 3, NOW, HOUR, "1" * 64) is None
    moved = JOBS.model_copy(update={"urn": "urn:pulumi:prod::rollback-stack::other$aws:dynamodb/table:Table::jobs"})
    assert judge(example(), moved, 7, NOW, HOUR) is None, "a store that moved between components is the same store"


def test_other_items_of_the_same_number_are_told_by_their_checksum() -> None:
    refusal = judge(example(), JOBS, 7, NOW, HOUR, "1" * 64)
    assert refusal == f"table jobs-prod: the store's 7 items have changed since recovery point {ID}\n{MAKE}"


def test_a_kind_without_a_maker_names_the_tool_that_copies_it() -> None:
    assert {*MAKERS, *ELSEWHERE} == set(Kind)
    assert not {*MAKERS} & {*ELSEWHERE}
    for word in TOKENS:
        if Kind(word) in ELSEWHERE:
            refusal = judge(None, store(word, "x"), 1, NOW, HOUR)
            assert refusal is not None
            assert refusal.splitlines()[1] == ELSEWHERE[Kind(word)]


moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
counts = st.integers(0, 3)
checksums = st.sampled_from(["0" * 64, "1" * 64])


@st.composite
def points(draw: st.DrawFn) -> RecoveryPoint | None:
    if draw(st.booleans()):
        return None
    made = draw(moments)
    verified: dict[str, Any] = draw(
        st.sampled_from([UNVERIFIED, {**UNVERIFIED, "fault": "x"}, {"verified_at": made, "verified_how": HOW}])
    )
    name = draw(st.sampled_from(["jobs-prod", "other"]))
    explained = draw(st.sampled_from([None, "it drains"]))
    more = {"items": draw(counts), "checksum": draw(checksums), "explained": explained, **verified}
    return example(store("table", name), made_at=made, **more)


@given(points(), counts, moments, st.timedeltas(timedelta(0), timedelta(days=400)), st.none() | checksums)
def test_nothing_passes_but_what_is_all_in_order(
    point: RecoveryPoint | None, items: int, now: datetime, bound: timedelta, checksum: str | None
) -> None:
    refusal = judge(point, JOBS, items, now, bound, checksum)
    in_order = (
        point is not None
        and point.store.name == JOBS.name
        and point.verified_at is not None
        and point.fault is None
        and timedelta(minutes=-1) <= now - point.made_at < bound
        and (bool(point.explained) or (point.items == items and checksum in (None, point.checksum)))
    )
    assert (refusal is None) is in_order
    if refusal is not None:
        assert len(refusal.splitlines()) == 2
        assert refusal.splitlines()[1].startswith("rollback recovery ")


@given(points(), counts, moments, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_what_is_refused_stays_refused_as_time_passes(
    point: RecoveryPoint | None, items: int, now: datetime, bound: timedelta
) -> None:
    in_future = point is not None and point.made_at > now
    if judge(point, JOBS, items, now, bound) is not None and not in_future:
        assert judge(point, JOBS, items, now + timedelta(hours=5), bound) is not None
