"""The loop of a host's agent: register, ask for the next event, carry it out, report."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.host.account import Account, UnknownInstanceError, UnreachableError
from sandbox.host.agent.events import Place, Result, carry_out, failed
from sandbox.host.agent.scripts import CancelledError

log = logging.getLogger("sandbox.host")

UNREACHABLE_SECONDS = 1.0
"""How long an account that doesn't answer is left alone."""
WAIT_SECONDS = 20.0
"""How long the account may keep a question until there is something to do."""
END_SECONDS = 3.0
LOOK_SECONDS = 0.05


class Agent:
    """One host's agent.

    register: makes the instance known to the account. wake: starts the host's services before its first event; raises
    RuntimeError with one line where they don't start. poll_seconds: the pause between two questions.
    """

    def __init__(
        self,
        instance: str,
        account: Account,
        place: Place,
        register: Callable[[], None],
        wake: Callable[[], None],
        poll_seconds: float,
        log_file: Path,
    ) -> None:
        self._instance, self._account, self._place = instance, account, place
        self._register, self._wake, self._poll_seconds, self._log_file = register, wake, poll_seconds, log_file
        self.registered = self._asking = False
        self.problem = ""
        """Why nothing can be asked for at the moment; empty where all is well."""
        self._thread = threading.Thread(target=self._run, name=f"{instance} agent", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def join(self) -> None:
        """Wait for the end of the loop, which the place's `ending` asks for, unless the account keeps it waiting."""
        deadline = time.monotonic() + END_SECONDS
        while self._thread.is_alive() and not self._asking and time.monotonic() < deadline:
            self._thread.join(LOOK_SECONDS)

    def _run(self) -> None:
        ending = self._place.ending
        while not ending.is_set():
            try:
                self._turn()
                ending.wait(self._poll_seconds)
            except UnknownInstanceError:
                self.registered = False
            except UnreachableError as error:
                self.problem = str(error)
                ending.wait(UNREACHABLE_SECONDS)
            except CancelledError:
                return
            except Exception:
                # An event that can't be carried out would otherwise end the agent, and every deployment after it.
                log.exception("%s: the agent goes on after", self._instance)
                ending.wait(UNREACHABLE_SECONDS)

    def _turn(self) -> None:
        """Carry out events as long as there are any."""
        if not self.registered:
            self._register()
            self.registered = True
        command = self._ask()
        self.problem = ""
        while command and not self._place.ending.is_set():
            result = self._carry_out(command)
            self._note(command, result)
            command = self._report(command, result)

    def _ask(self) -> dict[str, Any]:
        self._asking = True
        try:
            # What nobody took is given out again, so an agent that ends while it asks loses nothing. The first answer
            # after a problem comes at once, or the problem would seem to last.
            return self._account.ask(self._instance, wait=0.0 if self.problem else WAIT_SECONDS)
        finally:
            self._asking = False

    def _carry_out(self, command: dict[str, Any]) -> Result:
        group_id = self._account.group_id(command["applicationName"], command["deploymentGroupName"])
        try:
            self._wake()
        except RuntimeError as error:
            if self._place.ending.is_set():
                raise CancelledError from error
            return failed(str(error))
        return carry_out(command, group_id, self._place, self._account.s3)

    def _report(self, command: dict[str, Any], result: Result) -> dict[str, Any]:
        """Report until the account takes it: what was done isn't done twice only because the account was away."""
        told = {"deploymentId": command["deploymentId"], "event": command["event"], "status": result.status}
        while True:
            try:
                return self._account.ask(self._instance, {**told, "diagnostics": result.diagnostics})
            except UnreachableError:
                if self._place.ending.wait(UNREACHABLE_SECONDS):
                    raise CancelledError from None

    def _note(self, command: dict[str, Any], result: Result) -> None:
        more = "" if result.status == "Succeeded" else f": {result.diagnostics['message']}"
        line = f"{command['deploymentId']} {command['event']} {result.status.lower()}{more}"
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("a") as file:
            file.write(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {line}\n")
        if more:
            log.warning("%s: %s", self._instance, line)
