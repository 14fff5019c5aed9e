"""The RDS API on top of the server: what creating, changing, copying and deleting an instance does to its data.

After the RDS API reference; seed 000, level 3 (snapshot before the schema revert) is what it is for.
"""

from __future__ import annotations

import json
import re
import secrets
import string
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.rds import models
from moto.rds.exceptions import InvalidParameterCombination

from sandbox.account import background, settings, state
from sandbox.account.databases import server

ENGINES = ("postgres",)
RESERVED = ("postgres", "template0", "template1", "rdsadmin")
PASSWORD_LETTERS = string.ascii_letters + string.digits + "!#$%&()*+,-.:;<=>?[]^_{|}~"
PASSWORD_LENGTH = 28

_backend = models.RDSBackend
_create = _backend.create_db_instance
_modify = _backend.modify_db_instance
_delete = _backend.delete_db_instance
_snapshot = _backend.create_db_snapshot
_copy_snapshot = _backend.copy_db_snapshot
_delete_snapshot = _backend.delete_db_snapshot
_restore = _backend.restore_db_instance_from_db_snapshot
_restore_time = _backend.restore_db_instance_to_point_in_time


@dataclass
class Database:
    """Where the data of one instance lies on the server."""

    name: str
    role: str
    password: str


def known() -> dict[str, Database]:
    """Return the databases by region and instance ("us-east-1/rag-postgres-dev")."""
    return state.kept("databases", dict)


def copies() -> dict[str, str]:
    """Return the files of snapshots by region and snapshot."""
    return state.kept("database-copies", dict)


def of(backend: Any, instance: str) -> Database | None:
    """Return the database of an instance, None where it has none."""
    return known().get(f"{backend.region_name}/{instance}")


def _name(text: str) -> str:
    return re.sub(r"\W", "_", text)


def _new_password() -> str:
    return "".join(secrets.choice(PASSWORD_LETTERS) for _ in range(PASSWORD_LENGTH))


def _create_instance(self: Any, arguments: dict[str, Any]) -> Any:
    made = _create(self, arguments)
    made.dbi_resource_id = f"db-{uuid.uuid4().hex[:26].upper()}"  # moto gives all instances the same
    if made.engine not in ENGINES or made.db_cluster_identifier or not server.available():
        return made
    identifier = made.db_instance_identifier
    database = _place(made)
    if made.manage_master_user_password:
        database.password = _secret(made)["password"]
    # What an account that was thrown away left under these names must not come back to life.
    server.drop(database.name, database.role)
    server.create(database.name, database.role, database.password)
    made.db_name, made.master_username = database.name, database.role
    known()[f"{self.region_name}/{identifier}"] = database
    if made.manage_master_user_password:
        _store(made, database)
    return made


def _place(instance: Any) -> Database:
    """Choose names on the server that no other instance has."""
    suffix = "_" + _name(instance.db_instance_identifier)
    wanted, role = instance.db_name or _name(instance.db_instance_identifier), instance.master_username or "postgres"
    if wanted in RESERVED or any(other.name == wanted for other in known().values()):
        wanted += suffix
    if role in RESERVED or any(other.role == role for other in known().values()):
        role += suffix
    return Database(wanted, role, instance.__dict__.get("_master_user_password") or _new_password())


def _secret(instance: Any) -> dict[str, str]:
    return dict(json.loads(_current(instance.master_user_secret.secret)))


def _current(secret: Any) -> str:
    found = next(version for version in secret.versions.values() if "AWSCURRENT" in version["version_stages"])
    return str(found["secret_string"])


def _store(instance: Any, database: Database) -> None:
    """Write the master user's credentials into its secret, as a new current version where they changed."""
    keeper = instance.master_user_secret
    text = json.dumps({"username": database.role, "password": database.password})
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
        server.set_password(database.role, database.password)
        _store(self.resource, database)


def _modify_instance(self: Any, db_instance_identifier: str, db_kwargs: dict[str, Any]) -> Any:
    renamed = db_kwargs.get("new_db_instance_identifier")
    database = of(self, db_instance_identifier)
    password = db_kwargs.get("master_user_password")
    changed = _modify(self, db_instance_identifier, db_kwargs)
    if database is None:
        return changed
    if renamed:
        known()[f"{self.region_name}/{renamed}"] = known().pop(f"{self.region_name}/{db_instance_identifier}")
    if db_kwargs.get("manage_master_user_password"):
        password = _secret(changed)["password"]
    if password:
        database.password = password
        server.set_password(database.role, password)
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
        server.copy_out(database.name, file)
    except Exception:
        _delete_snapshot(self, db_snapshot_identifier)
        raise
    copies()[f"{self.region_name}/{made.db_snapshot_identifier}"] = str(
        file.relative_to(settings.current().state_dir.absolute())
    )
    return made


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
    database = known().pop(f"{self.region_name}/{db_instance_identifier}", None)
    if database:
        server.drop(database.name, database.role)
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
        server.copy_out(origin.name, file)
        _fill(self, made, str(file.relative_to(settings.current().state_dir.absolute())))
        file.unlink()
    return made


def _fill(backend: Any, instance: Any, file: str | None) -> None:
    database = of(backend, instance.db_instance_identifier)
    if database and file:
        server.copy_in(settings.current().state_dir.absolute() / file, database.name, database.role)
    background.mark_changed()


def _has_database(instance: Any) -> bool:
    return server.available() and of(instance.backend, instance.db_instance_identifier) is not None


_address = models.DBInstance.address.fget


def _shown_address(self: Any) -> str:
    return server.HOST if _has_database(self) else str(_address(self))


def _shown_endpoint(self: Any) -> dict[str, Any]:
    port = settings.current().postgres_port if _has_database(self) else self.port
    return {"Address": self.address, "Port": port, "HostedZoneId": "Z2R2ITUGPM61AM"}


def install() -> None:
    """Put the data behind moto's RDS."""
    _backend.create_db_instance = _create_instance
    _backend.modify_db_instance = _modify_instance
    _backend.delete_db_instance = _delete_instance
    _backend.create_db_snapshot = _create_snapshot
    _backend.copy_db_snapshot = _copied_snapshot
    _backend.delete_db_snapshot = _deleted_snapshot
    _backend.restore_db_instance_from_db_snapshot = _restored
    _backend.restore_db_instance_to_point_in_time = _restored_to_time
    models.DBInstance.address = property(_shown_address)
    models.DBInstance.endpoint = property(_shown_endpoint)
    models.MasterUserSecret._generate_secret_string = _secret_string
    models.MasterUserSecret.rotate_secret = _rotate
