"""One host: its services, its health-check timer, and what an earlier run may have left of them."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable
from pathlib import Path

from sandbox.host import orphans, programs
from sandbox.host.layout import Layout, Ports
from sandbox.host.service import Service
from sandbox.host.supervisor import Supervisor
from sandbox.host.timer import HealthTimer
from sandbox.host.tools import Tools

log = logging.getLogger("sandbox.host")


class Machine:
    """A host. Nothing runs on it until it is woken: by its first deployment, or by a restart after one."""

    def __init__(self, layout: Layout, ports: Ports, tools: Tools, cache: Path, health_interval: float) -> None:
        self.layout, self.ports, self.tools = layout, ports, tools
        self.variables = programs.environment(layout, cache)
        self.supervisor: Supervisor | None = None
        """None while nothing runs here."""
        self.timer = HealthTimer(layout, self.variables, health_interval)
        self._waking = threading.Lock()

    @property
    def deployed(self) -> bool:
        """Whether a release is in place, so that there is something to start."""
        return self.layout.current.exists()

    def prepare(self, control_port: int) -> None:
        """End what an earlier run left behind, and write what the machine itself has."""
        found = orphans.end(self.layout.root, self._recorded())
        if found:
            log.warning("%s: ended what an earlier run had left: %s", self.layout.instance, ", ".join(found))
        programs.write(self.layout, self.ports, self.tools, self.variables, control_port)

    def wake(self) -> None:
        """Start the services where they aren't, and return once all of them are ready. Raises ServiceError."""
        with self._waking:
            if self.supervisor is None:
                services = programs.services(self.layout, self.ports, self.tools, self.variables)
                self.supervisor = Supervisor(self.layout.instance, services, self._changed)
                self.timer.run()
        self.supervisor.settle()

    def end(self) -> None:
        """Stop everything, for good."""
        self.timer.end()
        with self._waking:
            if self.supervisor:
                self.supervisor.end()
        orphans.end(self.layout.root, self._recorded())
        self.layout.remove_sockets()

    def _changed(self, services: Iterable[Service]) -> None:
        self._record(services)
        self.timer.touch()

    @property
    def _record_file(self) -> Path:
        return self.layout.run / "sessions.json"

    def _record(self, services: Iterable[Service]) -> None:
        """Note the session of each service, so that what it leaves behind when all of us are killed can be ended."""
        found = {str(each.process.pid): each.name for each in services if each.process and each.running}
        temporary = self._record_file.with_suffix(".new")
        temporary.write_text(json.dumps(found))
        temporary.replace(self._record_file)

    def _recorded(self) -> dict[int, str]:
        try:
            return {int(session): name for session, name in json.loads(self._record_file.read_text()).items()}
        except (OSError, ValueError, AttributeError):
            return {}
