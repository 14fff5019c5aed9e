"""Keeps the services of one host as they are wanted, and starts those again that end by themselves."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from sandbox.host.service import Service, ServiceError

log = logging.getLogger("sandbox.host")

LOOK_SECONDS = 0.25
"""How often the services are looked after."""
BACKOFF_SECONDS = (1.0, 2.0, 5.0, 10.0)
"""How long a service that didn't start is left before the next try."""
CHANGE_SECONDS = 60.0
"""How long whoever asks for a change waits for it."""


class EndingError(ServiceError):
    """The host ends while somebody waits for its services."""


class Supervisor:
    """Looks after services in a thread of its own.

    services: in the order in which they are to be started; they are stopped in the reverse order. changed: called with
    all of them after each start, failed start and stop. The thread lives as long as the services do: `die_with_parent`
    asks for that.
    """

    def __init__(self, name: str, services: Sequence[Service], changed: Callable[[Iterable[Service]], None]) -> None:
        self.services = {service.name: service for service in services}
        self._name, self._tell = name, changed
        self._wanted = dict.fromkeys(self.services, True)
        self._ready: set[str] = set()
        self._again: set[str] = set()
        self._problems: dict[str, str] = {}
        self._failures: dict[str, int] = {}
        self._next_try: dict[str, float] = {}
        self._changed = threading.Condition()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def is_active(self, name: str) -> bool:
        """Whether a service runs and has become ready."""
        return name in self._ready and self.services[name].running

    def change(self, name: str, *, wanted: bool, again: bool = False) -> None:
        """Start, stop or restart (again) a service, and return once that is done. Raises ServiceError."""
        with self._changed:
            self._wanted[name] = wanted
            self._problems.pop(name, None)
            self._next_try.pop(name, None)
            if again:
                self._again.add(name)
            self._changed.notify_all()
        self.settle(name)

    def settle(self, *names: str) -> None:
        """Wait until services (all, unless named) are as they are wanted. Raises ServiceError with a reason if not."""
        deadline = time.monotonic() + CHANGE_SECONDS
        with self._changed:
            while waiting := [name for name in names or self.services if not self._settled(name)]:
                problems = [self._problems[name] for name in waiting if name in self._problems]
                if self._ending.is_set():
                    raise EndingError("the host ends")
                if problems or time.monotonic() > deadline:
                    raise ServiceError(problems[0] if problems else f"{waiting[0]} isn't as it was asked for")
                self._changed.wait(LOOK_SECONDS)

    def _settled(self, name: str) -> bool:
        return name not in self._again and self.is_active(name) == self._wanted[name]

    def end(self) -> None:
        """Stop every service and the thread."""
        self._ending.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.is_set():
            for service in self.services.values():
                self._look_after(service)
            with self._changed:
                self._changed.notify_all()
                self._changed.wait(LOOK_SECONDS)
        for service in reversed(self.services.values()):
            service.stop()

    def _look_after(self, service: Service) -> None:
        name, again = service.name, service.name in self._again
        if service.running and (again or not self._wanted[name]):
            service.stop()
            self._tell(self.services.values())
        if not service.running:
            self._ready.discard(name)
        if self._wanted[name] and not service.running and time.monotonic() >= self._next_try.get(name, 0.0):
            self._start(service)
        if again:
            self._again.discard(name)

    def _start(self, service: Service) -> None:
        name = service.name
        try:
            service.start(self._ending)
        except (ServiceError, OSError) as error:
            if self._ending.is_set():
                return  # it wasn't waited for
            failures = self._failures.get(name, 0)
            self._failures[name] = failures + 1
            self._next_try[name] = time.monotonic() + BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
            self._problems[name] = str(error)
            log.error("%s: %s", self._name, error)
            self._tell(self.services.values())
        else:
            self._failures.pop(name, None)
            self._problems.pop(name, None)
            self._ready.add(name)
            self._tell(self.services.values())
