"""One update from beginning to end: what is wrong is refused first; a pin is written when what it names runs."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from cli import preflight
from cli.engine import Engine, Snapshot
from cli.pulumi_command import EngineError
from cli.review.resources import of_state
from cli.targets import announce, explain, refuse_elsewhere
from cli.updates import advice, drift, events, interruption, pins, removals
from cli.updates.events import UpdateOutcome
from cli.updates.pins import PinRequest, Standing
from cli.watched import watched
from core.model import ConfigurationError
from core.state import resources_of
from guard.command import auditing
from stacks.file import read
from stacks.selection import select
from stacks.settings import StackSettings
from stacks.systems import Need, needing

if TYPE_CHECKING:
    from cli.health.status import Running


@dataclass(frozen=True)
class Update:
    """An update that is about to be made, or was."""

    request: PinRequest
    file: StackSettings
    """What the stack's file says before it."""
    asked: StackSettings
    """What the update is made with."""
    changes: pins.Changes
    """From the first to the second."""
    engine: Engine
    begun: list[str] = field(default_factory=list)
    """What it has begun that a Ctrl-C can't take back."""

    @property
    def stack(self) -> str:
        """The stack's name."""
        return self.request.stack

    def say(self, line: str) -> None:
        """A line on the error stream, which leaves the output to tables and JSON."""
        typer.echo(f"{self.stack}: {line}", err=True)


def update(request: PinRequest, *, yes: bool) -> None:
    """Update a stack to what is asked for, look at what really runs, and pin that.

    Raises ``EngineError`` where something else runs than was asked for, and with the engine's own exit code where it
    failed, and what ``stacks.file.read``, ``announce`` and ``Engine.prepare`` raise.
    """
    with pins.held(request.stack, request.command):
        begun: list[str] = []
        try:
            work, found, before, account = _agreed(request, begun, yes=yes)
            code, outcome = _made(work, found, yes=yes)
        except KeyboardInterrupt:
            if begun:
                raise EngineError(
                    f"stopped after the update of {request.stack} had begun: no pin was changed; `rollback status "
                    f"-s {request.stack}` shows what runs"
                ) from None
            raise EngineError(
                f"stopped before {request.stack} was updated: no pin was changed, and nothing was deployed"
            ) from None
        try:
            if code:
                _failed(work, code, outcome, found, before, account)
            _ended(work, found, before, account)
        except KeyboardInterrupt:
            raise EngineError(
                f"stopped after the update had ended; `rollback status -s {request.stack}` shows what runs, and "
                f"stacks/Pulumi.{request.stack}.yaml may not pin it yet"
            ) from None


def _agreed(request: PinRequest, begun: list[str], *, yes: bool) -> tuple[Update, Snapshot, Mapping[str, str], str]:
    """The update that is asked for, what it finds there, what each system runs, and the account that answers."""
    file = read(request.stack)
    changes = pins.wanted(request, file)
    asked = read(request.stack, changes)
    selected = select(asked, given=changes)
    account = announce(request.stack, asked.region, ask=not yes, cluster=bool(needing(Need.CLUSTER, selected)))
    work = Update(request, file, asked, changes, Engine(request.stack), begun)
    cluster = bool(needing(Need.CLUSTER, selected))
    found = work.engine.prepare(asked.region, lambda snapshot: refuse_elsewhere(snapshot, account, cluster=cluster))
    # An export takes half a second: what is decided here is decided by one. It is read again after the last question.
    preflight.check(asked, work.engine, work.engine.state() if found.settled else found.state)
    for abandoned in pins.abandoned(request.stack):
        work.say(advice.killed(request.stack, abandoned))
    before = _before(work, found)
    for line in advice.beforehand(request, file, asked, before):
        work.say(line)
    return work, found, before, account


