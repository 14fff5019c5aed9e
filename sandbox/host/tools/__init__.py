"""The programs that a host consists of, from wherever an ordinary machine has them, else in the shared cache."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sandbox.host.tools import database, nginx, node, pm2
from sandbox.host.tools.database import Database
from sandbox.host.tools.node import Node
from toolchain.progress import Progress


@dataclass(frozen=True)
class Tools:
    """What to start."""

    node: Node
    pm2: Path
    """The folder of the npm package."""
    nginx: Path
    database: Database


def ensure(cache: Path, progress: Progress, database_kind: str | None = None) -> Tools:
    """Return the programs, fetched or built first where they are missing.

    cache: the folder shared by all checkouts. database_kind: what earlier data was written with; chosen where None.
    The first call on a machine takes one to three minutes, most of it a Go build; later ones a tenth of a second.
    Raises ToolchainError, in one line.
    """
    engine = node.ensure(cache, progress)
    return Tools(
        engine,
        pm2.ensure(cache, engine, progress),
        nginx.ensure(cache, progress),
        database.ensure(cache, progress, database_kind),
    )
