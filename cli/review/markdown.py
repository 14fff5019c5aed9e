"""A review as one Markdown document, short enough for a comment on a pull request.

What is lost or closed comes first, then what else is wrong, then how one would go back and what changes, and last what
is as it should be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from cli.review import groups
from cli.review.groups import Group
from cli.review.model import Review, Risk, Secured, Step, Verdict, Way
from policies.checkov import Report

MARK = "<!-- rollback review -->"
"""The first line: by it a workflow finds its own comment again."""
LONGEST = 60_000
"""Characters; GitHub takes 65,536 in a comment."""
STEPS = 8
"""Groups of resources that are shown."""
SYSTEMS = 2
"""Systems that a cell of the table names."""
NAMED = 12
"""Entries of any other list that are shown."""
WORDS = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}
APOSTROPHE = "'"
BROAD = re.compile(r"\s+")
MEANING = re.compile(r"[*\[\]\\~]|(?<!\w)_|_(?!\w)")
"""What begins emphasis, links and escapes in Markdown; an underscore within a word doesn't."""


def document(review: Review) -> str:
    """The report. What is too long for a comment is cut, and says so."""
    checks = [(_policies, bool(review.verdicts)), (_checkov, not _is_clean(review.checkov))]
    wrong = [part(review) for part, found in checks if found]
    clean = [part(review) for part, found in checks if not found]
    middle = [_ways(review), _changes(review), _stores(review)]
    parts = [_head(review), _lost(review), *wrong, *middle, *clean, _foot(review)]
    text = "\n\n".join(found for part in parts if (found := "\n".join(part))) + "\n"
    if len(text) <= LONGEST:
        return text
    return text[: LONGEST - 120].rpartition("\n")[0] + "\n\n… cut: the whole is in `rollback review --output json`\n"


def _head(review: Review) -> Iterator[str]:
    yield MARK
    yield f"# Review of {review.stack}: {'passes' if review.passed else 'fails'}"
    yield ""
    yield f"{review.stack} {_runs(review)}; {_pins(review)}."
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


def _runs(review: Review) -> str:
    """What the last update deployed, by release where the systems run different ones."""
    if not review.deployed:
        return "was never deployed"
    releases = sorted(set(review.running.values()), reverse=True)
    if len(releases) < 2:
        return f"runs {releases[0] if releases else review.deployed}"
    told = (f"{each} ({', '.join(name for name, at in review.running.items() if at == each)})" for each in releases)
    return f"runs {', '.join(told)}"


def _pins(review: Review) -> str:
    own = ", ".join(f"{name} at {pin}" for name, pin in review.pins.items())
    if review.all_pinned:
        return f"this change pins each system on its own: {own}"
    return f"this change pins {review.pinned}" + (f", and on their own {own}" if own else "")


def _lost(review: Review) -> Iterator[str]:
    """What the change takes away: stores, and ways back."""
    risks = [risk for risk in review.risks if risk.refusal is not None]
    closed = [way for way in review.ways if way.closed_here]
    if not risks and not closed:
        return
    yield "## Lost or closed"
    yield ""
    yield from (_risk(group) for group in groups.risks(risks))
    yield from (f"- ❌ the way to **{way.version}**: {_text(way.reason or '')}" for way in closed)


def _risk(group: Group[Risk]) -> str:
    risk, number = group.first, len(group.names)
    forced = f" for {', '.join(f'`{each}`' for each in risk.changed)}" if risk.changed else ""
    source = f" ({risk.source})" if risk.source else ""
    named = group.named if number == 1 else f"{number} stores, {group.named}"
    systems = ", ".join(dict.fromkeys(each.system for each in group.members))
    told = (
        f"{named} ({risk.kind}{';' if ',' in systems else ','} {systems}) would be **{risk.outcome}**{forced}{source}"
    )
    if risk.refusal is None:
        return (
            f"- {told}: approved by {risk.approved_by or 'an approval'}, recovery point {risk.recovery_point or 'none'}"
        )
    remedy = f" → `{risk.remedy.replace('`', APOSTROPHE)}`" if risk.remedy else ""
    alike = ", and so for the others" if risk.remedy and number > 1 else ""
    return f"- ❌ {told}: {_text(risk.reason)}{remedy}{alike}"


