"""The pins in a stack's file: what a command wants of them, and what they are once it is known what runs.

A pin is written only when what it names runs. So an update is made with a copy of the stack's file, and the file itself
is changed afterwards: to what was asked for where all of it runs, else to what runs instead.

A deployment of the whole stack that fails on its way leaves systems at two releases. Those that moved get pins of their
own, which are listed under ``rollback-stack:temporaryPins``: nobody decided on them, and the next deployment of the
whole stack drops them.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import yaml

from cli.pulumi_command import EngineError
from stacks.file import FOLDER, path_of
from stacks.settings import PROJECT, StackSettings
from stacks.systems import SYSTEMS

VERSION = f"{PROJECT}:version"
TEMPORARY = f"{PROJECT}:temporaryPins"

Changes = dict[str, str | None]
"""Key of the stack's file -> what it becomes; None where the key goes."""


@dataclass(frozen=True)
class PinRequest:
    """What a command asks for."""

    stack: str
    version: str | None = None
    """The release to go to; None for what the file pins."""
    system: str | None = None
    """The one system to move; None for all of them."""
    unpin: bool = False
    """Whether every system follows the stack's version afterwards."""

    def concerns(self, system: str) -> bool:
        """Whether a system is meant."""
        return self.system in (None, system)

    @property
    def command(self) -> str:
        """The request as it is typed."""
        if self.version is None:
            return f"rollback up -s {self.stack}"
        system = f" --system {self.system}" if self.system else ""
        return f"rollback deploy {self.version}{system}{' --unpin' if self.unpin else ''} -s {self.stack}"


@dataclass(frozen=True)
class Standing:
    """One system after an update."""

    system: str
    before: str | None
    """The release that the last update deployed; None where there was none."""
    wanted: str
    runs: str | None
    """The one release that users get; None where it is mixed or can't be told."""
    seen: str
    """What runs, in words."""

    @property
    def moved(self) -> bool:
        """Whether it runs what was asked for."""
        return self.runs == self.wanted

    @property
    def left(self) -> bool:
        """Whether it neither runs what was asked for nor what it ran before."""
        return self.runs is None or self.runs not in (self.wanted, self.before)


def own(system: str) -> str:
    """The key of a system's own pin."""
    return f"{system}:version"


def wanted(request: PinRequest, settings: StackSettings) -> Changes:
    """The changes of the stack's file that a request comes to; ``settings``: what the file says.

    A system that is sent to the stack's own version follows the stack from then on: a pin would hold it back later.
    """
    temporary = settings.project.temporary_pins
    changes: Changes = {}
    if request.version is None:
        return changes
    if request.system is None:
        changes = {VERSION: request.version, TEMPORARY: None}
        changes |= {own(system): None for system in SYSTEMS if request.unpin or system in temporary}
    else:
        system = request.system
        held = settings.own_pin(system) == request.version and system not in temporary
        follows = request.version == settings.project.version and not held
        changes[own(system)] = None if follows else request.version
        changes[TEMPORARY] = _listed(name for name in temporary if name != system)
    return _differing(changes, settings)


def settled(
    changes: Changes,
    file: StackSettings,
    asked: StackSettings,
    standings: Sequence[Standing],
    deployed: str | None,
) -> Changes:
    """The changes after which every pin names what runs: those asked for where all of it runs.

    ``file``: the settings before the update; ``asked``: those it was made with; ``deployed``: the stack's version as
    the last good update left it. A system that is between two releases keeps the pin of the one it comes from.
    """
    if not standings:
        return {}
    if all(each.moved for each in standings):
        return changes
    followers = [each for each in standings if asked.own_pin(each.system) is None]
    whole = bool(followers) and all(each.moved for each in followers)
    version = asked.project.version if whole else deployed or file.project.version
    result: Changes = {VERSION: version}
    temporary = set()
    for each in standings:
        result[own(each.system)], is_temporary = _own_pin(each, file, asked, version)
        if is_temporary:
            temporary.add(each.system)
    result[TEMPORARY] = _listed(system for system in SYSTEMS if system in temporary)
    return _differing(result, file)


