"""The database schema, as numbered SQL files that only add (expand), so older code works on a newer schema.

Each file in `migrations/` starts with a line naming what it provides, `-- provides: table, table.column`. A worker that
writes applies the files whose objects are missing, whatever was recorded: a full rollback drops tables by hand
(seed 000, level 3, step 3), and the next deployment must find its way back from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rag.database import Connection

# Any constant will do; every version of this module must use the same one to exclude the others.
_LOCK = 7_261_938

_RECORD = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


@dataclass(frozen=True)
class Migration:
    """One step of the schema."""

    version: int
    name: str
    provides: tuple[str, ...]
    statements: str


def migrations() -> list[Migration]:
    """Return the migrations this code knows, oldest first."""
    found = []
    for path in sorted((Path(__file__).parent / "migrations").glob("*.sql")):
        number, _, name = path.stem.partition("_")
        text = path.read_text(encoding="utf-8")
        first = text.splitlines()[0].removeprefix("-- provides:")
        found.append(Migration(int(number), name, tuple(part.strip() for part in first.split(",")), text))
    return found


def ensure(connection: Connection) -> list[int]:
    """Bring the schema up to what this code needs, and return the versions that were applied (mostly none).

    Call it inside a transaction: the advisory lock that keeps other workers out lasts until that ends.
    """
    if not _missing(connection):
        return []
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    connection.execute(_RECORD)
    applied = _missing(connection)
    for migration in applied:
        connection.execute(migration.statements.encode())
        connection.execute(
            "INSERT INTO schema_migrations (version, name) VALUES (%s, %s)"
            " ON CONFLICT (version) DO UPDATE SET applied_at = now()",
            (migration.version, migration.name),
        )
    return [migration.version for migration in applied]


def present(connection: Connection) -> set[str]:
    """Return the tables (`table`) and columns (`table.column`) there are."""
    rows = connection.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
    ).fetchall()
    return {table for table, _ in rows} | {f"{table}.{column}" for table, column in rows}


def _missing(connection: Connection) -> list[Migration]:
    there = present(connection)
    return [migration for migration in migrations() if not there.issuperset(migration.provides)]
