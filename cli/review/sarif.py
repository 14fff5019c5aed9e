"""A review as SARIF: checkov's run, and one of the review's own with policies, stores and ways (``policies.sarif``)."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from cli.review import groups
from cli.review.model import Review, Risk, Verdict, Way
from cli.review.workspace import remote_of
from policies.checkov.resources import Source
from policies.checkov.sarif import as_run, candidate
from policies.pack import BY_NAME, CONCERNS
from policies.repository import Candidate, Repository
from policies.rule import Rule as Policy
from policies.rule import Severity
from policies.sarif import Level, Precision, Result, Rule, Tool, log, run
from policies.waivers import WAY_BACK
from stacks.settings import PROJECT

ROOT = Path(__file__).resolve().parents[2]
NAME = "rollback review"
AT_RISK = "durable-store-at-risk"
SOMEBODY_ELSES = "another-pack"
"""The rule of violations that the pack of this checkout doesn't know."""
GENERAL = "https://www.pulumi.com/docs/insights/policy/"
"""What a rule refers to where nobody knows on which host the project's own pages are."""
OWN = {
    AT_RISK: (
        "No update deletes or replaces a durable store without a recovery point and an approval.",
        "Keep the store, or make a recovery point, have it verified, and approve what happens to the store.",
        Severity.CRITICAL,
        "docs/guard.md",
    ),
    WAY_BACK: (
        "No change closes the way back to a release without saying so.",
        "Keep the way open, or say in policies/waivers.yaml who lets it be closed and why.",
        Severity.HIGH,
        "docs/review.md",
    ),
    SOMEBODY_ELSES: (
        "Policies of another pack are kept.",
        "See the pack that the violation names.",
        Severity.MEDIUM,
        "docs/policies.md",
    ),
}


def document(review: Review, repository: Repository | None = None) -> dict[str, Any]:
    """The log. ``repository``: where results are shown, and what this change touched of it."""
    places = repository or Repository()
    at = home()
    tool = Tool(NAME, version(), address(at, "docs/review.md"), f"rollback-review/{review.stack}")
    results = [
        *(_verdict(each) for each in groups.without_risks(review.verdicts, review.risks)),
        *(_risk(risk) for risk in review.risks if risk.refusal is not None),
        *(_way(way, review.stack, places) for way in review.ways if way.closed_here),
    ]
    own = run(tool, rules(at), results, places)
    return log([own, as_run(review.checkov, places)] if review.checkov else [own])


@cache
def version() -> str:
    """The project's own version, which is the review's."""
    found = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return str(found)


def home() -> str | None:
    """Where the repository can be read: what GitHub's runner says, else where the checkout was cloned from."""
    server, repository = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    return f"{server}/{repository}" if server and repository else remote_of(ROOT)


def address(at: str | None, page: str, anchor: str = "") -> str:
    """Where a page of the project can be read, in a repository that is ``at`` an address."""
    return f"{at}/blob/HEAD/{page}{f'#{anchor}' if anchor else ''}" if at else GENERAL


def rules(at: str | None) -> Iterator[Rule]:
    """Everything that a review may report; ``at``: the address of the repository that has the pages."""
    for concern in CONCERNS:
        tag = concern.__name__.rpartition(".")[2].replace("_", "-")
        yield from (_policy(policy, tag, at) for policy in concern.RULES)
    for name, (title, remedy, severity, page) in OWN.items():
        yield Rule(
            id=name,
            title=title,
            text=f"{title} {remedy}",
            help=remedy,
            uri=address(at, page),
            level=Level.ERROR,
            severity=severity.value,
            precision=Precision.VERY_HIGH,
            tags=("security", "rollback"),
        )


def _policy(policy: Policy, tag: str, at: str | None) -> Rule:
    return Rule(
        id=policy.name,
        title=policy.description,
        text=f"{policy.description} {policy.remediation_steps}",
        help=policy.remediation_steps,
        uri=address(at, "docs/policies.md", policy.name),
        level=_level(policy.enforcement, policy.severity.value),
        severity=policy.severity.value,
        precision=Precision.HIGH,
        tags=("security", tag),
    )


def _level(enforcement: str, severity: str) -> Level:
    if enforcement == "mandatory":
        return Level.ERROR
    return Level.NOTE if severity == Severity.LOW.value else Level.WARNING


def _verdict(verdict: Verdict) -> Result:
    known = verdict.policy in BY_NAME
    text = verdict.text if known else f"{verdict.policy}: {verdict.text}"
    return Result(
        rule=verdict.policy if known else SOMEBODY_ELSES,
        level=_level(verdict.enforcement, verdict.severity),
        text=f"{verdict.resource}: {text} {verdict.remediation_steps}",
        subject=verdict.urn,
        places=_places(verdict.source),
    )


def _risk(risk: Risk) -> Result:
    remedy = f" To let that happen: {risk.remedy}" if risk.remedy else ""
    return Result(
        rule=AT_RISK,
        level=Level.ERROR,
        text=f"{risk.name} would be {risk.outcome}: {risk.reason}.{remedy}",
        subject=risk.urn,
        places=_places(risk.source),
        caused_here=True,
    )


def _way(way: Way, stack: str, repository: Repository) -> Result:
    return Result(
        rule=WAY_BACK,
        level=Level.ERROR,
        text=f"{way.version} can't be gone back to any more: {way.reason}",
        subject=f"{stack}::{way.version}",
        places=(*_pin(stack, repository.project), Candidate(f"stacks/releases/{way.version}.yaml", 1)),
        caused_here=True,
    )


def _pin(stack: str, project: Path) -> Iterator[Candidate]:
    """The line of the stack's file that pins the release."""
    file = f"stacks/Pulumi.{stack}.yaml"
    try:
        lines = (project / file).read_text().splitlines()
    except OSError:
        return
    pin = re.compile(rf"^\s+['\"]?({PROJECT}:)?version['\"]?:")
    yield from (Candidate(file, number) for number, line in enumerate(lines, start=1) if pin.match(line))


def _places(source: Source | None) -> tuple[Candidate, ...]:
    return () if source is None else (candidate(source),)
