"""The review itself: which previews are run, in which order, and what is made of them.

One preview of the change serves every section. The releases follow two at a time, which is what two cores carry, with
checkov among them. The base is looked at only where a way turns out to be closed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from guard import approvals
from guard.recovery.catalogue import Catalogue
from guard.recovery.errors import RecoveryError
from policies import checkov, waivers
from policies.pack import BY_NAME, FIXED
from scripts.engine import ROOT, Engine, EngineError
from scripts.review import estimate, preview, standards, ways
from scripts.review.base import BaseProgram
from scripts.review.changes import changes
from scripts.review.errors import ReviewError
from scripts.review.failures import failures
from scripts.review.matrix import Matrix
from scripts.review.model import Base, Review, Secured, Timing, Way
from scripts.review.preview import Preview
from scripts.review.resources import ROOT_TYPE, of_preview, of_state
from scripts.review.stores import risks, secured
from scripts.review.verdicts import verdicts
from scripts.review.ways import Found
from scripts.review.workspace import base_of, settings_at
from stacks.settings import StackSettings

SIDE_BY_SIDE = 2
STACKS = ROOT / "stacks"
PROVIDERS = "pulumi:providers:"


@dataclass
class Work:
    """One review of this checkout. ``scratch``: an empty folder that is removed afterwards."""

    settings: StackSettings
    scratch: Path
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    timings: dict[str, float] = field(default_factory=dict)

    def review(self, revision: str | None, number: int) -> Review:
        """Everything. Raises ``ReviewError``, ``EngineError``, ``CheckovError`` and ``ConfigurationError``."""
        given = approvals.load(self.stack)
        with _pool() as pool:
            asked = pool.submit(self._state)
            with self._timed("preview of the change"):
                change = self._preview(None)
            state, history = asked.result()
            resources, outputs = of_preview(change.steps), _outputs(state)
            lost = risks(change, resources, given, self.now)
            whole = _whole(change, state)
            if change.failures and not lost and not whole:
                raise ReviewError(f"the program can't be previewed: {change.failures[0].line}")
            scanned = pool.submit(self._scan, change) if whole else None
            stored = pool.submit(self._secured, state)
            previews = self._previews(pool, ways.last(number), change)
            report, (points, unreadable) = scanned.result() if scanned else None, stored.result()
            matrix = Matrix(
                self.settings,
                outputs,
                frozenset(each.key for each in change.violations if each.mandatory),
                estimate.past(history),
                points,
                given,
                waivers.load({*BY_NAME, waivers.WAY_BACK}, FIXED),
                self.now,
            )
            rows = [matrix.row(version, found) for version, found in previews.items()]
            compared, found = self._compare(pool, revision, rows, matrix.systems)
            held = self._standards(revision)
            dropped = [version for version in held.dropped if matrix.waived(version)]
        judged, broken = verdicts(change.violations, resources), {each.policy for each in change.violations}
        stopped = tuple(each.line for each in change.failures if each.urn not in {risk.urn for risk in lost})
        return Review(
            stack=self.stack,
            pinned=self.settings.project.version,
            deployed=outputs.get("version"),
            failures=(*failures(judged, report, lost, stopped, found), *standards.failures(held, dropped)),
            judges=held.judges,
            systems=changes(change.steps, resources),
            stopped=stopped,
            verdicts=judged,
            policies_kept=len(change.passed - broken),
            policies_not_asked=len(BY_NAME.keys() - change.passed - broken),
            checkov=report,
            whole=whole,
            risks=lost,
            secured=points,
            secured_unknown=unreadable,
            ways=found,
            pins=self._pins(),
            base=compared,
            timings=tuple(Timing(part=part, seconds=round(taken, 1)) for part, taken in self.timings.items()),
        )

    @property
    def stack(self) -> str:
        """The stack's name."""
        return self.settings.stack

    def _preview(self, version: str | None) -> Preview:
        """A preview of the checkout's program at a release, or as the settings say."""
        source = STACKS / f"Pulumi.{self.stack}.yaml"
        return preview.run(ROOT, self.stack, settings_at(source, version, self.scratch / "settings"))

    def _previews(self, pool: ThreadPoolExecutor, versions: Sequence[str], change: Preview) -> dict[str, Preview]:
        """A preview of each release; the pinned one has been looked at already."""
        with self._timed("previews of the releases"):
            others = [version for version in versions if version != self.settings.project.version]
            asked: dict[str, Future[Preview]] = {version: pool.submit(self._preview, version) for version in others}
            return {version: asked[version].result() if version in asked else change for version in versions}

    def _compare(
        self,
        pool: ThreadPoolExecutor,
        revision: str | None,
        rows: Sequence[tuple[Way, Found]],
        systems: Mapping[str, Mapping[str, Any]],
    ) -> tuple[Base | None, tuple[Way, ...]]:
        """Which of the closed ways were open before this change. Nothing is asked where all are open, or waived."""
        closed = {way.version: found.policies for way, found in rows if not way.open and way.waived is None}
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
            return checkov.scan({**change.document, "diagnostics": []})

    def _secured(self, state: Mapping[str, Any]) -> tuple[tuple[Secured, ...], str | None]:
        catalogue = Catalogue(self.settings.project.recovery_bucket, self.settings.region)
        try:
            with self._timed("recovery points"):
                return secured(state, catalogue, of_state(state), self.now), None
        except RecoveryError as error:
            return (), str(error)

    def _pins(self) -> dict[str, str]:
        project = self.settings.project
        pins = {system: self.settings.pin(system) for system in project.systems}
        return {system: pin for system, pin in pins.items() if pin != project.version}

    @contextmanager
    def _timed(self, part: str) -> Iterator[None]:
        started = time.monotonic()
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


def _outputs(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the last update exported; empty before the first one."""
    found = (state.get("deployment") or {}).get("resources") or ()
    root: Mapping[str, Any] = next((each for each in found if each["type"] == ROOT_TYPE), {})
    outputs: Mapping[str, Any] = root.get("outputs") or {}
    return outputs


def _whole(change: Preview, state: Mapping[str, Any]) -> bool:
    """Whether a preview came to every resource of the state; one that was stopped on the way didn't.

    Default providers have no step in a preview's JSON.
    """
    states = [each for step in change.steps for each in (step, step.get("oldState") or {})]
    seen = {str(each["urn"]) for each in states if "urn" in each}
    found = (state.get("deployment") or {}).get("resources") or ()
    return all(str(each["urn"]) in seen or PROVIDERS in each["type"] for each in found if not each.get("delete"))
