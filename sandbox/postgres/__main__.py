"""`python -m sandbox.postgres`: run PostgreSQL in the foreground until SIGTERM."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sandbox.postgres import cluster


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code (3: the port is taken)."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.postgres", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="TCP port on 127.0.0.1")
    parser.add_argument("--data-dir", type=Path, required=True, help="folder of the data and the password file")
    given = parser.parse_args(argv)
    try:
        return cluster.serve(given.data_dir.absolute(), given.port)
    except cluster.StartError as error:
        print(error, file=sys.stderr)
        return error.status


if __name__ == "__main__":
    sys.exit(main())
