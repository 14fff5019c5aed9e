"""The RDS API on top of the server: what creating, changing, copying and deleting an instance does to its data.

After the RDS API reference; runbook async-rag, level 3, asks for the snapshot before it changes the schema.
"""

from __future__ import annotations

import json
import secrets
import string
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.rds import models
from moto.rds.exceptions import DBInstanceAlreadyExists, InvalidParameterCombination

from sandbox.account import background, settings, state
from sandbox.account.databases import endpoints, names, server

ENGINES = ("postgres",)
PASSWORD_LETTERS = string.ascii_letters + string.digits + "!#$%&()*+,-.:;<=>?[]^_{|}~"
PASSWORD_LENGTH = 28

_backend = models.RDSBackend
_create = _backend.create_db_instance
_modify = _backend.modify_db_instance
_delete = _backend.delete_db_instance
_snapshot = _backend.create_db_snapshot
_automated_snapshot = _backend.create_auto_snapshot
_copy_snapshot = _backend.copy_db_snapshot
_delete_snapshot = _backend.delete_db_snapshot
_restore = _backend.restore_db_instance_from_db_snapshot
_restore_time = _backend.restore_db_instance_to_point_in_time


@dataclass
class Database:
    """Where the data of one instance lies.

    Args:
        names: what its user and its database are called, by clients and on the server.
        password: the master user's.
        port: where clients reach it, on 127.0.0.1; its own for as long as it exists.
    """

    names: names.Names
    password: str
    port: int


def known() -> dict[str, Database]:
    """Return the databases by region and instance ("us-east-1/rag-postgres-dev")."""
    return state.kept("databases", dict)


def copies() -> dict[str, str]:
    """Return the files of snapshots by region and snapshot."""
    return state.kept("database-copies", dict)


def of(backend: Any, instance: str) -> Database | None:
    """Return the database of an instance, None where it has none."""
    return known().get(_key(backend, instance))


def _key(backend: Any, instance: str) -> str:
    return f"{backend.region_name}/{instance.lower()}"


def _new_password() -> str:
    return "".join(secrets.choice(PASSWORD_LETTERS) for _ in range(PASSWORD_LENGTH))


def _create_instance(self: Any, arguments: dict[str, Any]) -> Any:
    with_data = arguments.get("engine") in ENGINES and not arguments.get("db_cluster_identifier") and server.available()
    if with_data:
        names.check(arguments.get("master_username"), arguments.get("db_name"))
    made = _create(self, arguments)
    made.dbi_resource_id = f"db-{uuid.uuid4().hex[:26].upper()}"  # moto gives all instances the same
    if with_data:
        try:
            known()[_key(self, made.db_instance_identifier)] = _furnish(made)
        except Exception:
            made.deletion_protection = False
            _delete(self, arguments["db_instance_identifier"], None, True)
            raise
    return made


def _furnish(instance: Any) -> Database:
    """Make the data of a new instance and open its port."""
    chosen = names.choose(instance, [other.names for other in known().values()])
    instance.master_username = chosen.user
    if instance.manage_master_user_password:
        password = _secret(instance)["password"]
    else:
        password = instance.__dict__.get("_master_user_password") or _new_password()
    # What an account that was thrown away left under these names must not come back to life.
    server.drop(chosen.store, chosen.role)
    server.create(chosen.store, chosen.role, password)
    return Database(chosen, password, endpoints.open_new(chosen))


def reopen() -> None:
    """Open the ports of a loaded account's databases again; raises PortTakenError."""
    if server.available():
        for database in known().values():
            endpoints.open_at(database.port, database.names)


def _secret(instance: Any) -> dict[str, str]:
    return dict(json.loads(_current(instance.master_user_secret.secret)))


def _current(secret: Any) -> str:
    found = next(version for version in secret.versions.values() if "AWSCURRENT" in version["version_stages"])
    return str(found["secret_string"])


def _store(instance: Any, database: Database) -> None:
    """Write the master user's credentials into its secret, as a new current version where they changed."""
    keeper = instance.master_user_secret
    text = json.dumps({"username": database.names.user, "password": database.password})
    if _current(keeper.secret) == text:
        return
    keeper.secretsmanager.put_secret_value(
        keeper.secret.arn,
        secret_string=text,
        secret_binary=None,
        client_request_token=str(uuid.uuid4()),
        version_stages=["AWSCURRENT"],
    )
    keeper.secret = keeper.secretsmanager.secrets[keeper.secret.arn]


def _secret_string(self: Any) -> str:
    username = self.resource.master_username or "postgres"
    return json.dumps({"username": username, "password": _new_password()})


def _rotate(self: Any) -> None:
    database = of(self.resource.backend, getattr(self.resource, "db_instance_identifier", ""))
    if database:
        database.password = _new_password()
        server.set_password(database.names.role, database.password)
        _store(self.resource, database)


def _modify_instance(self: Any, db_instance_identifier: str, db_kwargs: dict[str, Any]) -> Any:
    renamed = db_kwargs.get("new_db_instance_identifier")
    if renamed and renamed in self.databases:
        raise DBInstanceAlreadyExists()  # moto would overwrite it
    database = of(self, db_instance_identifier)
    password = db_kwargs.get("master_user_password")
    changed = _modify(self, db_instance_identifier, db_kwargs)
    if database is None:
        return changed
    if renamed:
        known()[_key(self, renamed)] = known().pop(_key(self, db_instance_identifier))
    if db_kwargs.get("manage_master_user_password"):
        password = _secret(changed)["password"]
    if password:
        database.password = password
        server.set_password(database.names.role, password)
    if db_kwargs.get("manage_master_user_password"):
        _store(changed, database)
    return changed


