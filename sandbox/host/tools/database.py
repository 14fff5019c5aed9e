"""A server that speaks MongoDB's wire protocol: mongod where the machine has it, else FerretDB, built from source.

The two keep their data in different ways, so a host stays with what its data was first written with.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from toolchain import gobuild
from toolchain.errors import ToolchainError
from toolchain.progress import Progress

MODULE = Path(__file__).with_name("ferretdb")
MONGOD, FERRETDB = "mongod", "ferretdb"


@dataclass(frozen=True)
class Database:
    """One of the two programs."""

    kind: str
    executable: Path

    def command(self, port: int, data: Path) -> list[str]:
        """Return the command line of a server on 127.0.0.1; data: the existing folder that it keeps everything in."""
        if self.kind == FERRETDB:
            return [str(self.executable), f"--port={port}", f"--data-dir={data}"]
        return [
            *(str(self.executable), "--bind_ip", "127.0.0.1", "--port", str(port), "--dbpath", str(data)),
            *("--nounixsocket", "--quiet", "--wiredTigerCacheSizeGB", "0.25"),
        ]


def ensure(cache: Path, progress: Progress, kind: str | None = None) -> Database:
    """Return the server of a kind, or where that is None the better one to be had. Raises ToolchainError."""
    mongod = shutil.which("mongod")
    if kind is None:
        kind = MONGOD if mongod else FERRETDB
    if kind == FERRETDB:
        binary = gobuild.build(MODULE, ".", "host-mongo", cache=cache, ldflags=("-s", "-w"), progress=progress)
        return Database(FERRETDB, binary)
    if not mongod:
        raise ToolchainError(
            "the hosts' data was written by mongod, which isn't on PATH: install it, or start over with `make clean`"
        )
    return Database(MONGOD, Path(mongod))
