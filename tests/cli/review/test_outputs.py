"""What fails a review, and how it is written down: Markdown, JSON, SARIF."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.review import groups, markdown
from cli.review.failures import failures
from cli.review.model import Base, Review, Secured, Step, SystemChanges, SystemMove, Waived
from guard.durable import Kind
from policies.checkov.baseline import Entry
from policies.checkov.findings import CheckovFinding
from policies.checkov.resources import Source
from tests.cli.review import made

FINDING = CheckovFinding(
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


def test_a_way_that_is_closed_with_a_store_at_risk_asks_for_an_approval_and_not_for_a_waiver() -> None:
    closed = made.way("v1.2.1", open=False, closed_here=True, reason="x")
    lines = failures([], made.report(), [made.risk()], [], [closed])
    assert lines[1] == (
        "this change closes the way to v1.2.1: keep it open, or approve what happens to the stores at risk, which no "
        "waiver lets go"
    )


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
    moves = tuple(SystemMove(system=name, old="v1.2.3", new="v1.2.1") for name in ("async-rag", "rag-api"))
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
        "prod was never deployed; this change pins v1.2.3, and on their own rag-api at v1.2.2.",
        "- ❌ something &lt;b>bad&lt;/b>",
        "| async-rag | 0 | 10 | 0 | 0 |",
        "- update 10 of aws:lambda/function:Function, `f0`, `f1`, `f2` and 7 more: environment",
        "1 mandatory and 1 advisory violations, 40 policies are kept.",
        "- ❌ **queue-redrive** (mandatory, high) `vdr`: vdr has no redrivePolicy *Set redrivePolicy.*",
        "- ⚠️ **soft**",
        "- ❌ **CKV_AWS_21** Versioning: `files` (a.py:3)",
        "the explanation of CKV_AWS_1 for `*` has expired",
        "CKV_AWS_1 for `*` explains nothing any more",
        "- ❌ `jobs-prod` (table, async-rag) would be **deleted**: no recovery point → `rollback recovery make",
        "- `free-prod` (table, async-rag) would be **deleted**: approved by Ada Byron, recovery point 2026",
        "1 of the 2 stores that can be copied have no recovery point in order",
        "- no recovery point, table (1): `jobs`",
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
    assert "40 policies are kept; 3 weren't evaluated" in text
    assert "Their recovery points can't be looked at: no bucket" in text


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_text_breaks_out_of_its_row_or_opens_a_tag(text: str) -> None:
    document = markdown.document(made.review(ways=(made.way(open=False, reason=text, seconds=None),)))
    (row,) = (line for line in document.split("\n") if line.startswith("| v1.2.2 |"))
    assert row.replace("\\|", "").count("|") == 7
    outside = markdown._text(text).split("`")
    assert "<" not in "".join(part for place, part in enumerate(outside) if place % 2 == 0 or len(outside) % 2 == 0)


def test_a_report_fits_into_a_comment() -> None:
    steps = tuple(
        Step(op="create", type="t" * 500, name="n" * 500, urn="u", why=f"{n}" + "w" * 9000, source=None)
        for n in range(9)
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


LINE = Source(file="components/common/queue.py", line=12)


def ordinary() -> Review:
    """One edited line: 32 queues change, and 20 of them break a policy."""
    queues = [f"queue-{n:02}" for n in range(32)]
    steps = tuple(
        Step(op="update", type="aws:sqs/queue:Queue", name=name, urn=f"urn:{name}", why="delaySeconds", source=LINE)
        for name in queues
    )
    halves = {"async-rag": steps[:20], "compaction": steps[20:]}
    verdicts = tuple(
        made.verdict().model_copy(
            update={"urn": f"urn:{name}", "resource": name, "text": f"{name} has no redrivePolicy", "source": LINE}
        )
        for name in queues[:20]
    )
    names = ("async-rag", "rag-api", "compaction", "cryptique", "security-assistant")
    moves = tuple(SystemMove(system=name, old="v1.2.3", new="v1.2.1") for name in names)
    secured = tuple(
        Secured(name=f"store-{n}", kind=Kind.TABLE, system="async-rag", fault="no recovery point", remedy="make it")
        for n in range(36)
    )
    return made.review(
        failures=("mandatory policies: queue-redrive",),
        systems=tuple(
            SystemChanges(system=system, counts={"update": len(each)}, steps=each) for system, each in halves.items()
        ),
        verdicts=verdicts,
        secured=secured,
        ways=tuple(made.way(version, moves=moves) for version in ("v1.4.0", "v1.3.0", "v1.2.3", "v1.2.2", "v1.2.1")),
    )


def test_one_edited_line_is_told_once() -> None:
    text = markdown.document(ordinary())
    assert text.count("redrivePolicy.*") == 1
    assert (
        "- ❌ **queue-redrive** (mandatory, high) `queue-00`, `queue-01`, `queue-02` and 17 more "
        "(components/common/queue.py:12): queue-00 has no redrivePolicy *Set redrivePolicy.*"
    ) in text
    assert (
        "- update 32 of aws:sqs/queue:Queue, `queue-00`, `queue-01`, `queue-02` and 29 more: delaySeconds "
        "(components/common/queue.py:12)"
    ) in text


def test_an_ordinary_change_takes_less_than_sixty_lines() -> None:
    assert len(markdown.document(ordinary()).splitlines()) < 60
    assert len(markdown.document(made.review()).splitlines()) < 40


def test_what_is_told_without_a_line_is_one_only_where_it_is_the_same() -> None:
    names = ("a", "b", "c")
    told = [made.verdict().model_copy(update={"resource": name, "text": f"{name} has none"}) for name in names]
    other = made.verdict().model_copy(update={"resource": "d", "text": "d has too much"})
    found = groups.verdicts([*told, other])
    assert [group.names for group in found] == [names, ("d",)]
    at_one_line = [each.model_copy(update={"source": LINE}) for each in (*told, other)]
    (group,) = groups.verdicts(at_one_line)
    assert group.names == (*names, "d")
    assert groups.texts(group) == ["a has none", "d has too much"]
    assert ": a has none (1 more said in other words: " in markdown.document(made.review(verdicts=tuple(at_one_line)))


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        ("risk", "- ❌ `jobs-prod` (table, async-rag) would be **deleted**"),
        ("way", "- ❌ the way to **v1.2.1**: it can't read"),
    ],
)
def test_what_is_lost_or_closed_comes_before_everything_else(lost: str, told: str) -> None:
    closed = made.way("v1.2.1", open=False, closed_here=True, reason="it can't read")
    more: dict[str, Any] = {"risks": (made.risk(),)} if lost == "risk" else {"ways": (closed,)}
    text = markdown.document(ordinary().model_copy(update=more))
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "## Lost or closed",
        "## Policies",
        "## The way back",
        "## What changes",
        "## Durable stores",
        "## checkov",
    ]
    assert text.index(told) < text.index("## Policies")
    assert "## Lost or closed" not in markdown.document(ordinary())


def test_a_store_at_risk_is_one_cause_whoever_tells_of_it() -> None:
    risk = made.risk()
    repeated = made.verdict("durable-store-removal").model_copy(
        update={"urn": made.PLAN, "text": f"jobs-prod would be deleted: no recovery point {risk.urn}"}
    )
    other = made.verdict("durable-store-removal").model_copy(update={"text": "files-prod would be deleted urn:files"})
    assert failures([repeated], None, [risk], [], []) == ("durable stores at risk: jobs-prod would be deleted",)
    text = markdown.document(made.review(verdicts=(repeated,), risks=(risk,)))
    assert text.count("jobs-prod") == 3, "with its two commands, and nowhere else"
    assert "1 of them is about the stores above." in text
    assert failures([repeated, other], None, [risk], [], [])[1] == "mandatory policies: durable-store-removal"
    assert "**durable-store-removal**" in markdown.document(made.review(verdicts=(repeated, other), risks=(risk,)))


def test_ways_that_what_stops_the_change_stops_too_advise_nothing() -> None:
    above = made.way("v1.2.1", open=False, above=("jobs-prod",), counts={}, seconds=None)
    other = made.way("v1.2.2", open=False, reason="it has no artifact", counts={}, seconds=None)
    text = markdown.document(made.review(risks=(made.risk(),), ways=(other, above)))
    assert "| v1.2.1 | not asked: what stops the change stops this too | none | not known | none |  |" in text
    assert failures([], None, [], [], [above]) == ()
    alone = markdown.document(made.review(risks=(made.risk(),), ways=(above,)))
    assert "Not asked: what stops the change stops the way to each release too (v1.2.1)." in alone
    assert "| release |" not in alone


SYSTEMS = ("async-rag", "rag-api")


@pytest.mark.parametrize(
    ("running", "pins", "head"),
    [
        (("v1.2.3", "v1.2.3"), {}, "prod runs v1.2.3; this change pins v1.2.3."),
        (
            ("v1.2.3", "v1.2.2"),
            {"rag-api": "v1.2.2"},
            "prod runs v1.2.3 (async-rag), v1.2.2 (rag-api); "
            "this change pins v1.2.3, and on their own rag-api at v1.2.2.",
        ),
        (
            ("v1.2.2", "v1.2.2"),
            {"async-rag": "v1.2.2", "rag-api": "v1.2.2"},
            "prod runs v1.2.2; this change pins each system on its own: async-rag at v1.2.2, rag-api at v1.2.2.",
        ),
    ],
)
def test_the_head_says_what_each_system_runs(running: tuple[str, ...], pins: dict[str, str], head: str) -> None:
    text = markdown.document(made.review(running=dict(zip(SYSTEMS, running, strict=True)), pins=pins))
    assert text.splitlines()[3] == head
    assert ("these stay: rag-api at v1.2.2" in text) is (len(pins) == 1)


def test_stores_that_one_line_endangers_are_one_cause() -> None:
    """The plan and the policies tell of each queue, with its own command."""
    names = [f"queue-{n}-prod" for n in range(12)]
    told = "{name} would lose data: retention 1,209,600 s -> 60 s\nrollback guard approve 'urn:{name}' --action lose"
    lost = [
        made.risk(name, told.format(name=name)).model_copy(
            update={
                "urn": f"urn:{name}",
                "outcome": "changed with a loss",
                "source": LINE,
                "kind": "queue",
                "system": ("async-rag", "compaction")[number % 2],
            }
        )
        for number, name in enumerate(names)
    ]
    repeated = [
        made.verdict("durable-store-loss").model_copy(update={"text": f"{risk.refusal} {risk.urn}"}) for risk in lost
    ]
    (line,) = failures(repeated, None, lost, [], [])
    assert line == (
        "durable stores at risk: queue-0-prod, queue-1-prod, queue-2-prod, queue-3-prod, queue-4-prod and 7 more would "
        "be changed with a loss"
    )
    text = markdown.document(made.review(risks=tuple(lost), verdicts=tuple(repeated)))
    assert (
        "- ❌ 12 stores, `queue-0-prod`, `queue-1-prod`, `queue-2-prod` and 9 more "
        "(queue; async-rag, compaction) would be **changed with a loss** "
        "(components/common/queue.py:12): queue-0-prod would lose data: retention 1,209,600 s "
        "-> 60 s → `rollback guard approve 'urn:queue-0-prod' --action lose`, and so for the others"
    ) in text
    assert text.count("would lose data: ") == 1
    other = lost[0].model_copy(update={"name": "x", "refusal": "something else"})
    assert len(groups.risks([*lost, other])) == 2


def test_the_order_of_the_systems_is_said_once_for_the_releases_that_have_it() -> None:
    text = markdown.document(ordinary())
    assert "| v1.2.1 | yes | 5, see below | 4 updated |" in text
    order = "async-rag → rag-api → compaction → cryptique → security-assistant"
    assert f"- v1.4.0, v1.3.0, v1.2.3, v1.2.2, v1.2.1: {order}" in text
    assert text.count(order) == 1


@pytest.mark.parametrize(
    ("more", "first"),
    [
        ({}, "## The way back"),
        ({"verdicts": (made.verdict(enforcement="advisory"),)}, "## Policies"),
        ({"checkov": made.report(findings=(FINDING,))}, "## checkov"),
        ({"checkov": made.report(stale=(EXPIRED,))}, "## checkov"),
        ({"checkov": None}, "## The way back"),
    ],
)
def test_what_is_as_it_should_be_comes_last(more: dict[str, Any], first: str) -> None:
    headings = [line for line in markdown.document(made.review(**more)).splitlines() if line.startswith("## ")]
    assert headings[0] == first
    assert sorted(headings) == sorted(
        ["## Policies", "## checkov", "## The way back", "## What changes", "## Durable stores"]
    )
