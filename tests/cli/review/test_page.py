"""The page of a review as people see it: rendered, and (in the long suite) looked at in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.review import markdown
from cli.review.model import Review
from tests.cli.review import made
from tests.cli.review.test_outputs import full, ordinary
from tests.support import page

LONG = "a-name-without-a-blank-" * 12


def odd() -> Review:
    """Words that mean something in Markdown or HTML, and names that no line can hold."""
    risk = made.risk(LONG, f"{LONG}: it *holds* <b>data</b> | and `more\nrollback recovery make '{LONG}' | <x>")
    verdict = made.verdict().model_copy(update={"text": "a | b <script> **c** [d](e) `f", "resource": LONG})
    closed = made.way(
        "v1.2.1", open=False, closed_here=True, reason=f"policy x: `{LONG}` | <b>", counts={}, seconds=None
    )
    return made.review(failures=("<b> | x",), risks=(risk,), verdicts=(verdict,), ways=(made.way(), closed))


REVIEWS: dict[str, Callable[[], Review]] = {
    "passing": made.review,
    "ordinary": ordinary,
    "everything": full,
    "odd": odd,
    "stopped": lambda: made.review(checkov=None, whole=False, ways=(), secured_unknown="no bucket"),
}


@pytest.mark.parametrize("name", REVIEWS)
def test_the_page_is_well_formed(name: str) -> None:
    review = REVIEWS[name]()
    found = page.structure(markdown.document(review))
    assert found.open == [], "every element ends"
    assert found.headings[0] == f"Review of prod: {'passes' if review.passed else 'fails'}"
    assert sorted(found.headings[1:]) == sorted(set(found.headings[1:])), "each section once"
    for table in found.tables:
        assert {len(row) for row in table} == {len(table[0])}, "no cell is cut or torn apart"
    ways = [table for table in found.tables if table[0][0] == "release"]
    assert [len(table) - 1 for table in ways] == ([len(review.ways)] if review.ways else [])


@pytest.mark.parametrize("name", ["passing", "ordinary", "everything", "stopped"])
def test_no_markup_is_left_over_on_the_page(name: str) -> None:
    text = page.structure(markdown.document(REVIEWS[name]())).text
    assert re.search(r"\*\*|\|---|^#|\]\(|`|&lt;/?details", text, re.MULTILINE) is None


def test_words_that_mean_something_are_shown_and_not_obeyed() -> None:
    shown = page.html(markdown.document(odd()))
    assert "<script> " not in shown
    assert "<b>" not in shown
    assert "&lt;script&gt;" in shown
    assert "<a " not in shown
    assert "it *holds*" in shown
    assert "<code>more" not in shown, "a lone backtick pairs with none of ours"
    assert "<code>rollback recovery make" in shown


@settings(deadline=None)
@given(st.text(max_size=80))
def test_no_text_breaks_the_page(text: str) -> None:
    risk = made.risk(refusal=f"{text}\n{text}")
    way = made.way("v1.2.1", open=False, closed_here=True, reason=text, counts={}, seconds=None)
    verdict = made.verdict().model_copy(update={"text": text or "x"})
    review = made.review(risks=(risk,), ways=(way,), verdicts=(verdict,), failures=(text,))
    found = page.structure(markdown.document(review))
    assert found.open == []
    (table,) = found.tables
    assert [len(row) for row in table] == [6, 6]
    assert len(found.headings) == 7


@pytest.mark.long
@pytest.mark.parametrize("name", REVIEWS)
def test_the_picture_of_the_page_has_nothing_that_hangs_over(name: str, tmp_path: Path) -> None:
    """Chromium is asked, in the width that GitHub gives a comment."""
    image, measured = page.picture(markdown.document(REVIEWS[name]()), tmp_path)
    assert measured["over"] <= 0
    assert max(measured["wide"], default=0) <= 0, "no table has to be scrolled"
    pixels = page.size(image)
    assert pixels == (page.WIDTH, measured["height"])
    assert image.stat().st_size > 10_000, "something is on it"


@pytest.mark.long
def test_what_hangs_over_would_be_seen(tmp_path: Path) -> None:
    wide = '<div style="width: 3000px">x</div>\n\n<table><tr><td style="min-width: 2000px">x</td></tr></table>'
    _, measured = page.picture(wide, tmp_path)
    assert measured["over"] > 1_000
    assert measured["wide"][0] > 1_000