def _made(work: Update, found: Snapshot, *, yes: bool) -> tuple[int, UpdateOutcome]:
    """Make the update with a copy of the stack's file; the engine's exit code, and what it told of its way."""
    with pins.copied(work.stack) as settings, tempfile.TemporaryDirectory() as folder:
        work.engine.configure(work.changes, settings)
        removals.agreed(work.stack, settings, found.state, yes=yes)
        work.begun.append("what was changed by hand is read, and deployments that lead elsewhere are stopped")
        drift.prepare(work.engine, work.asked, found.outputs)
        auditing.note_approvals(watched(work.asked))
        log = Path(folder, "events.json")
        return work.engine.up(settings, log), events.read(log)


def _ended(work: Update, found: Snapshot, before: Mapping[str, str], account: str) -> None:
    """Note the update in the ledger, pin what runs, say how it went. ``found``: what was there before it."""
    try:
        snapshot = work.engine.snapshot()
    except EngineError as error:
        raise EngineError(
            f"the update of {work.stack} ended well, but what runs can't be told, so no pin was changed: {error}. "
            f"Until `{work.request.command}` has run again, `rollback up -s {work.stack}` would go back to the pin"
        ) from None
    auditing.note_update(watched(work.asked), snapshot, 0, account, resumed=found.unfinished)
    _finished(work, snapshot, before)


def _failed(
    work: Update, code: int, outcome: UpdateOutcome, found: Snapshot, before: Mapping[str, str], account: str
) -> NoReturn:
    """The same after an update that the engine ends with an error. Raises ``EngineError``, with the engine's code."""
    interrupted = interruption.was_interrupted()
    try:
        snapshot = work.engine.snapshot()
    except EngineError as error:
        # The engine has said why it failed, and its exit code stays.
        work.say(f"where it stands can't be told, and no pin was changed: {error}")
        raise EngineError(advice.ended(work.stack, outcome, {}, (), interrupted=interrupted), code) from None
    auditing.note_update(watched(work.asked), snapshot, code, account, resumed=found.unfinished)
    _stopped(work, snapshot, before)
    work.say(outcome.line())
    places = outcome.places(snapshot.state)
    raise EngineError(
        advice.ended(work.stack, outcome, places, _logs(snapshot, places), interrupted=interrupted), code
    ) from None


def _logs(snapshot: Snapshot, places: Collection[str]) -> list[str]:
    """The commands that show the logs of the systems in which an update failed."""
    from cli.health import logs

    deployed = snapshot.outputs.get("systems") or {}
    return [command for system in places if (command := logs(system, deployed.get(system) or {}))]


def _before(work: Update, found: Snapshot) -> dict[str, str]:
    """System -> the release that it runs before the update.

    That is what the last good update deployed. After one that failed it is what the file pins, which was written when
    that was known.
    """
    deployed = {name: str(each["release"]) for name, each in (found.outputs.get("systems") or {}).items()}
    pinned = {name: work.file.pin(name) for name in deployed}
    if deployed == pinned:
        return deployed
    if work.request.version is not None and _has_failed(work.engine):
        return pinned
    return {name: pinned[name] if name in work.file.project.temporary_pins else deployed[name] for name in deployed}


def _has_failed(engine: Engine) -> bool:
    """Whether the last update in the history failed."""
    history = engine.history()
    return bool(history) and history[0].get("result") != "succeeded"


def _stopped(work: Update, snapshot: Snapshot, before: Mapping[str, str]) -> None:
    """After an update that failed: pin what runs, and say which systems moved, which stayed, and the way back."""
    interruption.settle(work.asked, snapshot.outputs)
    try:
        standings = stand(work.asked, snapshot.outputs, before)
    except Exception as error:  # the engine has said why it failed, and its exit code stays; this only adds to it
        work.say(f"where it stands can't be told, and no pin was changed: {explain(error) or error}")
        return
    _pin(work, snapshot, [_unless_broken(work, snapshot, each) for each in standings], before)


def _unless_broken(work: Update, snapshot: Snapshot, standing: Standing) -> Standing:
    """A system that moved in name only: the update failed in it, so its release isn't one to pin.

    A pod that crashes again and again is ready for a moment, and the look may fall into it.
    """
    if not standing.moved or standing.before == standing.wanted:
        return standing
    resources = resources_of(snapshot.state)
    systems = of_state(snapshot.state)
    broken = {systems.system(str(each["urn"])) for each in resources if each.get("initErrors")}
    if standing.system in broken or standing.system == work.request.system:
        return replace(standing, runs=None, seen=f"{standing.wanted} is there, and its update failed")
    return standing


