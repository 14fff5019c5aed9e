"""A report as text for people: one paragraph a check, one line a resource."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from policies.checkov.baseline import Entry
from policies.checkov.findings import CheckovFinding, Report, Skipped, Undecided


def table(report: Report) -> str:
    """The whole report: what fails first, then what was skipped and why, then what wasn't looked at, then the sum."""
    parts = [
        *_section("failed", report.findings),
        *_section("skipped on purpose", report.skipped),
        *_section("can't be told", report.undecided),
        *_not_bridged(report),
        *_entries("expired in the baseline", report.expired),
        *_entries("stale in the baseline (nothing fails any more: delete)", report.stale),
        summary(report),
    ]
    return "\n".join(parts) + "\n"


def summary(report: Report) -> str:
    """The sum in one line."""
    known = f" ({report.partly_known} of them partly known before the update)" if report.partly_known else ""
    return (
        f"{report.checks_run} checks on {report.resources} resources{known} in {report.seconds:.1f} s: "
        f"{len(report.findings)} failed, {len(report.skipped)} skipped on purpose, "
        f"{len(report.undecided)} can't be told (checkov {report.checkov})"
    )


def _section(title: str, findings: Sequence[CheckovFinding]) -> Iterator[str]:
    if not findings:
        return
    yield f"{title}:"
    for check, group in groupby(findings, key=lambda each: each.check):
        same = list(group)
        yield f"  {check}  {same[0].title}"
        for reason in dict.fromkeys(_reason(each) for each in same):
            if reason:
                yield f"      {reason}"
            yield from _lines([each for each in same if _reason(each) == reason])
    yield ""


def _reason(finding: CheckovFinding) -> str:
    if isinstance(finding, Skipped):
        return f"{finding.reason} ({finding.owner})"
    return finding.reason if isinstance(finding, Undecided) else ""


def _lines(findings: Sequence[CheckovFinding]) -> Iterator[str]:
    width = max(len(each.where) for each in findings)
    for each in findings:
        yield f"    {each.where:{width}}  {each.name}"


def _not_bridged(report: Report) -> Iterator[str]:
    if not report.not_bridged:
        return
    yield "not looked at:"
    width = max(len(each.type) for each in report.not_bridged)
    for each in report.not_bridged:
        yield f"  {each.type:{width}}  {each.count:4}  {each.reason}"
    yield ""


def _entries(title: str, entries: Sequence[Entry]) -> Iterator[str]:
    if not entries:
        return
    yield f"{title}:"
    for each in entries:
        yield f"  {each.check}  {each.resources}{f'  until {each.expires}' if each.expires else ''}"
    yield ""
