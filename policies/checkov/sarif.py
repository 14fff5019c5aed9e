"""A report as SARIF, which code hosts show beside the lines of a pull request.

Only what failed is a result: GitHub opens an alert for each, explained or not (``policies.sarif``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.checkov.findings import CheckovFinding, Report
from policies.checkov.resources import Source
from policies.repository import Candidate, Repository
from policies.sarif import Level, Precision, Result, Rule, Tool, log, run

URI = "https://www.checkov.io"
CHECKS = "https://www.checkov.io/5.Policy%20Index/"
OWN = "CKV_LOSS_"
"""The checks in ``policies/checkov/checks``: about messages that are lost, not about who gets in."""


def document(report: Report, repository: Repository | None = None) -> dict[str, Any]:
    """The log."""
    return log([as_run(report, repository or Repository())])


def as_run(report: Report, repository: Repository) -> dict[str, Any]:
    """checkov's part of a log: failed checks as errors, those that can't be told as notes about the run."""
    stacks = (each.urn.split(":")[2] for each in _all(report) if each.urn.startswith("urn:pulumi:"))
    tool = Tool("checkov", report.checkov, URI, "/".join(("checkov", *sorted(set(stacks))[:1])))
    titles = report.checks | {each.check: each.title for each in _all(report)}
    undecided = [f"{each.check} can't be told of {each.name} ({each.urn}): {each.reason}" for each in report.undecided]
    return run(
        tool,
        (_rule(check, title) for check, title in titles.items()),
        (_result(finding) for finding in report.findings),
        repository,
        undecided,
    )


def candidate(source: Source) -> Candidate:
    """A line of the program as a place to show."""
    return Candidate(source.file, source.line, source.column)


def _all(report: Report) -> Iterator[CheckovFinding]:
    yield from report.findings
    yield from report.skipped
    yield from report.undecided


def _rule(check: str, title: str) -> Rule:
    own = check.startswith(OWN)
    page = "kubernetes.html" if check.startswith(("CKV_K8S", "CKV2_K8S")) else "terraform.html"
    return Rule(
        id=check,
        title=title or check,
        text=f"{title or check}. checkov found a resource of the program that doesn't pass this check.",
        help=f"{title or check}: change the resource, or explain in policies/checkov/baseline.yaml why it stays.",
        uri=f"{CHECKS}{page}",
        level=Level.ERROR,
        severity="high" if own else "medium",
        precision=Precision.MEDIUM,
        tags=("security", "reliability" if own else "checkov"),
    )


def _result(finding: CheckovFinding) -> Result:
    return Result(
        rule=finding.check,
        level=Level.ERROR,
        text=f"{finding.title}: {finding.name} ({finding.type})",
        subject=finding.urn,
        places=tuple(candidate(each) for each in (finding.source, *finding.through) if each is not None),
        through=tuple(candidate(each) for each in finding.through),
    )
