"""What an instance's user and database are called: by clients, and on the server that all instances share."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from moto.rds.exceptions import InvalidParameterValue

DEFAULT = "postgres"
"""The database of an instance that was made without a name for one."""
LONGEST = 63
"""Bytes of a name in PostgreSQL, which cuts off the rest."""
DIGEST = 10
RESERVED_USERS = ("admin", "rdsadmin")
RESERVED_DATABASES = ("rdsadmin", "template0", "template1")

_USER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,15}")
_DATABASE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")


@dataclass(frozen=True)
class Names:
    """The master user and the database of one instance.

    Args:
        user: the master user, as clients and the API say.
        database: the database, as clients and the API say.
        role: the master user on the server.
        store: the database on the server.
    """

    user: str
    database: str
    role: str
    store: str


def check(user: str | None, database: str | None) -> None:
    """Refuse what RDS refuses for PostgreSQL; raises InvalidParameterValue.

    After the RDS API reference, CreateDBInstance, MasterUsername and DBName.
    """
    for parameter, value, form, reserved in (
        ("MasterUsername", user, _USER, RESERVED_USERS),
        ("DBName", database, _DATABASE, RESERVED_DATABASES),
    ):
        if not value:
            continue
        if value.lower() in reserved:
            raise InvalidParameterValue(
                f"{parameter} {value} cannot be used as it is a reserved word used by the engine"
            )
        if not form.fullmatch(value):
            raise InvalidParameterValue(f"The parameter {parameter} is not a valid identifier: {value}")
    if (user or "").lower().startswith("pg_"):
        raise InvalidParameterValue(
            f'MasterUsername {user} cannot be used because role names starting with "pg_" are reserved by the '
            "PostgreSQL engine"
        )


def choose(instance: Any, others: Collection[Names]) -> Names:
    """Return names for a new instance that none of the others has.

    An instance that was renamed keeps its names, so another one may come to need the same; it gets a number.
    """
    user, database = instance.master_username or DEFAULT, instance.db_name or DEFAULT
    place = f"{instance.region}/{instance.db_instance_identifier}"
    taken = {name for other in others for name in (other.role, other.store)}
    for number in itertools.count(1):
        home = place if number == 1 else f"{place}~{number}"
        role, store = _short(f"{user}@{home}"), _short(f"{database}@{home}")
        if not taken & {role, store}:
            return Names(user, database, role, store)
    raise AssertionError("not reached")


def _short(name: str) -> str:
    """Cut a name to what PostgreSQL keeps of it, with a checksum of the whole instead of the rest."""
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - DIGEST - 1]}~{hashlib.sha256(name.encode()).hexdigest()[:DIGEST]}"
