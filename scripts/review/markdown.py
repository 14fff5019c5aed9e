"""A review as one Markdown document, short enough for a comment on a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from policies.checkov import Report
from scripts.review.model import Review, Risk, Secured, SystemChanges, Verdict, Way

MARK = "<!-- rollback review -->"
"""The first line: by it a workflow finds its own comment again."""
LONGEST = 60_000
"""Characters; GitHub takes 65,536 in a comment."""
STEPS = 8
"""Resources that are named in one system."""
NAMED = 20
"""Entries of a list that are shown."""
WORDS = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}
BROAD = re.compile(r"\s+")


def document(review: Review) -> str:
    """The report. What is too long for a comment is cut, and says so."""
    parts = [_head(review), _changes(review), _policies(review), _checkov(review), _stores(review), _ways(review)]
    text = "\n\n".join(["\n".join(part) for part in parts] + ["\n".join(_foot(review))]) + "\n"
    if len(text) <= LONGEST:
        return text
    return text[: LONGEST - 120].rpartition("\n")[0] + "\n\n… cut: the whole is in `rollback review --output json`\n"


def _head(review: Review) -> Iterator[str]:
    yield MARK
    yield f"# Review of {review.stack}: {'passes' if review.passed else 'fails'}"
    yield ""
    runs = f"runs {review.deployed}" if review.deployed else "was never deployed"
    yield f"{review.stack} {runs}; this change pins {review.pinned}."
    if review.failures:
        yield ""
        yield from (f"- ❌ {_text(line)}" for line in review.failures)
    if review.judges:
        more = f" and {len(review.judges) - STEPS} more" if len(review.judges) > STEPS else ""
        yield ""
        yield (
            "⚠️ This change touches what judges changes, so this report is no word on it. Somebody has to read: "
            f"{', '.join(f'`{_text(path)}`' for path in review.judges[:STEPS])}{more}."
        )


def _changes(review: Review) -> Iterator[str]:
    yield "## What changes"
    yield ""
    if not review.whole:
        yield "The preview was stopped before it came to every resource. What it saw until then:"
        yield ""
    if not review.systems:
        yield "Nothing."
        return
    yield "| system | created | updated | replaced | deleted |"
    yield "|---|--:|--:|--:|--:|"
    for each in review.systems:
        figures = " | ".join(str(each.counts.get(op, 0)) for op in WORDS)
        yield f"| {each.system} | {figures} |"
    for each in review.systems:
        yield ""
        yield from _steps(each)


def _steps(system: SystemChanges) -> Iterator[str]:
    yield f"**{system.system}**"
    yield ""
    for step in system.steps[:STEPS]:
        why = f": {_text(step.why)}" if step.why else ""
        source = f" ({step.source})" if step.source else ""
        yield f"- {step.op} `{step.name}` ({step.type}){why}{source}"
    yield from _more(len(system.steps) - STEPS, "resource")


def _policies(review: Review) -> Iterator[str]:
    yield "## Policies"
    yield ""
    mandatory = sum(1 for each in review.verdicts if each.mandatory)
    advisory = len(review.verdicts) - mandatory
    unasked = review.policies_not_asked
    rest = f"; {unasked} weren't asked (disabled, or the preview ended before they ran)" if unasked else ""
    yield f"{mandatory} mandatory and {advisory} advisory violations, {review.policies_kept} policies are kept{rest}."
    yield ""
    yield from (_verdict(each) for each in review.verdicts[:NAMED])
    yield from _more(len(review.verdicts) - NAMED, "violation")


def _verdict(verdict: Verdict) -> str:
    mark = "❌" if verdict.mandatory else "⚠️"
    source = f" ({verdict.source})" if verdict.source else ""
    remedy = f" *{_text(verdict.remediation)}*" if verdict.remediation else ""
    told = f"{verdict.enforcement}, {verdict.severity}" if verdict.severity else verdict.enforcement
    return f"- {mark} **{verdict.policy}** ({told}) `{verdict.resource}`{source}: {_text(verdict.text)}{remedy}"


def _checkov(review: Review) -> Iterator[str]:
    yield "## checkov"
    yield ""
    report = review.checkov
    if report is None:
        yield "Not run: the preview was stopped before it came to every resource."
        return
    yield _told(report)
    if report.findings or report.expired or report.stale:
        yield ""
    for finding in report.findings[:NAMED]:
        yield f"- ❌ **{finding.check}** {_text(finding.title)}: `{finding.name}` ({finding.where})"
    yield from _more(len(report.findings) - NAMED, "finding")
    yield from (f"- ❌ the explanation of {each.check} for `{each.resources}` has expired" for each in report.expired)
    yield from (f"- {each.check} for `{each.resources}` explains nothing any more: delete it" for each in report.stale)


def _told(report: Report) -> str:
    figures = f"{report.checks_run} checks on {report.resources} resources"
    rest = f"{len(report.skipped)} skipped on purpose, {len(report.undecided)} can't be told before the update"
    return f"{figures}: {len(report.findings)} failed, {rest} (checkov {report.checkov})."


def _stores(review: Review) -> Iterator[str]:
    yield "## Durable stores"
    yield ""
    if not review.risks:
        yield "None would be deleted or replaced."
    yield from (_risk(risk) for risk in review.risks)
    yield ""
    yield from _secured(review)


def _risk(risk: Risk) -> str:
    forced = f" for {', '.join(f'`{each}`' for each in risk.changed)}" if risk.changed else ""
    told = f"`{risk.name}` ({risk.kind}, {risk.system}) would be **{risk.deed}**{forced}"
    if risk.refusal is None:
        return (
            f"- {told}: approved by {risk.approved_by or 'an approval'}, recovery point {risk.recovery_point or 'none'}"
        )
    reason, _, command = risk.refusal.partition("\n")
    remedy = f" → `{_text(command)}`" if command else ""
    return f"- ❌ {told}: {_text(reason)}{remedy}"


def _secured(review: Review) -> Iterator[str]:
    if review.secured_unknown is not None:
        yield f"Their recovery points can't be looked at: {_text(review.secured_unknown)}"
        return
    lacking = [each for each in review.secured if each.fault]
    if not lacking:
        yield f"All {len(review.secured)} stores that can be copied have a verified recovery point, young enough."
        return
    yield (
        f"{len(lacking)} of the {len(review.secured)} stores that can be copied have no recovery point in order; "
        f"`rollback recovery make --all -s {review.stack}` makes them:"
    )
    yield ""
    yield from _folded(lacking)


def _ways(review: Review) -> Iterator[str]:
    yield "## The way back"
    yield ""
    if review.base is not None:
        yield f"Compared with {review.base.revision} ({review.base.commit[:12]})."
        yield ""
    yield "| release | open | systems that move, in order | changes | recovery points needed | estimate |"
    yield "|---|---|---|---|---|---|"
    yield from (_way(way) for way in review.ways)
    if review.pins:
        yield ""
        yield f"Pinned on their own, these stay: {', '.join(f'{name} at {pin}' for name, pin in review.pins.items())}."


def _way(way: Way) -> str:
    marks = ", ".join([*(["runs now"] if way.here else []), *(["faulty"] if way.faulty else [])])
    cells = [
        f"{way.version} ({marks})" if marks else way.version,
        _open(way),
        " → ".join(move.system for move in way.moves) or "none",
        _counts(way.counts) or ("nothing" if way.open else "not known"),
        _points(way),
        f"{duration(way.seconds)} ({way.basis})" if way.seconds else (way.basis if way.open else ""),
    ]
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _open(way: Way) -> str:
    if way.open:
        return f"yes; {'; '.join(way.anew)}" if way.anew else "yes"
    if way.waived is not None:
        return f"no, waived by {way.waived.owner} until {way.waived.expires} ({way.waived.reason}): {way.reason}"
    return f"**❌ no, this change closes it**: {way.reason}" if way.closed_here else f"no, as before: {way.reason}"


def _points(way: Way) -> str:
    if way.stores:
        return ", ".join(f"{risk.name} ({risk.recovery_point or 'missing'})" for risk in way.stores)
    if not way.unsecured:
        return "none"
    return f"none ({'1 store has' if way.unsecured == 1 else f'{way.unsecured} stores have'} none in order)"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[op]} {word}" for op, word in WORDS.items() if counts.get(op))


def _foot(review: Review) -> Iterator[str]:
    parts = ", ".join(f"{timing.part} {timing.seconds:.0f} s" for timing in review.timings)
    yield f"<sub>{parts}. How to read this: docs/review.md</sub>"


def duration(seconds: float) -> str:
    """Roughly how long, in the unit that people would say."""
    if seconds < 90:
        return f"about {max(round(seconds), 1)} s"
    return f"about {round(seconds / 60)} min"


def _folded(lacking: Sequence[Secured]) -> Iterator[str]:
    """The stores by what they lack; the list opens on a click where it is long."""
    faults: dict[str, list[str]] = {}
    for each in lacking:
        faults.setdefault(each.fault or "", []).append(f"`{each.name}`")
    lines = [f"- {_text(fault)}: {', '.join(names)}" for fault, names in faults.items()]
    if len(lacking) <= STEPS:
        yield from lines
        return
    yield from ("<details><summary>which</summary>", "", *lines, "", "</details>")


def _more(number: int, what: str) -> Iterable[str]:
    return [f"- … and {number} more {what}{'s' if number > 1 else ''}"] if number > 0 else []


def _text(text: str) -> str:
    """One line in which nothing opens a tag or a comment; between backticks nothing could."""
    parts = BROAD.sub(" ", text).strip().split("`")
    balanced = len(parts) % 2 == 1
    return "`".join(part if balanced and place % 2 else part.replace("<", "&lt;") for place, part in enumerate(parts))


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|")
