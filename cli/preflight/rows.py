"""The rows of a preflight: each looked at by a thread of its own, within a time of its own."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cli.pulumi_command import EngineError
from cli.targets import TargetError, explain
from core.model import ConfigurationError

SECONDS = 8.0
"""From the start of the program to the end of the last row: a preflight answers within 10 s."""
LEAST = 4.0
"""Seconds that rows have where a busy machine took long to start the program."""


class State(StrEnum):
    """What came of a look."""

    FINE = "fine"
    """It is as an update needs it, or isn't needed: then the detail says so."""
    MISSING = "missing"
    """It isn't there, or not as an update needs it."""
    UNKNOWN = "unknown"
    """It couldn't be told: nobody answered, or the caller may not ask."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    check: str
    state: State
    detail: str
    remedy: str = ""
    """What to do, where the state isn't fine."""

    def as_dict(self) -> dict[str, str]:
        """The row for JSON."""
        return {"check": self.check, "state": self.state.value, "detail": self.detail, "remedy": self.remedy}


@dataclass(frozen=True)
class CheckResult:
    """What a look found; the row has its name besides."""

    state: State
    detail: str
    remedy: str = ""


def fine(detail: str) -> CheckResult:
    """All is well, or nothing is needed."""
    return CheckResult(State.FINE, detail)


def missing(detail: str, remedy: str) -> CheckResult:
    """Something has to be done before an update can end well."""
    return CheckResult(State.MISSING, detail, remedy)


def unknown(detail: str, remedy: str = "") -> CheckResult:
    """It can't be told."""
    return CheckResult(State.UNKNOWN, detail, remedy)


class UntoldError(RuntimeError):
    """What a row goes by can't be told, as another row says. The message is one line."""


Look = Callable[[], CheckResult]


def time_left() -> float:
    """Seconds that rows have, of a preflight's whole time: Linux tells how long the program runs already."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        running = float(Path("/proc/uptime").read_text().split()[0]) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        running = 1.0
    return max(LEAST, SECONDS - running)


def run(looks: Mapping[str, Look], seconds: float) -> list[Row]:
    """Every row, in the order of ``looks``; one that has no answer in time is unknown, and none waits for another."""
    found: dict[str, Row] = {}
    threads = []
    for name, look in looks.items():
        # Daemons: a look that hangs doesn't hold up the end of the program.
        thread = threading.Thread(target=_into, args=(found, name, look), daemon=True)
        thread.start()
        threads.append(thread)
    end = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    late = f"no answer within {seconds:.1f} s"
    return [
        found.get(
            name, Row(name, State.UNKNOWN, late, "try again; if it stays so, look at the network and the service")
        )
        for name in looks
    ]


def _into(found: dict[str, Row], name: str, look: Look) -> None:
    try:
        finding = look()
    except UntoldError as error:
        finding = unknown(str(error))
    except (ConfigurationError, EngineError, TargetError) as error:
        finding = missing(str(error), "fix what the line says, then run this again")
    except Exception as error:  # a row tells of its failure, and never takes the others with it
        finding = refused(error)
    found[name] = Row(name, finding.state, finding.detail, finding.remedy)


def refused(error: BaseException) -> CheckResult:
    """What an answer other than the expected one says of a row: a lacking right, or nothing at all."""
    said = line(error)
    if denied(error):
        return unknown(
            f"may not be looked at: {said}", "give the role what `rollback preflight -s STACK --policy` prints"
        )
    return unknown(said, "see the row of the credentials or the cluster; then run this again")


def line(error: BaseException) -> str:
    """One line for an error, without the page that a server which isn't AWS's answers with."""
    said = explain(error) or f"{type(error).__name__}: {' '.join(str(error).split())}"
    return re.split(r"(b['\"])?<!doctype", said, flags=re.IGNORECASE)[0].rstrip(": ,") or type(error).__name__


DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "403", "Forbidden")


def denied(error: BaseException) -> bool:
    """Whether a service says that the caller may not ask."""
    return code(error) in DENIED


def code(error: BaseException) -> str:
    """The error code of an AWS API; empty for any other error."""
    response = getattr(error, "response", None)
    return str(((response or {}).get("Error") or {}).get("Code", "")) if isinstance(response, dict) else ""


def failed(rows: Sequence[Row]) -> bool:
    """Whether something is missing. What is unknown isn't a failure: nobody knows that it is one."""
    return any(row.state is State.MISSING for row in rows)
