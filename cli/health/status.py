"""What users really get, asked of account, cluster and hosts, beside what is pinned and what was deployed."""

from __future__ import annotations

import urllib.error
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from cli.health import SYSTEMS, addresses
from cli.health.serving import Drift, Serving
from cli.targets import explain
from core.model import ConfigurationError
from stacks.selection import Selected, select
from stacks.settings import StackSettings
from stacks.systems import TABLE

T = TypeVar("T")
UNTOLD = "can't be told"
"""What a row begins with whose system doesn't answer."""
REPUBLISHED = tuple(each.name for each in TABLE if "republish" in each.settings.model_fields)
"""The systems with a setting ``republish``."""


@dataclass(frozen=True)
class Running:
    """One system, seen from three sides."""

    system: str
    pinned: str
    deployed: str
    release: str | None
    """The single release that users get; None where they get several, or it can't be told."""
    runs: str
    """What users get, in words: a release, shares of several, or why it can't be told."""
    as_asked: bool
    """Whether code and shares are what the settings ask for."""
    drift: tuple[str, ...]
    """What was changed by hand, each with the command that fixes it."""
    moving: tuple[str, ...]
    """What is under way: by which update, or by itself and how it is stopped."""
    notes: tuple[str, ...]
    """What the settings ask for that users notice."""
    failures: tuple[str, ...]
    """Why the last deployment of a part failed."""
    addresses: Mapping[str, str]
    """Where it answers, by name; ``health`` is the first."""
    look: str
    """A command that shows it."""

    @property
    def differs(self) -> bool:
        """Whether users get anything else than what the settings ask for."""
        return not self.as_asked or bool(self.drift or self.moving)

    def as_dict(self) -> dict[str, Any]:
        """For machines to read."""
        shown = {name: getattr(self, name) for name in ("system", "pinned", "deployed", "release", "runs")}
        lists = {name: list(getattr(self, name)) for name in ("drift", "moving", "notes", "failures")}
        return {**shown, **lists, "addresses": dict(self.addresses), "look": self.look, "differs": self.differs}


def look(
    settings: StackSettings, outputs: Mapping[str, Any], only: str | None = None, by: str | None = None
) -> list[Running]:
    """The deployed systems of a stack, all asked at the same time. One that doesn't answer is a row that says so.

    ``only``: this system alone; ``by``: the update that is under way, in words (``cli.updates.under_way``).
    """
    return _each(settings, outputs, lambda system, told: _row(system, told, settings, by), only)


def drifted(settings: StackSettings, outputs: Mapping[str, Any]) -> list[Drift]:
    """What isn't as the settings ask for it, of the systems that answer."""

    def one(system: str, told: Mapping[str, Any]) -> tuple[Drift, ...]:
        try:
            return SYSTEMS[system].serving(_chosen(system, settings), told, settings).drift
        except Exception:  # the update itself meets what doesn't answer, and says so
            return ()

    return [drift for found in _each(settings, outputs, one) for drift in found]


def _each(
    settings: StackSettings,
    outputs: Mapping[str, Any],
    work: Callable[[str, Mapping[str, Any]], T],
    only: str | None = None,
) -> list[T]:
    deployed = outputs.get("systems") or {}
    systems = [system for system in settings.project.systems if system in deployed and only in (None, system)]
    with ThreadPoolExecutor(max(len(systems), 1)) as pool:
        return list(pool.map(lambda system: work(system, deployed[system] or {}), systems))


def _chosen(system: str, settings: StackSettings) -> Selected:
    """One system at its release, whatever the others pin. Raises ``ConfigurationError``."""
    alone = settings.project.model_copy(update={"systems": (system,)})
    return select(settings.model_copy(update={"project": alone}))[system]


def _row(system: str, told: Mapping[str, Any], settings: StackSettings, by: str | None) -> Running:
    try:
        found = SYSTEMS[system].serving(_chosen(system, settings), told, settings)
    except Exception as error:  # whatever one system runs into must not hide the others
        found = Serving(None, f"{UNTOLD}: {reason(error)}", as_asked=False)
    return Running(
        system,
        settings.pin(system),
        str(told.get("release") or "unknown"),
        found.release,
        found.text,
        found.as_asked,
        () if by else tuple(each.line(settings.stack) for each in found.drift),
        tuple(f"{each.what}: {by}" if by else each.line(settings.stack) for each in _moving(found, by)),
        found.notes,
        () if found.as_asked else found.failures,
        _tolerant(lambda: addresses(SYSTEMS[system], told, settings.region), {}),
        _tolerant(lambda: SYSTEMS[system].look(told), ""),
    )


def _moving(found: Serving, by: str | None) -> tuple[Drift, ...]:
    """What is under way. While an update is, that is everything which isn't as it is pinned: the pin comes last."""
    return (*found.moving, *(found.drift if by else ()))


def _tolerant(ask: Callable[[], T], otherwise: T) -> T:
    """What an additional question finds, which the row doesn't depend on."""
    try:
        return ask()
    except Exception:  # the row says already what doesn't answer
        return otherwise


def reason(error: BaseException) -> str:
    """Why a system can't be looked at, in one line."""
    if isinstance(error, ConfigurationError):
        return str(error)
    if isinstance(error, KeyError):
        return f"the last update left no {error.args[0]!r} in the stack's outputs"
    if isinstance(error, urllib.error.HTTPError):
        return f"{error.url} answers with {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        return f"its health address doesn't answer: {error.reason}"
    return explain(error) or " ".join(f"{type(error).__name__}: {error}".split())


def complaint(stack: str, rows: Sequence[Running]) -> str:
    """After an update that ended well: the first system whose users get something else all the same, and its fix."""
    row = next(row for row in rows if row.differs)
    if row.moving:
        return f"{row.system} isn't settled: {row.moving[0]}"
    if row.drift:
        return f"{row.system} isn't what the settings ask for: {row.drift[0]}"
    if row.release is None and row.runs.startswith(UNTOLD):
        return f"what {row.system} runs {row.runs}"
    fix = f"`pulumi up -s {stack} --config {row.system}:republish=true` publishes its code anew"
    compared = (
        f"`rollback audit -s {stack}` first, then `pulumi up -s {stack} --refresh` compares every resource (a store "
        "that is gone it makes anew, empty)"
    )
    again = fix if row.system in REPUBLISHED else compared
    return f"{row.system} doesn't run {row.pinned}, which is pinned, but {row.runs}: {again}"