def _own_pin(standing: Standing, file: StackSettings, asked: StackSettings, version: str) -> tuple[str | None, bool]:
    """The own pin of a system whose stack is pinned at ``version``, and whether it is a temporary one."""
    system = standing.system
    pinned, pinned_asked = file.own_pin(system), asked.own_pin(system)
    temporary = system in file.project.temporary_pins
    runs = standing.wanted if standing.moved else standing.before
    if runs is None:
        return pinned, temporary
    if standing.moved and pinned_asked is not None and system not in asked.project.temporary_pins:
        return pinned_asked, False
    if runs == version:
        return (pinned, temporary) if pinned == runs else (None, False)
    return runs, pinned is None or temporary


def _listed(systems: Iterable[str]) -> str | None:
    names = list(systems)
    return json.dumps(names) if names else None


def _differing(changes: Changes, settings: StackSettings) -> Changes:
    """Without what the file says already."""
    said: Changes = {
        VERSION: settings.project.version,
        TEMPORARY: _listed(settings.project.temporary_pins),
        **{own(system): settings.own_pin(system) for system in SYSTEMS},
    }
    return {key: value for key, value in changes.items() if value != said[key]}


PEEK = 0.2
"""Seconds after which a lock is tried once more: who only looks whether it is held has it for a moment."""


class HeldError(EngineError):
    """Another command of this checkout updates the stack."""


@contextmanager
def held(stack: str, command: str = "", folder: Path = FOLDER) -> Iterator[None]:
    """Hold a stack's file against other commands of this checkout, from the first look at it to the last pin.

    Two that decide on one reading of it undo each other: the second would take back what the first has just deployed.
    ``command``: what is typed for this one, which others are told. Raises ``HeldError`` where another command holds it.
    A killed one holds nothing.
    """
    source = path_of(stack, folder)
    if not source.is_file():
        yield  # whoever reads it says so
        return
    with _lock(source).open("a+") as lock:
        if not (_taken(lock) or _taken(lock, PEEK)):
            raise HeldError(
                f"another `rollback` updates {stack} from this checkout ({_owner(lock) or 'pid unknown'}): wait for "
                "it, then run this again"
            )
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n{command}\n")
        lock.flush()
        yield


def holder(stack: str, folder: Path = FOLDER) -> str | None:
    """Which command of this checkout updates the stack just now: its process, and what was typed; None of none."""
    try:
        with _lock(path_of(stack, folder)).open() as lock:
            return None if _taken(lock, kind=fcntl.LOCK_SH) else _owner(lock)
    except OSError:
        return None


def _lock(source: Path) -> Path:
    return source.with_name(f".{source.stem}.lock")


def _taken(lock: IO[str], after: float = 0, kind: int = fcntl.LOCK_EX) -> bool:
    """Whether the lock could be taken, after so many seconds."""
    time.sleep(after)
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _owner(lock: IO[str]) -> str:
    lock.seek(0)
    pid, _, command = lock.read().strip().partition("\n")
    return ", ".join(filter(None, [f"pid {pid}" if pid else "", f"`{command}`" if command else ""]))


@contextmanager
def copied(stack: str, folder: Path = FOLDER) -> Iterator[Path]:
    """A copy of a stack's file for one update, removed after it.

    It lies beside the file and is locked as long as its process lives: one that isn't is of an update whose process was
    killed, and says what that one wanted (``abandoned``).
    """
    source = path_of(stack, folder)
    with tempfile.NamedTemporaryFile(prefix=f".{source.stem}.", suffix=".yaml", dir=folder, delete=False) as copy:
        path = Path(copy.name)
        try:
            fcntl.flock(copy, fcntl.LOCK_EX)
            shutil.copy(source, path)
            yield path
        finally:
            path.unlink(missing_ok=True)


def abandoned(stack: str, folder: Path = FOLDER) -> list[dict[str, str]]:
    """The pins that differ from the file's in the copies of killed updates; the copies are removed."""
    source = path_of(stack, folder)
    found = []
    for path in sorted(folder.glob(f".{source.stem}.*.yaml")):
        with path.open() as copy:
            try:
                fcntl.flock(copy, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            found.append(_pins(path))
            path.unlink(missing_ok=True)
    now = _pins(source)
    differing = ({key: pin for key, pin in each.items() if now.get(key) != pin} for each in found)
    return [each for each in differing if each]


def _pins(path: Path) -> dict[str, str]:
    try:
        config: Mapping[str, object] = (yaml.safe_load(path.read_text()) or {}).get("config") or {}
    except (OSError, yaml.YAMLError, AttributeError):
        return {}
    named = {VERSION if key == "version" else key: str(value) for key, value in config.items()}
    return {key: value for key, value in named.items() if key in (VERSION, *map(own, SYSTEMS))}
