"""What fails a review, and how it is written down: Markdown, JSON, SARIF."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.durable import Kind
from policies.checkov.baseline import Entry
from policies.checkov.findings import Finding
from policies.checkov.resources import Source
from scripts.review import markdown
from scripts.review.failures import failures
from scripts.review.model import Base, Move, Review, Secured, Step, SystemChanges, Waived
from tests.scripts.review import made

FINDING = Finding(
    check="CKV_AWS_21",
    title="Versioning",
    urn="urn:x",
    type=made.BUCKET,
    name="files",
    source=Source(file="a.py", line=3),
)
NO_LINE = FINDING.model_copy(update={"source": None, "check": "CKV_AWS_9"})
EXPIRED = Entry(check="CKV_AWS_1", reason="a reason of twenty signs", owner="platform", expires=date(2026, 1, 1))


def test_nothing_fails_a_review_that_is_in_order() -> None:
    advised, free = made.verdict(enforcement="advisory"), made.risk(refusal=None)
    closed = made.way("v1.2.1", open=False, reason="as before")
    assert failures([advised], made.report(), [free], [], [made.way(), closed]) == ()
    assert failures([], None, [], [], []) == ()


@pytest.mark.parametrize(
    ("given_", "line"),
    [
        ({"risks": [made.risk()]}, "durable stores at risk: jobs-prod would be deleted"),
        ({"verdicts": [made.verdict(), made.verdict()]}, "mandatory policies: queue-redrive"),
        ({"stopped": ["it is broken"]}, "the preview fails: it is broken"),
        ({"report": made.report(findings=(FINDING, FINDING))}, "checkov: CKV_AWS_21"),
        ({"report": made.report(expired=(EXPIRED,))}, "checkov: CKV_AWS_1 (expired)"),
        (
            {"found": [made.way("v1.2.1", open=False, closed_here=True, reason="x")]},
            "this change closes the way to v1.2.1: keep it open, or say so in policies/waivers.yaml "
            "(policy: way-back, resource: v1.2.1)",
        ),
    ],
)
def test_each_reason_to_fail_is_a_line(given_: dict[str, Any], line: str) -> None:
    nothing: dict[str, Any] = {"verdicts": [], "report": made.report(), "risks": [], "stopped": [], "found": []}
    assert failures(**{**nothing, **given_}) == (line,)


def test_a_review_that_passes_reads_so_and_begins_with_its_mark() -> None:
    text = markdown.document(made.review())
    assert text.startswith(f"{markdown.MARK}\n# Review of prod: passes\n")
    for words in (
        "Nothing.",
        "0 mandatory and 0 advisory violations, 40 policies are kept.",
        "None would be deleted or replaced.",
        "0 failed",
    ):
        assert words in text
    assert "| v1.2.2 | yes | none | 4 updated | none | about 40 s (by 3 updates back) |" in text


def full() -> Review:
    steps = tuple(
        Step(op="update", type=made.FUNCTION, name=f"f{n}", urn="urn:x", why="environment", source=None)
        for n in range(10)
    )
    moves = tuple(Move(system=name, old="v1.2.3", new="v1.2.1") for name in ("async-rag", "rag-api"))
    waived = Waived(owner="platform", reason="it is retired", expires="2027-01-01")
    return made.review(
        deployed=None,
        failures=("something <b>bad</b>",),
        systems=(SystemChanges(system="async-rag", counts={"update": 10}, steps=steps),),
        verdicts=(made.verdict(), made.verdict("soft", "advisory")),
        checkov=made.report(findings=(FINDING, NO_LINE), expired=(EXPIRED,), stale=(EXPIRED,)),
        risks=(made.risk(), made.risk("free-prod", None)),
        secured=(
            Secured(name="jobs", kind=Kind.TABLE, system="async-rag", fault="no recovery point", remedy="make it"),
            Secured(name="files", kind=Kind.BUCKET, system="async-rag", fault=None, remedy=None),
        ),
        ways=(
            made.way("v1.4.0", faulty=True, seconds=400.0, moves=moves),
            made.way("v1.2.3", open=False, reason="a | b", closed_here=True, seconds=None, stores=(made.risk(),)),
            made.way("v1.2.2", open=False, reason="c", seconds=None),
            made.way("v1.2.1", open=False, reason="d", waived=waived, seconds=None, unsecured=2),
        ),
        pins={"rag-api": "v1.2.2"},
        base=Base(revision="main", commit="0123456789abcdef"),
    )


def test_everything_that_was_found_is_in_the_report() -> None:
    text = markdown.document(full())
    for words in (
        "# Review of prod: fails",
        "prod was never deployed; this change pins v1.2.3.",
        "- ❌ something &lt;b>bad&lt;/b>",
        "| async-rag | 0 | 10 | 0 | 0 |",
        "- update `f0` (aws:lambda/function:Function): environment",
        "- … and 2 more resources",
        "1 mandatory and 1 advisory violations, 40 policies are kept.",
        "- ❌ **queue-redrive** (mandatory, high) `vdr`: vdr has no redrivePolicy *Set redrivePolicy.*",
        "- ⚠️ **soft**",
        "- ❌ **CKV_AWS_21** Versioning: `files` (a.py:3)",
        "the explanation of CKV_AWS_1 for `*` has expired",
        "CKV_AWS_1 for `*` explains nothing any more",
        "- ❌ `jobs-prod` (table, async-rag) would be **deleted**: no recovery point → `rollback recovery make",
        "- `free-prod` (table, async-rag) would be **deleted**: approved by Ada Byron, recovery point 2026",
        "1 of the 2 stores that can be copied have no recovery point in order",
        "- no recovery point: `jobs`",
        "Compared with main (0123456789ab).",
        "| v1.4.0 (faulty) | yes | async-rag → rag-api | 4 updated | none | about 7 min",
        "**❌ no, this change closes it**: a \\| b",
        "jobs-prod (missing)",
        "| v1.2.2 | no, as before: c |",
        "no, waived by platform until 2027-01-01 (it is retired): d",
        "none (2 stores have none in order)",
        "Pinned on their own, these stay: rag-api at v1.2.2.",
    ):
        assert words in text, words


def test_what_could_not_be_looked_at_is_said() -> None:
    text = markdown.document(made.review(checkov=None, whole=False, policies_not_asked=3, secured_unknown="no bucket"))
    assert "Not run: the preview was stopped before it came to every resource." in text
    assert "What it saw until then:\n\nNothing." in text
    assert "40 policies are kept; 3 weren't asked" in text
    assert "Their recovery points can't be looked at: no bucket" in text


@given(st.text(max_size=200))
def test_no_text_breaks_out_of_its_row_or_opens_a_tag(text: str) -> None:
    document = markdown.document(made.review(ways=(made.way(open=False, reason=text, seconds=None),)))
    (row,) = (line for line in document.split("\n") if line.startswith("| v1.2.2 |"))
    assert row.replace("\\|", "").count("|") == 7
    outside = markdown._text(text).split("`")
    assert "<" not in "".join(part for place, part in enumerate(outside) if place % 2 == 0 or len(outside) % 2 == 0)


def test_a_report_fits_into_a_comment() -> None:
    steps = tuple(
        Step(op="create", type="t" * 500, name="n" * 500, urn="u", why="w" * 9000, source=None) for _ in range(9)
    )
    many = tuple(SystemChanges(system=f"s{n}", counts={"create": 9}, steps=steps) for n in range(9))
    text = markdown.document(made.review(systems=many))
    assert len(text) <= markdown.LONGEST
    assert text.endswith("the whole is in `rollback review --output json`\n")


def test_durations_are_said_roughly() -> None:
    assert [markdown.duration(seconds) for seconds in (0.2, 42.4, 100, 1000)] == [
        "about 1 s",
        "about 42 s",
        "about 2 min",
        "about 17 min",
    ]


def test_json_is_the_whole_review() -> None:
    content = json.loads(json.dumps(full().model_dump(mode="json", by_alias=True)))
    assert Review.model_validate(content) == full()
