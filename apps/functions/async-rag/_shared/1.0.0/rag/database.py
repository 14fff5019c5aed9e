"""The PostgreSQL connection: one for the life of a worker, logged in with the Secrets Manager secret."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from rag import aws

Connection = psycopg.Connection[tuple[Any, ...]]

CONNECT_SECONDS = 5


class _Worker:
    """What this worker keeps between invocations."""

    connection: Connection | None = None
    login: dict[str, str] | None = None


@contextmanager
def session() -> Iterator[Connection]:
    """Give the worker's connection inside one transaction: committed at the end, rolled back on an error.

    A connection that broke is dropped, so the next session connects anew.

    Raises:
        psycopg.OperationalError: the database can't be reached or refuses the login.
    """
    connection = _connected()
    try:
        with connection.transaction():
            yield connection
    except (psycopg.OperationalError, psycopg.InterfaceError):
        connection.close()
        raise


def _connected() -> Connection:
    if _Worker.connection is None or _Worker.connection.closed:
        fresh = _Worker.login is None
        try:
            _Worker.connection = _connect()
        except psycopg.OperationalError:
            if fresh:
                raise
            # The kept login may be older than the last rotation of the secret.
            _Worker.login = None
            _Worker.connection = _connect()
    return _Worker.connection


def _connect() -> Connection:
    if _Worker.login is None:
        secret = aws.client("secretsmanager").get_secret_value(SecretId=os.environ["DB_SECRET_ARN"])
        _Worker.login = json.loads(secret["SecretString"])
    return psycopg.connect(
        host=os.environ["DB_HOST"],
        port=os.environ["DB_PORT"],
        dbname=os.environ["DB_NAME"],
        user=_Worker.login["username"],
        password=_Worker.login["password"],
        connect_timeout=CONNECT_SECONDS,
        autocommit=True,
    )