def _policies(review: Review) -> Iterator[str]:
    yield "## Policies"
    yield ""
    mandatory = sum(1 for each in review.verdicts if each.mandatory)
    advisory = len(review.verdicts) - mandatory
    unasked = review.policies_not_asked
    rest = f"; {unasked} weren't evaluated (disabled, or the preview ended before they ran)" if unasked else ""
    yield f"{mandatory} mandatory and {advisory} advisory violations, {review.policies_kept} policies are kept{rest}."
    told = groups.without_risks(review.verdicts, review.risks)
    if hidden := len(review.verdicts) - len(told):
        yield f"{hidden} of them {'is' if hidden == 1 else 'are'} about the stores above."
    found = groups.verdicts(told)
    if found:
        yield ""
        yield from (_verdict(each) for each in found[:NAMED])
        yield from _more(len(found) - NAMED, "group of violations", "groups of violations")


def _verdict(group: Group[Verdict]) -> str:
    verdict = group.first
    mark = "❌" if verdict.mandatory else "⚠️"
    source = f" ({verdict.source})" if verdict.source else ""
    remedy = f" *{_text(verdict.remediation_steps)}*" if verdict.remediation_steps else ""
    told = f"{verdict.enforcement}, {verdict.severity}" if verdict.severity else verdict.enforcement
    first, *others = groups.texts(group)
    more = f" ({len(others)} more said in other words: `--output json`)" if others else ""
    return f"- {mark} **{verdict.policy}** ({told}) {group.named}{source}: {_text(first)}{more}{remedy}"


def _checkov(review: Review) -> Iterator[str]:
    yield "## checkov"
    yield ""
    report = review.checkov
    if report is None:
        yield "Not run: the preview was stopped before it came to every resource."
        return
    yield _figures(report)
    if report.findings or report.expired or report.stale:
        yield ""
    found = groups.findings(report.findings)
    for group in found[:NAMED]:
        first = group.first
        yield f"- ❌ **{first.check}** {_text(first.title)}: {group.named} ({first.where})"
    yield from _more(len(found) - NAMED, "group of findings", "groups of findings")
    yield from (f"- ❌ the explanation of {each.check} for `{each.resources}` has expired" for each in report.expired)
    yield from (f"- {each.check} for `{each.resources}` explains nothing any more: delete it" for each in report.stale)


def _is_clean(report: Report | None) -> bool:
    """Whether checkov has nothing that anybody has to do; where it wasn't asked there is nothing to do either."""
    return report is None or (report.passed and not report.stale)


def _figures(report: Report) -> str:
    figures = f"{report.checks_run} checks on {report.resources} resources"
    rest = f"{len(report.skipped)} skipped on purpose, {len(report.undecided)} can't be told before the update"
    return f"{figures}: {len(report.findings)} failed, {rest} (checkov {report.checkov})."


def _ways(review: Review) -> Iterator[str]:
    yield "## The way back"
    yield ""
    if review.base is not None:
        yield f"Compared with {review.base.revision} ({review.base.commit[:12]})."
        yield ""
    if review.ways and all(way.above for way in review.ways):
        versions = ", ".join(way.version for way in review.ways)
        yield f"Not asked: what stops the change stops the way to each release too ({versions})."
    elif review.ways:
        yield "| release | open | systems that move, in order | changes | recovery points needed | estimate |"
        yield "|---|---|---|---|---|---|"
        yield from (_way(way) for way in review.ways)
        yield from _orders(review.ways)
    else:
        yield "No release is published."
    if review.pins:
        yield ""
        yield _beside(review)


def _orders(ways: Iterable[Way]) -> Iterator[str]:
    """The order in which systems move, once for the releases that have it in common."""
    orders: dict[str, list[str]] = {}
    for way in ways:
        if len(way.moves) > SYSTEMS:
            orders.setdefault(_order(way), []).append(way.version)
    if orders:
        yield from ("", "The systems move in this order:", "")
        yield from (f"- {', '.join(versions)}: {order}" for order, versions in orders.items())


def _order(way: Way) -> str:
    return " → ".join(move.system for move in way.moves)


def _beside(review: Review) -> str:
    """What the pins of single systems mean for the ways."""
    if review.all_pinned:
        return "Each system is pinned on its own: `rollback deploy VERSION --unpin -s STACK` moves them, as above."
    own = ", ".join(f"{name} at {pin}" for name, pin in review.pins.items())
    return f"Pinned on their own, these stay: {own}. `rollback deploy VERSION --unpin -s STACK` moves them too."


