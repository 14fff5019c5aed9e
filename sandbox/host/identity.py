"""What is chosen once for the hosts of a state folder, and kept: ports, and the kind of the database server."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox.host.layout import Ports
from sandbox.paths import SandboxError, free_ports

FILE = "hosts.json"


@dataclass(frozen=True)
class Identity:
    """The hosts' own."""

    database: str
    ports: dict[str, Ports]


def kept_database(state_dir: Path) -> str | None:
    """Return the kind of database server whose data is there already; None where nothing is. Raises SandboxError."""
    found = _read(state_dir)
    return found.database if found else None


def choose(state_dir: Path, stacks: Sequence[str], database: str) -> Identity:
    """Return the identity, with ports chosen now for the stacks that have none. Raises SandboxError."""
    found = _read(state_dir)
    ports = dict(found.ports) if found else {}
    if found and set(stacks) <= set(ports):
        return found
    missing = [stack for stack in stacks if stack not in ports]
    numbers = free_ports(3 * len(missing))
    for position, stack in enumerate(missing):
        ports[stack] = Ports(*numbers[3 * position : 3 * position + 3])
    made = Identity(found.database if found else database, ports)
    state_dir.mkdir(parents=True, exist_ok=True)
    temporary = state_dir / f".{FILE}.new"
    with temporary.open("w", encoding="utf-8") as file:
        file.write(json.dumps(asdict(made), indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(state_dir / FILE)
    return made


def _read(state_dir: Path) -> Identity | None:
    file = state_dir / FILE
    try:
        held = json.loads(file.read_text())
        return Identity(held["database"], {stack: Ports(**ports) for stack, ports in held["ports"].items()})
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SandboxError(f"{file} can't be read ({error}): `make clean` starts over") from None
