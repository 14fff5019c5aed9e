"""The review itself: which previews are run, in which order, and what is made of them.

One preview of the change serves every section. The releases follow two at a time, which is what two cores carry, with
checkov among them. The base is looked at only where a way turns out to be closed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.engine import ROOT, Engine
from cli.pulumi_command import EngineError
from cli.review import estimate, preview, standards, ways
from cli.review.base import BaseProgram
from cli.review.changes import changes
from cli.review.errors import ReviewError
from cli.review.failures import failures
from cli.review.matrix import Matrix
from cli.review.model import Base, Review, Risk, Secured, Timing, Way
from cli.review.preview import Preview
from cli.review.progress import Progress
from cli.review.resources import Resources, of_preview, of_state
from cli.review.stores import risks, secured
from cli.review.verdicts import verdicts
from cli.review.ways import Known, WayVerdict
from cli.review.workspace import base_of, program_at, settings_at
from core.errors import ServiceError
from core.identifiers import order
from core.state import resources_of, stack_outputs_of
from guard import approvals
from guard.approvals import Approval
from guard.recovery.catalogue import Catalogue
from policies import checkov, waivers
from policies.pack import BY_NAME, LOCKED
from stacks.settings import StackSettings

SIDE_BY_SIDE = 2
STACKS = ROOT / "stacks"
PROVIDERS = "pulumi:providers:"


@dataclass(frozen=True)
class ReviewedChange:
    """The change at its pinned release."""

    preview: Preview
    resources: Resources
    lost: tuple[Risk, ...]
    stopped: tuple[str, ...]
    """What stopped the preview other than those stores, a line each."""
    whole: bool
    """Whether the preview came to every resource."""

    @property
    def known(self) -> Known:
        """What is told here, and so not once more for each release."""
        return Known(
            frozenset(each.key for each in self.preview.violations if each.mandatory),
            {risk.urn: risk.name for risk in self.lost if risk.refusal is not None},
            frozenset(self.stopped),
        )


@dataclass
class Work:
    """One review of this checkout. ``scratch``: an empty folder that is removed afterwards."""

    settings: StackSettings
    scratch: Path
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    timings: dict[str, float] = field(default_factory=dict)
    progress: Progress = field(default_factory=Progress)

    def review(self, revision: str | None, number: int) -> Review:
        """Everything. Raises ``ReviewError``, ``EngineError``, ``CheckovError`` and ``ConfigurationError``."""
        given = approvals.load(self.stack)
        with self.progress.watched(), _pool() as pool:
            asked = pool.submit(self._state)
            with self._timed("preview of the change"):
                preview_of_change = self._preview(None)
            state, history = asked.result()
            before = of_state(state)
            change = self._change(preview_of_change, before, state, given)
            scanned = pool.submit(self._scan, change.preview) if change.whole else None
            stored = pool.submit(self._secured, state)
            waived = waivers.load({*BY_NAME, waivers.WAY_BACK}, LOCKED)
            past, outputs = estimate.past(history), stack_outputs_of(state)
            matrix = Matrix(self.settings, outputs, change.known, past, (), given, waived, self.now, before)
            previews = self._previews(pool, ways.window(number, matrix.deployed), change.preview, matrix)
            report, (points, unreadable) = scanned.result() if scanned else None, stored.result()
            matrix = replace(matrix, secured=points)
            rows = [matrix.row(version, previews[version]) for version in sorted(previews, key=order, reverse=True)]
            compared, found = self._compare(pool, revision, rows, matrix.systems)
            held = self._standards(revision)
            others = self._judged_by_base(revision, change.preview) if held.judges else ()
        written = self._written(change, matrix, report, unreadable, compared, found, held)
        return written.model_copy(update={"failures": (*written.failures, *others)})

    def _change(
        self, change: Preview, before: Resources, state: Mapping[str, Any], given: Sequence[Approval]
    ) -> ReviewedChange:
        """What the preview of the change comes to. Raises ``ReviewError`` where it came to nothing."""
        resources = of_preview(change.steps).over(before)
        lost = risks(change, resources, given, self.now)
        whole = _whole(change, state)
        if change.failures and not lost and not whole:
            raise ReviewError(f"the program can't be previewed: {change.failures[0].line}")
        stopped = tuple(each.line for each in change.failures if each.urn not in {risk.urn for risk in lost})
        return ReviewedChange(change, resources, lost, stopped, whole)

    def _written(
        self,
        change: ReviewedChange,
        matrix: Matrix,
        report: checkov.Report | None,
        unreadable: str | None,
        compared: Base | None,
        found: tuple[Way, ...],
        held: standards.Standards,
    ) -> Review:
        violations, passed = change.preview.violations, change.preview.passed
        judged, broken = verdicts(violations, change.resources), {each.policy for each in violations}
        return Review(
            stack=self.stack,
            pinned=self.settings.project.version,
            deployed=matrix.outputs.get("version"),
            running={name: str(each["release"]) for name, each in matrix.systems.items() if each.get("release")},
            failures=(
                *failures(judged, report, change.lost, change.stopped, found),
                *standards.failures(held, [version for version in held.dropped if matrix.waived(version)]),
            ),
            judges=held.judges,
            systems=changes(change.preview.steps, change.resources),
            stopped=change.stopped,
            verdicts=judged,
            policies_kept=len(passed - broken),
            policies_not_asked=len(BY_NAME.keys() - passed - broken),
            checkov=report,
            whole=change.whole,
            risks=change.lost,
            secured=tuple(matrix.secured),
            secured_unknown=unreadable,
            ways=found,
            pins=ways.own_pins(self.settings),
            base=compared,
            timings=tuple(Timing(part=part, seconds=round(taken, 1)) for part, taken in self.timings.items()),
        )

    @property
    def stack(self) -> str:
        """The stack's name."""
        return self.settings.stack

    def _preview(self, version: str | None) -> Preview:
        """A preview of the checkout's program at a release, or as the settings say."""
        source, unpin = STACKS / f"Pulumi.{self.stack}.yaml", ways.all_pinned(self.settings)
        copy = settings_at(source, version, self.scratch / "settings", unpin=unpin)
        with self.progress.part(f"preview of {version}") if version else nullcontext():
            return preview.run(ROOT, self.stack, copy, planned=version is None)

    def _previews(
        self, pool: ThreadPoolExecutor, versions: Sequence[str], change: Preview, matrix: Matrix
    ) -> dict[str, Preview | None]:
        """A preview of each release; the pinned one has been looked at already, unless its systems are pinned apart.

        None for what needn't be asked: where the nearest release is stopped by what stops the change, and by nothing
        else, the cause is the program and not a release, and the others would say the same.
        """
        seen = None if ways.all_pinned(self.settings) else self.settings.project.version
        others = [version for version in versions if version != seen]
        found: dict[str, Preview | None] = {version: change if version == seen else None for version in versions}
        with self._timed("previews of the releases", said=False):  # each says so itself
            if matrix.known.names and others:
                nearest = others.pop(0)
                found[nearest] = first = self._preview(nearest)
                if matrix.row(nearest, first)[1].above:
                    return found
            asked: dict[str, Future[Preview]] = {version: pool.submit(self._preview, version) for version in others}
            return found | {version: each.result() for version, each in asked.items()}

    def _compare(
        self,
        pool: ThreadPoolExecutor,
        revision: str | None,
        rows: Sequence[tuple[Way, WayVerdict]],
        systems: Mapping[str, Mapping[str, Any]],
    ) -> tuple[Base | None, tuple[Way, ...]]:
        """Which of the closed ways were open before this change. Nothing is asked where all are open, or waived."""
        closed = {way.version: found.policies for way, found in rows if way.reason and way.waived is None}
        if not closed:
            return None, tuple(way for way, _ in rows)
        told, commit = base_of(ROOT, revision)
        with self._timed("previews of the base"):
            program = BaseProgram(ROOT, commit, self.scratch, self.stack)
            asked = {
                version: pool.submit(program.is_open, version, policies, systems, self.now)
                for version, policies in closed.items()
            }
            opened = {version for version, answer in asked.items() if answer.result()}
        judged = tuple(way.model_copy(update={"closed_here": way.version in opened}) for way, _ in rows)
        return Base(revision=told, commit=commit), judged

    def _standards(self, revision: str | None) -> standards.Standards:
        """What this change does to what it is held against; nothing where there is no base and none was named."""
        try:
            _, commit = base_of(ROOT, revision)
        except ReviewError:
            if revision is not None:
                raise
            return standards.Standards()
        return standards.compare(ROOT, commit)

    def _judged_by_base(self, revision: str | None, change: Preview) -> tuple[str, ...]:
        """What the base's own policies refuse of a change that touches what judges it, and its own ones pass.

        A change could otherwise edit the policy that it breaks. A base whose policies can't judge it fails the review
        as well: a person has to.
        """
        own = {each.policy for each in change.violations if each.mandatory}
        source = STACKS / f"Pulumi.{self.stack}.yaml"
        try:
            with self._timed("the base's policies"):
                base = program_at(ROOT, base_of(ROOT, revision)[1], self.scratch / "judge")
                copy = settings_at(source, None, self.scratch / "judged")
                found = preview.run(ROOT, self.stack, copy, base / "policies")
        except ReviewError as error:
            return (f"the base's policies can't judge this change, so a person has to: {error}",)
        refused = sorted({each.policy for each in found.violations if each.mandatory} - own)
        return (f"the base's policies refuse what this change's own pass: {', '.join(refused)}",) if refused else ()

    def _state(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The stack's state and the history of its updates."""
        engine = Engine(self.stack)
        try:
            return engine.state(), engine.history()
        except EngineError as error:
            if str(error).startswith("no stack named"):
                raise ReviewError(f"{self.stack} was never deployed: run `rollback up -s {self.stack}`") from None
            raise

    def _scan(self, change: Preview) -> checkov.Report:
        """checkov refuses a preview that failed; this one came to every resource, whatever a policy says of them."""
        with self._timed("checkov"):
            return checkov.scan({**change.document, "diagnostics": []}, update_plan=change.plan)

    def _secured(self, state: Mapping[str, Any]) -> tuple[tuple[Secured, ...], str | None]:
        catalogue = Catalogue(self.settings.project.recovery_bucket, self.settings.region)
        try:
            with self._timed("recovery points"):
                return secured(state, catalogue, of_state(state), self.now), None
        except ServiceError as error:
            return (), str(error)

    @contextmanager
    def _timed(self, part: str, *, said: bool = True) -> Iterator[None]:
        started = time.monotonic()
        with self.progress.part(part) if said else nullcontext():
            yield
        self.timings[part] = time.monotonic() - started


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    """Workers that begin nothing more once the review has failed or was interrupted."""
    pool = ThreadPoolExecutor(SIDE_BY_SIDE)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _whole(change: Preview, state: Mapping[str, Any]) -> bool:
    """Whether a preview came to every resource of the state; one that was stopped on the way didn't.

    Default providers have no step in a preview's JSON.
    """
    states = [each for step in change.steps for each in (step, step.get("oldState") or {})]
    seen = {str(each["urn"]) for each in states if "urn" in each}
    found = resources_of(state)
    return all(str(each["urn"]) in seen or PROVIDERS in each["type"] for each in found if not each.get("delete"))