def _pin(work: Update, snapshot: Snapshot, standings: list[Standing], before: Mapping[str, str]) -> None:
    """Pin what runs, other than what was asked for, and say the way back."""
    followed = {before[name] for name in before if work.file.own_pin(name) is None}
    version = followed.pop() if len(followed) == 1 else snapshot.outputs.get("version")
    changes = pins.settled(work.changes, work.file, work.asked, standings, version)
    work.engine.configure(changes)
    after = read(work.stack, changes)
    for line in advice.pinned(work.stack, changes):
        work.say(line)
    interrupted = interruption.was_interrupted()
    for line in advice.afterwards(work.request, work.asked, after, standings, interrupted=interrupted):
        work.say(line)


def _finished(work: Update, snapshot: Snapshot, before: Mapping[str, str]) -> None:
    from cli.health.smoke_tests import check
    from cli.health.status import complaint, look
    from cli.tables import changes_line, checks_table, systems_table

    rows = look(work.asked, snapshot.outputs)
    typer.echo(changes_line(work.stack, snapshot.changes, snapshot.unchanged, differs=any(row.differs for row in rows)))
    checks = check(snapshot.outputs, work.asked.region)
    systems_table(rows)
    checks_table(checks)
    standings = stand(work.asked, snapshot.outputs, before, rows)
    if all(each.moved for each in standings):
        work.engine.configure(work.changes)
    else:
        _pin(work, snapshot, standings, before)
    if any(row.differs for row in rows):
        raise EngineError(complaint(work.stack, rows))
    overrides = list(advice.overrides(work.asked, work.request))
    if failed := [each for each in checks if not each.passed]:
        system = failed[0].system
        if back := advice.failing(work.request, standings, system):
            work.say(back)
        raise EngineError(f"{system} of {work.stack} runs {work.asked.pin(system)}, but fails: {failed[0].detail}")
    for other_release, line in overrides:
        if other_release and work.request.version is not None:
            raise EngineError(line)
        work.say(line)


def stand(
    asked: StackSettings, outputs: Mapping[str, Any], before: Mapping[str, str], seen: Sequence[Running] | None = None
) -> list[Standing]:
    """Where an update has left each system. ``seen``: its rows, where they are known already.

    Raises what ``cli.health.status.look`` raises.
    """
    from cli.health.status import look

    rows = {row.system: row for row in (look(asked, _from(outputs, before)) if seen is None else seen)}
    unknown = {name: old for name, old in before.items() if name in rows and rows[name].release is None}
    older = {row.system: row for row in _look_at_older(asked, unknown, outputs)}
    standings = []
    for system, chosen in select(asked).items():
        row = rows.get(system)
        runs = row.release if row else None
        if row and row.as_asked:
            runs = chosen.version
        elif runs is None and system in older:
            runs = older[system].release
        words = row.runs if row else "never deployed"
        standings.append(Standing(system, before.get(system), chosen.version, runs, words))
    return standings


def _from(outputs: Mapping[str, Any], before: Mapping[str, str]) -> dict[str, Any]:
    """The outputs, with the release that each system comes from: what runs is named by it where several would fit."""
    systems = outputs.get("systems") or {}
    told = {name: {**(each or {}), "release": before[name]} for name, each in systems.items() if name in before}
    return {**outputs, "systems": {**systems, **told}}


def _look_at_older(asked: StackSettings, versions: Mapping[str, str], outputs: Mapping[str, Any]) -> list[Running]:
    """The rows of systems beside older releases; none where such a release can't be read any more."""
    from cli.health.status import look

    deployed = {name: told for name, told in (outputs.get("systems") or {}).items() if name in versions}
    try:
        return look(asked.with_pins(versions), {**outputs, "systems": deployed}) if versions else []
    except ConfigurationError:
        return []
