"""From a preview to a report."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from policies.checkov import engine, environment, manifests, naming, terraform
from policies.checkov.baseline import Entry, explanation, load
from policies.checkov.errors import CheckovError
from policies.checkov.findings import CheckovFinding, NotBridged, Report, Skipped, Undecided
from policies.checkov.resources import Resource, read

PLAN = engine.PLAN
ANNOTATION = "annotation of the manifest"
F = TypeVar("F", bound=CheckovFinding)


def scan(
    preview: Mapping[str, Any],
    baseline: Sequence[Entry] | None = None,
    today: date | None = None,
    update_plan: Mapping[str, Any] | None = None,
) -> Report:
    """Judge every resource of a preview (``pulumi preview --json --show-sames``) or a state (``pulumi stack export``).

    ``baseline``: what is skipped on purpose; ``baseline.yaml`` where none is given. ``today``: the day by which entries
    expire, in UTC. ``update_plan``: what ``pulumi preview --save-plan`` wrote, with options that a preview leaves out.
    Raises ``CheckovError`` or ``ConfigurationError``, both with one line.
    """
    started = time.monotonic()
    entries = load() if baseline is None else tuple(baseline)
    resources = read(preview, update_plan)
    managed = [each for each in resources if not each.external]
    plan = terraform.plan(managed)
    written = manifests.write(managed, plan.holes)
    subjects = {
        **{(PLAN, address): Subject(each, plan.unknown[address]) for address, each in plan.addresses.items()},
        **{(file, ""): Subject(each, written.unknown[file]) for file, each in written.resources.items()},
    }
    document = plan.document if plan.addresses else None
    run = engine.run(document, written.files, str(plan.holes)) if subjects else engine.NOTHING
    judgement = Judgement(entries, today or datetime.now(UTC).date())
    judgement.take(run, subjects)
    return Report(
        findings=_sorted(judgement.findings),
        skipped=_sorted(judgement.skipped),
        undecided=_sorted(judgement.undecided),
        not_bridged=_not_bridged(resources, subjects.values(), judgement.judged),
        stale=tuple(each for each in entries if each not in judgement.used and not each.expired(judgement.today)),
        expired=tuple(each for each in entries if each.expired(judgement.today)),
        resources=len(subjects),
        partly_known=sum(1 for each in subjects.values() if each.unknown),
        checks_run=len(run.records) + len(run.broken),
        seconds=round(time.monotonic() - started, 3),
        checkov=environment.version(),
        checks={each.check: each.title for each in run.records},
    )


@dataclass(frozen=True)
class Subject:
    """A resource as checkov sees it."""

    resource: Resource
    unknown: frozenset[tuple[str, ...]]
    """The paths in checkov's terms whose values aren't known."""


class Judgement:
    """Sorts checkov's records into what fails, what is explained and what can't be told."""

    def __init__(self, entries: Sequence[Entry], today: date) -> None:
        self.entries, self.today = entries, today
        self.findings: dict[tuple[str, str], CheckovFinding] = {}
        self.skipped: dict[tuple[str, str], Skipped] = {}
        self.undecided: dict[tuple[str, str], Undecided] = {}
        self.used: list[Entry] = []
        self.judged: set[str] = set()

    def take(self, run: engine.Run, subjects: Mapping[tuple[str, str], Subject]) -> None:
        """Every record of a run. A check that failed itself leaves its resource undecided."""
        for record in run.records:
            subject = _subject(subjects, record.file, record.resource)
            self.judged.add(subject.resource.urn)
            if record.result == "SKIPPED":
                said = {"reason": record.comment or "no reason given", "owner": ANNOTATION}
                _keep(self.skipped, Skipped(**_finding(record, subject.resource), **said))
            elif record.result == "FAILED":
                self._failed(record, subject)
        for open_ in run.undecided:
            self._undecided(open_, _subject(subjects, open_.file, open_.resource))
        for broken in run.broken:
            resource = _subject(subjects, broken.file, broken.resource).resource
            self.judged.add(resource.urn)
            finding = _finding(broken, resource)
            _keep(self.undecided, Undecided(**finding, reason=f"the check itself fails on it: {broken.said}"))

    def _failed(self, record: engine.Record, subject: Subject) -> None:
        finding = _finding(record, subject.resource)
        if not self._explained(record.check, subject, finding):
            _keep(self.findings, CheckovFinding(**finding))

    def _undecided(self, open_: engine.Open, subject: Subject) -> None:
        """An entry of the baseline speaks of these as well: it says why nobody has to look."""
        finding = _finding(open_, subject.resource)
        self.judged.add(subject.resource.urn)
        if not self._explained(open_.check, subject, finding):
            _keep(self.undecided, Undecided(**finding, reason="; ".join(map(_cause, open_.causes))))

    def _explained(self, check: str, subject: Subject, finding: dict[str, Any]) -> bool:
        entry = explanation(self.entries, check, subject.resource, self.today)
        if entry is not None:
            self.used.append(entry)
            _keep(self.skipped, Skipped(**finding, reason=entry.reason, owner=entry.owner))
        return entry is not None


def _subject(subjects: Mapping[tuple[str, str], Subject], file: str, address: str) -> Subject:
    found = subjects.get((file, address if file == PLAN else ""))
    if found is None:
        raise CheckovError(f"checkov speaks of {address or file}, which isn't among the resources")
    return found


def _cause(told: str) -> str:
    """``policy``, or what is said of it already."""
    return told if " " in told else f"{told} isn't known before the update"


def _finding(record: engine.Record | engine.Open | engine.Broken, resource: Resource) -> dict[str, Any]:
    title = record.check if isinstance(record, engine.Broken) else record.title
    source, *through = resource.trace or (None,)
    told = {"check": record.check, "title": title, "source": source, "through": tuple(through)}
    return {**told, "urn": resource.urn, "type": resource.type, "name": resource.name}


def _keep(found: dict[tuple[str, str], F], finding: F) -> None:
    """One finding for a check and a resource: a graph may lead to it twice."""
    found.setdefault((finding.check, finding.urn), finding)


def _sorted(found: Mapping[tuple[str, str], F]) -> tuple[F, ...]:
    return tuple(sorted(found.values(), key=lambda each: (each.check, each.name, each.urn)))


def _not_bridged(
    resources: Iterable[Resource], subjects: Iterable[Subject], judged: set[str]
) -> tuple[NotBridged, ...]:
    """What no check looked at, by type: nothing is dropped in silence."""
    bridged = {each.resource.urn: each for each in subjects}
    counted: Counter[tuple[str, str]] = Counter()
    for resource in resources:
        if resource.urn not in judged:
            counted[resource.type, _why(resource, bridged.get(resource.urn))] += 1
    return tuple(NotBridged(type=kind, count=count, reason=why) for (kind, why), count in sorted(counted.items()))


def _why(resource: Resource, subject: Subject | None) -> str:
    if resource.external:
        return "only read, not managed by this program"
    if subject is None:
        return "no bridge for this type"
    if subject.unknown:
        names = ", ".join(sorted({path[0] for path in subject.unknown}))
        return f"no check has enough to go by: not known before the update: {names}"
    return f"no check judges {naming.terraform_type(resource.type) or 'this kind'} by itself"
