from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.durable import Kind
from guard.recovery.digest import Content, Digest
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
        (None, 7, "table jobs-prod: no recovery point; 7 items would be lost", MAKE),
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
    assert judge(example(), JOBS, Content(7, 0, "0" * 64), NOW, HOUR) is None
    moved = JOBS.model_copy(update={"urn": "urn:pulumi:prod::rollback-stack::other$aws:dynamodb/table:Table::jobs"})
    assert judge(example(), moved, 7, NOW, HOUR) is None, "a store that moved between components is the same store"


def test_other_items_of_the_same_number_are_told_by_their_checksum() -> None:
    refusal = judge(example(), JOBS, Content(7, 0, "1" * 64), NOW, HOUR)
    assert refusal == f"table jobs-prod: the store's 7 items have changed since recovery point {ID}\n{MAKE}"


def content(*items: str) -> Content:
    digest = Digest()
    for item in items:
        digest.add(item.encode())
    return digest.content()


def taken(of: Content, **more: Any) -> RecoveryPoint:
    """A recovery point of a content."""
    return example(items=of.items, checksum=of.checksum, cells=of.cells, digest=2, **more)


SEVEN = content(*"abcdefg")
NONE: Content = content()


@pytest.mark.parametrize(
    ("then", "now", "gain", "lose", "passes"),
    [
        (SEVEN, SEVEN, None, None, True),
        (SEVEN, content(*"abcdefgh"), 1, None, True),
        (SEVEN, content(*"abcdefgh"), 0, 9, False),
        (SEVEN, content(*"abcdefgh"), None, None, False),
        (SEVEN, content(*"abcde"), 0, 2, True),
        (SEVEN, content(*"abcde"), 9, 1, False),
        (SEVEN, content(*"abcdefX"), 1, 1, True),
        (SEVEN, content(*"abcdeXY"), 1, 2, False),
        (SEVEN, content(*"TUVWXYZ"), 2, 7, False),
        (NONE, content("a"), 100, 100, False),
        (NONE, content(*map(str, range(100))), None, None, False),
        (content(*map(str, range(40))), content(*map(str, range(36))), None, None, True),
        (content(*map(str, range(40))), content(*map(str, range(35))), None, None, False),
        (content(*map(str, range(2000))), content(*map(str, range(2000, 4000))), 5000, 5000, False),
    ],
)
def test_an_explanation_explains_so_many_items_and_a_point_of_nothing_none(
    then: Content, now: Content, gain: int | None, lose: int | None, passes: bool
) -> None:
    point = taken(then, explained="jobs come and go", may_gain=gain, may_lose=lose)
    refusal = judge(point, JOBS, now, NOW, HOUR)
    assert (refusal is None) is passes
    if refusal is not None:
        assert refusal.splitlines()[1] == MAKE
    if then != now:
        assert judge(taken(then), JOBS, now, NOW, HOUR) is not None


def test_what_cannot_be_counted_is_not_explained() -> None:
    old = example(explained="jobs come and go", items=100)
    assert "more items than can be told" in str(judge(old, JOBS, Content(100, 0, "1" * 64), NOW, HOUR))
    assert judge(old, JOBS, 95, NOW, HOUR) is None, "a queue, of which only a count is known"
    assert "11 items came and 0 went" in str(judge(old, JOBS, 111, NOW, HOUR))
    assert "which explains 0 and 0" in str(judge(old.model_copy(update={"items": 0}), JOBS, 1, NOW, HOUR))


def test_what_is_not_an_item_has_to_be_the_same_whatever_is_explained() -> None:
    held = replace(SEVEN, aspects={"rag: views": "1" * 64}, positions={"rag: sequence s": 7})
    point = taken(SEVEN, explained="x", may_gain=9, may_lose=9, aspects=held.aspects, positions=held.positions)
    assert judge(point, JOBS, held, NOW, HOUR) is None
    for other, word in (
        (replace(held, aspects={"rag: views": "2" * 64}), "rag: views differ"),
        (replace(held, aspects={}), "rag: views differ"),
        (replace(held, positions={"rag: sequence s": 6}), "rag: sequence s: at 7 recorded, at 6 found"),
        (replace(held, positions={"rag: sequence s": 40}), "at 40 found"),
    ):
        assert word in str(judge(point, JOBS, other, NOW, HOUR))
    assert judge(point, JOBS, replace(held, positions={"rag: sequence s": 39}), NOW, HOUR) is None


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
    held = items if checksum is None else Content(items, 0, checksum)
    refusal = judge(point, JOBS, held, now, bound)
    in_order = (
        point is not None
        and point.store.name == JOBS.name
        and point.verified_at is not None
        and point.fault is None
        and timedelta(minutes=-1) <= now - point.made_at < bound
        and (point.items == items and checksum in (None, point.checksum))
    )
    if point is not None and point.explained and refusal is None and not in_order:
        # What an explanation without numbers lets pass: nothing came, and less than one in ten went.
        assert items <= point.items
        in_order = point.items > 0 and point.items - items <= point.items // 10
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
