"""Databases, users and copies on the PostgreSQL server behind RDS."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.rds.exceptions import RDSClientError

from sandbox import postgres
from sandbox.account import settings

if TYPE_CHECKING:
    import psycopg

HOST = "127.0.0.1"
COPY_SECONDS = 300


def available() -> bool:
    """Return whether the account was started with a PostgreSQL server."""
    return settings.current().postgres_port is not None


def _password() -> str:
    chosen = settings.current()
    default = chosen.state_dir.absolute().parent / "postgres" / postgres.PASSWORD_FILE
    return (chosen.postgres_password_file or default).read_text().strip()


def down() -> str:
    """Return the line that says that the server doesn't run."""
    return f"the PostgreSQL server on port {settings.current().postgres_port} does not answer; start it with make up"


def connect(database: str = "postgres") -> psycopg.Connection[Any]:
    """Connect as the superuser, every statement a transaction of its own; raises RDSClientError."""
    import psycopg

    try:
        return psycopg.connect(
            host=HOST,
            port=settings.current().postgres_port,
            user=postgres.SUPERUSER,
            password=_password(),
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )
    except psycopg.OperationalError as error:
        raise RDSClientError("ServiceUnavailable", down()) from error


def _sql(text: str, *names: str) -> Any:
    """Return a statement with its {} replaced by quoted names."""
    from psycopg import sql

    return sql.SQL(text).format(*map(sql.Identifier, names))


def create(database: str, role: str, password: str) -> None:
    """Make a user with the rights of an RDS master user, and a database that belongs to it."""
    with connect() as link:
        link.execute(_sql("CREATE ROLE {} LOGIN CREATEDB CREATEROLE", role))
        link.execute(_sql("CREATE DATABASE {} OWNER {}", database, role))
        link.execute(_sql("REVOKE ALL ON DATABASE {} FROM PUBLIC", database))
    set_password(role, password)
    with connect(database) as link:
        link.execute(_sql("ALTER SCHEMA public OWNER TO {}", role))


def set_password(role: str, password: str) -> None:
    """Change the password a user logs in with."""
    from psycopg import sql

    with connect() as link:
        link.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))


def drop(database: str, role: str) -> None:
    """Remove a database with everyone connected to it, and its user with what else belongs to it."""
    with connect() as link:
        link.execute(_sql("DROP DATABASE IF EXISTS {} WITH (FORCE)", database))
        others = link.execute(
            "SELECT datname FROM pg_database JOIN pg_roles ON datdba = pg_roles.oid WHERE rolname = %s", [role]
        ).fetchall()
        for (name,) in others:
            link.execute(_sql("DROP DATABASE IF EXISTS {} WITH (FORCE)", name))
        if link.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
            link.execute(_sql("DROP OWNED BY {} CASCADE", role))
            link.execute(_sql("DROP ROLE {}", role))


def copy_out(database: str, file: Path) -> None:
    """Write a consistent copy of a database to a file, while others go on working with it; raises RuntimeError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    _run("pg_dump", "--format=custom", "--compress=1", "--file", str(fresh), "--dbname", database)
    with fresh.open("rb") as done:
        os.fsync(done.fileno())
    fresh.replace(file)


def copy_in(file: Path, database: str, role: str) -> None:
    """Load a copy into an empty database; everything in it comes to belong to `role`. Raises RuntimeError."""
    _run("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", f"--role={role}", "--clean", "--if-exists",
         "--dbname", database, str(file))  # fmt: skip


def _run(name: str, *arguments: str) -> None:
    login = {"PGPASSWORD": _password(), "PGUSER": postgres.SUPERUSER, "PGHOST": HOST}
    login["PGPORT"] = str(settings.current().postgres_port)
    command = [str(postgres.program(name)), "--no-password", *arguments]
    done = subprocess.run(
        command, env={**os.environ, **login}, capture_output=True, text=True, timeout=COPY_SECONDS, check=False
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise RuntimeError(f"{name} of {arguments[-1]} failed: {reason}")
