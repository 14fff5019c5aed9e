"""What a PostgreSQL server holds: rows and large objects, and the schema around them, in one transaction a database.

Every statement has a bound, and what can't be read says why: a table that is locked, one that another role owns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from core import deadline
from core.errors import ServiceError
from guard.recovery.digest import Content, Digest
from guard.recovery.maker import Progress
from guard.recovery.makers import schema

ROWS = 5_000
"""Rows that are fetched at a time."""
CONNECT_SECONDS = 10
LOCK_SECONDS = 20
"""How long a lock is waited for: reading conflicts with nothing but ACCESS EXCLUSIVE (ALTER, DROP, TRUNCATE)."""
STATEMENT_SECONDS = 3_600
"""How long one statement may take: the largest table is fetched in pieces, a count is one statement."""
IDLE_SECONDS = 300
"""How long a session that was left in its transaction is kept by the server."""
DATABASES = """
    SELECT datname, datallowconn AND has_database_privilege(datname, 'CONNECT') FROM pg_database
    WHERE NOT datistemplate AND datname NOT IN (current_database(), 'rdsadmin')
      AND (has_database_privilege(datname, 'CONNECT') OR pg_has_role(datdba, 'MEMBER'))
    ORDER BY datname"""
"""Databases that the master user may read, and those of roles that it made, which hold data too."""
TABLES = """
    SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner),
      has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'), c.relpersistence = 'u'
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_t%temp%'
      AND n.nspname <> 'pg_toast' AND c.relpersistence <> 't'
    ORDER BY 1, 2"""
"""Tables and partitions with rows of their own."""
LOCKS = """
    SELECT n.nspname || '.' || c.relname, l.pid, a.usename, a.xact_start::timestamptz(0), left(a.query, 100)
    FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.granted AND l.mode = 'AccessExclusiveLock' AND l.locktype = 'relation' AND l.pid <> pg_backend_pid()
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ORDER BY a.xact_start LIMIT 1"""
SESSION = (
    "SET TimeZone = 'UTC'",
    "SET DateStyle = 'ISO'",
    "SET IntervalStyle = 'postgres'",
    "SET bytea_output = 'hex'",
    "SET extra_float_digits = 1",
    # Names in definitions are written with their schema.
    "SET search_path = ''",
    # Rows that a policy would hide are an error, not an absence.
    "SET row_security = off",
)
"""What the text of a row or a definition depends on."""
LARGE_OBJECTS = "large objects"

Login = Mapping[str, Any]
"""Arguments of ``psycopg.connect``: host, port, user, password, dbname."""


def count(login: Login) -> int:
    """Rows of all tables, and large objects, of all databases."""
    total = 0
    for name in _databases(login):
        with reading({**login, "dbname": name}) as link:
            for schema_name, table, _ in _tables(link):
                total += _one(link, _sql("SELECT count(*) FROM ONLY {}.{}", schema_name, table))
            total += _one(link, "SELECT count(*) FROM pg_catalog.pg_largeobject_metadata")
    return total


def read(login: Login, progress: Progress) -> Content:
    """Rows of all tables, large objects by their ids, and schemas, of all databases, with their checksums."""
    digest = Digest()
    for name in _databases(login):
        with reading({**login, "dbname": name}) as link:
            for schema_name, table, _ in _tables(link):
                query = _sql(
                    "SELECT sha256(convert_to(ROW(x.*)::text, 'UTF8')), octet_length(ROW(x.*)::text) FROM ONLY {}.{} x",
                    schema_name,
                    table,
                )
                _part(link, query, f"{name}.{schema_name}.{table}", digest, progress)
            if _one(link, "SELECT count(*) FROM pg_catalog.pg_largeobject_metadata"):
                query = (
                    "SELECT sha256(convert_to(oid::text || ' ', 'UTF8') || lo_get(oid)), octet_length(lo_get(oid)) "
                    "FROM pg_catalog.pg_largeobject_metadata"
                )
                _part(link, query, f"{name}.{LARGE_OBJECTS}", digest, progress)
            schema.read(link, name, digest)
    return digest.content()


def unlogged(login: Login) -> list[str]:
    """Tables whose rows no snapshot brings back: unlogged ones that hold any (RDS user guide, "Restoring")."""
    found = []
    for name in _databases(login):
        with reading({**login, "dbname": name}) as link:
            for schema_name, table, is_unlogged in _tables(link):
                query = _sql("SELECT count(*) FROM (SELECT 1 FROM ONLY {}.{} LIMIT 1) x", schema_name, table)
                if is_unlogged and _one(link, query):
                    found.append(f"{name}.{schema_name}.{table}")
    return found


def _part(link: Any, query: Any, part: str, digest: Digest, progress: Progress) -> None:
    before = digest.items
    with link.cursor(name="recovery", binary=True) as cursor:
        cursor.itersize = ROWS
        for sha256, size in cursor.execute(query):
            digest.add_hash(hashlib.sha256(part.encode() + b"\0" + sha256).digest(), size)
            if digest.items % ROWS == 0:
                deadline.check()
                progress("reading rows", digest.items, None)
    digest.part(part, digest.items - before)
    progress("reading rows", digest.items, None)


def _databases(login: Login) -> list[str]:
    """The databases of a server, the given one first; one that can't be read is refused, for it may hold anything."""
    with reading(login) as link:
        others = [(str(name), bool(readable)) for name, readable in link.execute(DATABASES)]
    for name, readable in others:
        if not readable:
            raise ServiceError(
                f'user {login["user"]} may not read database "{name}": as its owner, '
                f'GRANT CONNECT ON DATABASE "{name}" TO "{login["user"]}"'
            )
    return [login["dbname"], *(name for name, _ in others if name != login["dbname"])]


