"""What a PostgreSQL server holds: rows by table, with a checksum of their text, read in one transaction a database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from guard.recovery.digest import Content, Digest
from guard.recovery.errors import RecoveryError
from guard.recovery.maker import Progress

ROWS = 5_000
"""Rows that are fetched at a time."""
OTHER_DATABASES = """
    SELECT datname FROM pg_database
    WHERE datallowconn AND NOT datistemplate AND datname NOT IN (current_database(), 'rdsadmin')
      AND has_database_privilege(datname, 'CONNECT')
    ORDER BY datname"""
TABLES = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_t%temp%'
      AND n.nspname <> 'pg_toast' AND c.relpersistence <> 't'
    ORDER BY 1, 2"""
"""Tables and partitions with rows of their own. Sequences are left out: one may jump ahead when a copy starts."""
SESSION = (
    "SET TimeZone = 'UTC'",
    "SET DateStyle = 'ISO'",
    "SET IntervalStyle = 'postgres'",
    "SET bytea_output = 'hex'",
    "SET extra_float_digits = 1",
    # Rows that a policy would hide are an error, not an absence.
    "SET row_security = off",
)
"""What the text of a row depends on."""
LARGE_OBJECTS = "large objects"

Login = Mapping[str, Any]
"""Arguments of ``psycopg.connect``: host, port, user, password, dbname."""


def count(login: Login) -> int:
    """Rows of all tables, and large objects, of all databases."""
    total = 0
    for name in _databases(login):
        with _reading({**login, "dbname": name}) as link:
            for schema, table in _tables(link):
                total += _one(link, _sql("SELECT count(*) FROM {}.{}", schema, table))
            total += _one(link, "SELECT count(*) FROM pg_largeobject_metadata")
    return total


def read(login: Login, progress: Progress) -> Content:
    """Rows of all tables, and large objects, of all databases, with their checksum."""
    digest = Digest()
    for name in _databases(login):
        with _reading({**login, "dbname": name}) as link:
            for schema, table in _tables(link):
                query = _sql(
                    "SELECT sha256(convert_to(ROW(x.*)::text, 'UTF8')), octet_length(ROW(x.*)::text) FROM {}.{} x",
                    schema,
                    table,
                )
                _part(link, query, f"{name}.{schema}.{table}", digest, progress)
            if _one(link, "SELECT count(*) FROM pg_largeobject_metadata"):
                query = "SELECT sha256(lo_get(oid)), octet_length(lo_get(oid)) FROM pg_largeobject_metadata"
                _part(link, query, f"{name}.{LARGE_OBJECTS}", digest, progress)
    return digest.content()


def _part(link: Any, query: Any, part: str, digest: Digest, progress: Progress) -> None:
    before = digest.items
    with link.cursor(name="recovery", binary=True) as cursor:
        cursor.itersize = ROWS
        for sha256, size in cursor.execute(query):
            digest.add_hash(hashlib.sha256(part.encode() + b"\0" + sha256).digest(), size)
            if digest.items % ROWS == 0:
                progress("reading rows", digest.items, None)
    digest.part(part, digest.items - before)
    progress("reading rows", digest.items, None)


def _databases(login: Login) -> list[str]:
    """The databases of a server that its master user may read, the given one first."""
    with _reading(login) as link:
        others = [str(name) for (name,) in link.execute(OTHER_DATABASES)]
    return [login["dbname"], *(name for name in others if name != login["dbname"])]


def _tables(link: Any) -> list[tuple[str, str]]:
    return [(str(schema), str(table)) for schema, table in link.execute(TABLES)]


def _one(link: Any, query: Any) -> int:
    return int(link.execute(query).fetchone()[0])


@contextmanager
def _reading(login: Login) -> Iterator[Any]:
    """A session that sees one moment and can't change anything."""
    try:
        import psycopg
    except ImportError:
        raise RecoveryError(
            "databases are read with psycopg, which isn't installed: pip install 'psycopg[binary]'"
        ) from None
    with psycopg.connect(**login, connect_timeout=10, application_name="rollback recovery") as link:
        link.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        link.read_only = True
        for statement in SESSION:
            link.execute(statement)
        yield link


def _sql(text: str, *names: str) -> Any:
    """A statement with its {} replaced by quoted names."""
    from psycopg import sql

    template: Any = text
    return sql.SQL(template).format(*map(sql.Identifier, names))