def _way(way: Way) -> str:
    marks = ", ".join([*(["runs now"] if way.here else []), *(["faulty"] if way.faulty else [])])
    cells = [
        f"{way.version} ({marks})" if marks else way.version,
        _open(way),
        (_order(way) or "none") if len(way.moves) <= SYSTEMS else f"{len(way.moves)}, see below",
        _counts(way.counts) or ("nothing" if way.open else "not known"),
        _points(way),
        f"{duration(way.seconds)} ({way.basis})" if way.seconds else (way.basis if way.open else ""),
    ]
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _open(way: Way) -> str:
    if way.open:
        return f"yes; {'; '.join(map(_text, way.anew))}" if way.anew else "yes"
    if way.above:
        return "not asked: what stops the change stops this too"
    reason = _text(way.reason or "")
    if way.waived is not None:
        who, why = _text(way.waived.owner), _text(way.waived.reason)
        return f"no, waived by {who} until {way.waived.expires} ({why}): {reason}"
    return f"**❌ no, this change closes it**: {reason}" if way.closed_here else f"no, as before: {reason}"


def _points(way: Way) -> str:
    if way.stores:
        return ", ".join(f"{risk.name} ({risk.recovery_point or 'missing'})" for risk in way.stores)
    if not way.unsecured:
        return "none"
    return f"none ({'1 store has' if way.unsecured == 1 else f'{way.unsecured} stores have'} none in order)"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[op]} {word}" for op, word in WORDS.items() if counts.get(op))


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
    yield ""
    found = groups.steps(review.systems)
    yield from (_step(group) for group in found[:STEPS])
    hidden = sum(len(group.names) for group in found[STEPS:])
    yield from _more(hidden, "resource", "resources")


def _step(group: Group[Step]) -> str:
    step, number = group.first, len(group.names)
    why = f": {_text(step.why)}" if step.why else ""
    source = f" ({step.source})" if step.source else ""
    told = f"`{step.name}` ({step.type})" if number == 1 else f"{number} of {step.type}, {group.named}"
    return f"- {step.op} {told}{why}{source}"


def _stores(review: Review) -> Iterator[str]:
    yield "## Durable stores"
    yield ""
    if not review.risks:
        yield "None would be deleted or replaced."
    elif refused := sum(1 for risk in review.risks if risk.refusal is not None):
        yield f"{refused} would lose data without what that takes: see above."
    yield from (_risk(group) for group in groups.risks(risk for risk in review.risks if risk.refusal is None))
    yield ""
    yield from _secured(review)


def _secured(review: Review) -> Iterator[str]:
    if review.secured_unknown is not None:
        yield f"Their recovery points can't be looked at: {_text(review.secured_unknown)}"
        return
    lacking = [each for each in review.secured if each.fault]
    if not review.secured:
        yield "Nothing is deployed of which copies could be made."
        return
    if not lacking:
        yield f"All {len(review.secured)} stores that can be copied have a verified recovery point, young enough."
        return
    yield (
        f"{len(lacking)} of the {len(review.secured)} stores that can be copied have no recovery point in order; "
        f"`rollback recovery make --all -s {review.stack}` makes them:"
    )
    yield ""
    yield from _folded(lacking)


def _foot(review: Review) -> Iterator[str]:
    parts = ", ".join(f"{timing.part} {timing.seconds:.0f} s" for timing in review.timings)
    yield f"<sub>{f'{parts}. ' if parts else ''}How to read this: docs/review.md</sub>"


def duration(seconds: float) -> str:
    """Roughly how long, in the unit that people would say."""
    if seconds < 90:
        return f"about {max(round(seconds), 1)} s"
    return f"about {round(seconds / 60)} min"


def _folded(lacking: Sequence[Secured]) -> Iterator[str]:
    """The stores by what they lack and what they are; the list opens on a click where it is long."""
    faults: dict[tuple[str, str], list[str]] = {}
    for each in lacking:
        faults.setdefault((each.fault or "", each.kind), []).append(f"`{each.name}`")
    lines = [
        f"- {_text(fault)}, {kind} ({len(names)}): {', '.join(names)}"
        for (fault, kind), names in sorted(faults.items())
    ]
    if len(lacking) <= STEPS:
        yield from lines
        return
    yield from ("<details><summary>which</summary>", "", *lines, "", "</details>")


def _more(number: int, one: str, many: str) -> Iterable[str]:
    return [f"- … and {number} more {one if number == 1 else many}"] if number > 0 else []


def _text(text: str) -> str:
    """Somebody else's words as one line that is shown and not obeyed: no tag, no link, no emphasis but code."""
    parts = BROAD.sub(" ", text).strip().split("`")
    if len(parts) % 2 == 0:  # a backtick without its fellow would pair with one of ours
        parts = ["'".join(parts)]
    shown = (part if place % 2 else MEANING.sub(r"\\\g<0>", part) for place, part in enumerate(parts))
    return "`".join(part if place % 2 else part.replace("<", "&lt;") for place, part in enumerate(shown))


def _cell(text: str) -> str:
    """A text that is Markdown already, as one cell of a table."""
    return BROAD.sub(" ", text).replace("|", "\\|")