def _file(region: str, snapshot: str) -> Path:
    return settings.current().state_dir.absolute() / "snapshots" / region / f"{snapshot}-{uuid.uuid4().hex}.dump"


def _create_snapshot(
    self: Any, db_instance_identifier: str, db_snapshot_identifier: str, *rest: Any, **more: Any
) -> Any:
    made = _snapshot(self, db_instance_identifier, db_snapshot_identifier, *rest, **more)
    database = of(self, db_instance_identifier)
    if database is None:
        return made
    file = _file(self.region_name, made.db_snapshot_identifier)
    try:
        server.copy_out(database.names.store, file)
    except Exception:
        _delete_snapshot(self, db_snapshot_identifier)
        raise
    copies()[f"{self.region_name}/{made.db_snapshot_identifier}"] = str(
        file.relative_to(settings.current().state_dir.absolute())
    )
    return made


def _create_automated_snapshot(self: Any, db_instance_identifier: str, db_snapshot_identifier: str) -> Any:
    """Automated snapshots are named by the minute, in which an instance can be renamed and another take its name."""
    number, name = 1, db_snapshot_identifier
    while name in self.database_snapshots:
        number, name = number + 1, f"{db_snapshot_identifier}-{number + 1}"
    return _automated_snapshot(self, db_instance_identifier, name)


def _copied_snapshot(
    self: Any, source_db_snapshot_identifier: str, target_db_snapshot_identifier: str, **more: Any
) -> Any:
    source = source_db_snapshot_identifier.rpartition(":snapshot:")[2]
    made = _copy_snapshot(self, source_db_snapshot_identifier, target_db_snapshot_identifier, **more)
    if f"{self.region_name}/{source}" in copies():
        copies()[f"{self.region_name}/{made.db_snapshot_identifier}"] = copies()[f"{self.region_name}/{source}"]
    return made


def _deleted_snapshot(self: Any, db_snapshot_identifier: str) -> Any:
    gone = _delete_snapshot(self, db_snapshot_identifier)
    file = copies().pop(f"{self.region_name}/{gone.db_snapshot_identifier}", None)
    if file and file not in copies().values():
        (settings.current().state_dir.absolute() / file).unlink(missing_ok=True)
    return gone


def _delete_instance(
    self: Any,
    db_instance_identifier: str,
    final_db_snapshot_identifier: str | None = None,
    skip_final_snapshot: bool | None = False,
    delete_automated_backups: bool | None = True,
) -> Any:
    instance = self.databases.get(db_instance_identifier)
    if instance is not None and not instance.is_replica and not instance.db_cluster_identifier:
        if not skip_final_snapshot and not final_db_snapshot_identifier and not instance.deletion_protection:
            raise InvalidParameterCombination(
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
            )
        if skip_final_snapshot and final_db_snapshot_identifier:
            raise InvalidParameterCombination(
                "FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is true."
            )
    gone = _delete(
        self, db_instance_identifier, final_db_snapshot_identifier, skip_final_snapshot, delete_automated_backups
    )
    database = known().pop(_key(self, db_instance_identifier), None)
    if database:
        endpoints.close(database.port)
        server.drop(database.names.store, database.names.role)
    return gone


def _restored(self: Any, from_snapshot_id: str, overrides: dict[str, Any]) -> Any:
    source = from_snapshot_id.rpartition(":snapshot:")[2]
    made = _restore(self, from_snapshot_id, overrides)
    _fill(self, made, copies().get(f"{self.region_name}/{source.lower()}"))
    return made


def _restored_to_time(
    self: Any, source_db_identifier: str, target_db_identifier: str, overrides: dict[str, Any]
) -> Any:
    """Restore to a point in time: the latest there is, since no log of changes is kept."""
    origin = of(self, source_db_identifier)
    made = _restore_time(self, source_db_identifier, target_db_identifier, overrides)
    if origin:
        file = _file(self.region_name, f"at-{target_db_identifier}")
        server.copy_out(origin.names.store, file)
        _fill(self, made, str(file.relative_to(settings.current().state_dir.absolute())))
        file.unlink()
    return made


def _fill(backend: Any, instance: Any, file: str | None) -> None:
    database = of(backend, instance.db_instance_identifier)
    if database and file:
        server.copy_in(settings.current().state_dir.absolute() / file, database.names.store, database.names.role)
    background.mark_changed()


_address = models.DBInstance.address.fget


def _reachable(instance: Any) -> Database | None:
    return of(instance.backend, instance.db_instance_identifier) if server.available() else None


def _shown_address(self: Any) -> str:
    return server.HOST if _reachable(self) else str(_address(self))


def _shown_endpoint(self: Any) -> dict[str, Any]:
    database = _reachable(self)
    port = database.port if database else self.port
    return {"Address": self.address, "Port": port, "HostedZoneId": "Z2R2ITUGPM61AM"}


def install() -> None:
    """Put the data behind moto's RDS."""
    _backend.create_db_instance = _create_instance
    _backend.modify_db_instance = _modify_instance
    _backend.delete_db_instance = _delete_instance
    _backend.create_db_snapshot = _create_snapshot
    _backend.create_auto_snapshot = _create_automated_snapshot
    _backend.copy_db_snapshot = _copied_snapshot
    _backend.delete_db_snapshot = _deleted_snapshot
    _backend.restore_db_instance_from_db_snapshot = _restored
    _backend.restore_db_instance_to_point_in_time = _restored_to_time
    models.DBInstance.address = property(_shown_address)
    models.DBInstance.endpoint = property(_shown_endpoint)
    models.MasterUserSecret._generate_secret_string = _secret_string
    models.MasterUserSecret.rotate_secret = _rotate