def _tables(link: Any) -> list[tuple[str, str, bool]]:
    """Schema and name of each table, and whether it is unlogged. One that can't be read is a ``ServiceError``."""
    found = []
    for schema_name, table, owner, readable, is_unlogged in link.execute(TABLES):
        if not readable:
            user = link.info.user
            raise ServiceError(
                f"table {schema_name}.{table} belongs to role {owner}, and user {user} may not read it: "
                f'GRANT pg_read_all_data TO "{user}"'
            )
        found.append((str(schema_name), str(table), bool(is_unlogged)))
    return found


def _one(link: Any, query: Any) -> int:
    deadline.check()
    return int(link.execute(query).fetchone()[0])


@contextmanager
def reading(login: Login) -> Iterator[Any]:
    """A session that sees one moment, can't change anything, and waits for nothing for long."""
    try:
        import psycopg
    except ImportError:
        raise ServiceError(
            "databases are read with psycopg, which isn't installed: pip install 'psycopg[binary]'"
        ) from None
    deadline.check()
    left = deadline.left()
    lock = LOCK_SECONDS if left is None else min(LOCK_SECONDS, left * 0.8)
    bounds = {
        "lock_timeout": lock,
        "statement_timeout": STATEMENT_SECONDS if left is None else left,
        "idle_in_transaction_session_timeout": IDLE_SECONDS,
    }
    connect = CONNECT_SECONDS if left is None else max(1, min(CONNECT_SECONDS, int(left)))
    with psycopg.connect(**login, connect_timeout=connect, application_name="recovery-point") as link:
        link.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        link.read_only = True
        for name, seconds in bounds.items():
            link.execute(f"SET {name} = {max(int(seconds * 1000), 1)}")
        for statement in SESSION:
            link.execute(statement)
        try:
            yield link
        except psycopg.errors.LockNotAvailable as error:
            link.rollback()
            raise ServiceError(_blocked(link, lock)) from error
        except psycopg.errors.QueryCanceled as error:
            raise ServiceError(f"a statement took longer than {bounds['statement_timeout']:.0f} s") from error
        except psycopg.errors.InsufficientPrivilege as error:
            said = str(error).strip().splitlines()[0]
            remedy = "" if "row-level" in said else f': GRANT pg_read_all_data TO "{link.info.user}", or GRANT SELECT'
            raise ServiceError(f"{said}{remedy}") from error


def _blocked(link: Any, waited: float) -> str:
    """What a lock was waited for, and who holds it."""
    found = link.execute(LOCKS).fetchone()
    if found is None:
        return f"a lock wasn't to be had within {waited:.0f} s; try again"
    table, pid, user, since, query = found
    return (
        f"table {table} is locked by pid {pid} ({user or 'another role'}) since {since or 'a time that is hidden'}: "
        f"{query or 'its statement is hidden'}; wait for it, or end it: SELECT pg_terminate_backend({pid})"
    )


def _sql(text: str, *names: str) -> Any:
    """A statement with its {} replaced by quoted names."""
    from psycopg import sql

    template: Any = text
    return sql.SQL(template).format(*map(sql.Identifier, names))
