"""RDS instances with PostgreSQL: a snapshot (CreateDBSnapshot), read back from a temporary instance.

RDS API reference. What the source holds is read before and after the snapshot: where both agree, that is what the
snapshot holds.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from typing import Any

from core.aws import client
from core.errors import DamagedError, ServiceError, absent, translate_errors
from guard.recovery.digest import Content
from guard.recovery.judgement import SKEW
from guard.recovery.maker import Copy, Order, Progress, same, temporary
from guard.recovery.makers import postgres, schema
from guard.recovery.points import LocatedStore, RecoveryPoint

ATTEMPTS = 3
POLL = {"Delay": 15, "MaxAttempts": 960}
"""Seconds between looks at a snapshot or an instance that is being made, and looks within four hours."""
SECRET_LOOKS, SECRET_SECONDS = 60, 5
"""How often, and in seconds how far apart, a new instance is asked whether its password is there."""
INSTANCE = "aws:rds/instance:Instance"
POINT, CHECKSUM = "recovery-point", "recovery-checksum"
SUBNETS, GROUPS = "recovery-subnet-group", "recovery-security-groups"
"""Tags of a snapshot: where its instance was, so that the temporary one can be reached in the same way."""


class Databases:
    """Counts, copies, reads back and restores RDS instances with PostgreSQL."""

    def count(self, store: LocatedStore) -> int:
        """Rows and large objects of all databases."""
        with _about(store):
            return postgres.count(_login(_rds(store), store))

    def measure(self, store: LocatedStore, progress: Progress) -> Content:
        """See ``Maker``."""
        with _about(store):
            return postgres.read(_login(_rds(store), store), progress)

    def copy(self, order: Order) -> Copy:
        """See ``Maker``. One that is written to all the time is refused, or read back where that is explained."""
        store = order.store
        rds = _rds(store)
        with _about(store):
            lost = postgres.unlogged(_login(rds, store))
            if lost and not order.explained:
                raise ServiceError(
                    f"{store}: a snapshot restores unlogged tables empty, and {', '.join(lost)} holds rows: "
                    f"ALTER TABLE … SET LOGGED, empty it, or say why its rows may go (--explained)"
                )
            before = self.measure(store, order.progress)
            for attempt in range(ATTEMPTS):
                name = f"{store.name}-{order.id}{f'-{attempt}' if attempt else ''}"
                snapshot = _snapshot(rds, order, name)
                after = self.measure(store, order.progress)
                if after == before and not lost:
                    return _copy(rds, order, snapshot, after)
                if order.explained:
                    held = _read_back(rds, store, snapshot, temporary(order), order.progress)
                    return _copy(rds, order, snapshot, _with_grants(held, after))
                rds.delete_db_snapshot(DBSnapshotIdentifier=name)
                before = after
        raise ServiceError(
            f"{store} is written to while it is copied: stop its writers first, or say why its items may differ "
            "(--explained)"
        )

    def verify(self, point: RecoveryPoint, progress: Progress) -> str:
        """See ``Maker``."""
        with translate_errors(f"copy of {point.store}", DamagedError):
            found = _read_back(_rds(point.store), point.store, point.where, temporary(point), progress)
        if differs := point.differs(_with_grants(found, point.content)):
            raise DamagedError(f"snapshot {point.where} of {point.store}: {differs}")
        return f"restored to a temporary instance and read: {found.items} rows in {len(found.parts)} tables"

    def check(self, point: RecoveryPoint) -> None:
        """See ``Maker``. A snapshot bears the checksum of what was read before and after it as a tag."""
        rds, name = _rds(point.store), _identifier(point.where)
        with translate_errors(f"copy {point.where} of {point.store}", DamagedError):
            snapshot = rds.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0]
            tags = _tags(rds, point.where)
        if snapshot["Status"] != "available":
            raise DamagedError(f"snapshot {point.where} of {point.store} is {snapshot['Status']}")
        if snapshot["DBInstanceIdentifier"] != point.store.name:
            raise DamagedError(f"snapshot {point.where} is of {snapshot['DBInstanceIdentifier']}, not of {point.store}")
        same(point, _fingerprint(snapshot))
        if (tags.get(POINT), tags.get(CHECKSUM)) != (point.id, point.checksum):
            raise DamagedError(f"snapshot {point.where} of {point.store} isn't the one that its record tells of")
        made = snapshot.get("SnapshotCreateTime")
        if made is not None and made < point.made_at - SKEW:
            raise DamagedError(f"snapshot {point.where} of {point.store} is older than its record says")

    def restore(self, point: RecoveryPoint, target: str, progress: Progress) -> int:
        """See ``Maker``. RDS restores into new instances only; deletion protection is put on."""
        rds = _rds(point.store)
        with translate_errors(f"database {target}"):
            if _instance(rds, target) is not None:
                raise ServiceError(f"database {target} exists: RDS restores a snapshot into a new instance only")
            _restore(rds, point.where, target, protected=True)
            found = postgres.read(_login(rds, point.store.model_copy(update={"name": target})), progress)
        if differs := point.differs(found):
            raise DamagedError(f"database {target} restored from {point.id}: {differs}")
        return found.items


@contextlib.contextmanager
def _about(store: LocatedStore) -> Iterator[None]:
    """Errors begin with the store, those about one of its tables too."""
    with translate_errors(str(store)):
        try:
            yield
        except ServiceError as error:
            if str(error).startswith(str(store)):
                raise
            raise type(error)(f"{store}: {error}") from error


def _rds(store: LocatedStore) -> Any:
    if store.type != INSTANCE:
        raise ServiceError(f"{store} is a cluster, which isn't copied here: aws rds create-db-cluster-snapshot")
    return client("rds", store.region)


def _instance(rds: Any, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
    except Exception as error:
        if absent(error):
            return None
        raise
    return found


def _login(rds: Any, store: LocatedStore) -> dict[str, Any]:
    """How to connect to an instance as its master user, with the secret that RDS manages."""
    instance = _instance(rds, store.name)
    if instance is None:
        raise ServiceError(f"{store} doesn't exist")
    if not instance["Engine"].startswith("postgres"):
        raise ServiceError(f"{store} runs {instance['Engine']}: only PostgreSQL is read here")
    secret = (instance.get("MasterUserSecret") or {}).get("SecretArn")
    if not secret:
        raise ServiceError(f"{store} has no password that RDS manages (ManageMasterUserPassword), so it can't be read")
    text = client("secretsmanager", store.region).get_secret_value(SecretId=secret)["SecretString"]
    known = json.loads(text)
    return {
        "host": instance["Endpoint"]["Address"],
        "port": instance["Endpoint"]["Port"],
        "user": known["username"],
        "password": known["password"],
        "dbname": instance.get("DBName") or "postgres",
    }


def _snapshot(rds: Any, order: Order, name: str) -> str:
    """Make a snapshot and wait for it; its ARN."""
    order.progress("taking a snapshot", 0, None)
    instance = _instance(rds, order.store.name) or {}
    groups = [each["VpcSecurityGroupId"] for each in instance.get("VpcSecurityGroups", ())]
    subnets = instance.get("DBSubnetGroup", {}).get("DBSubnetGroupName")
    tags = {POINT: order.id, SUBNETS: subnets, GROUPS: " ".join(groups)}
    made = rds.create_db_snapshot(
        DBInstanceIdentifier=order.store.name,
        DBSnapshotIdentifier=name,
        Tags=[{"Key": key, "Value": value} for key, value in tags.items() if value],
    )["DBSnapshot"]
    rds.get_waiter("db_snapshot_available").wait(DBSnapshotIdentifier=name, WaiterConfig=POLL)
    return str(made["DBSnapshotArn"])


def _copy(rds: Any, order: Order, snapshot: str, content: Content) -> Copy:
    """What is recorded of a snapshot, which gets the checksum of its content as a tag."""
    rds.add_tags_to_resource(ResourceName=snapshot, Tags=[{"Key": CHECKSUM, "Value": content.checksum}])
    found = rds.describe_db_snapshots(DBSnapshotIdentifier=_identifier(snapshot))["DBSnapshots"][0]
    instance = _instance(rds, order.store.name) or {}
    left = ["several zones"] if instance.get("MultiAZ") else []
    left += ["parameter group", "backup retention", "alarms", "read replicas", "the password, which is a new one"]
    return Copy(snapshot, content, f"not restored: {', '.join(left)}", _fingerprint(found))


def _fingerprint(snapshot: dict[str, Any]) -> dict[str, str]:
    words = ("DBSnapshotArn", "Engine", "AllocatedStorage", "DBInstanceIdentifier")
    created = snapshot.get("SnapshotCreateTime")
    when = {"created": created.astimezone(UTC).isoformat(timespec="seconds")} if created else {}
    return {**{word: str(snapshot.get(word)) for word in words}, **when}


def _with_grants(held: Content, other: Content) -> Content:
    """What a copy holds, with the owners and grants of another: a temporary instance's user is another role."""
    told_by = {name: value for name, value in other.aspects.items() if name.endswith(f": {schema.GRANTS}")}
    return replace(held, aspects={**held.aspects, **told_by})


def _tags(rds: Any, snapshot: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in rds.list_tags_for_resource(ResourceName=snapshot)["TagList"]}


def _read_back(rds: Any, store: LocatedStore, snapshot: str, name: str, progress: Progress) -> Content:
    with _temporary_instance(rds, snapshot, name, progress):
        return postgres.read(_login(rds, store.model_copy(update={"name": name})), progress)


@contextlib.contextmanager
def _temporary_instance(rds: Any, snapshot: str, name: str, progress: Progress) -> Iterator[None]:
    """An instance restored from a snapshot, gone afterwards; what a killed verification left is deleted first."""
    _drop(rds, name)
    try:
        progress("restoring to a temporary instance", 0, None)
        _restore(rds, snapshot, name, protected=False)
        yield
    finally:
        _drop(rds, name)


def _restore(rds: Any, snapshot: str, name: str, *, protected: bool) -> None:
    tags = _tags(rds, snapshot)
    place: dict[str, Any] = {}
    if SUBNETS in tags:
        place["DBSubnetGroupName"] = tags[SUBNETS]
    if GROUPS in tags:
        place["VpcSecurityGroupIds"] = tags[GROUPS].split()
    rds.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier=name,
        DBSnapshotIdentifier=_identifier(snapshot),
        PubliclyAccessible=False,
        MultiAZ=False,
        DeletionProtection=protected,
        ManageMasterUserPassword=True,
        **place,
    )
    rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=name, WaiterConfig=POLL)
    for _ in range(SECRET_LOOKS):
        instance = _instance(rds, name) or {}
        if (instance.get("MasterUserSecret") or {}).get("SecretStatus", "creating") != "creating":
            return
        time.sleep(SECRET_SECONDS)
    raise ServiceError(f"database {name} got no password within {SECRET_LOOKS * SECRET_SECONDS} s")


def _identifier(snapshot: str) -> str:
    """A snapshot's name from its ARN."""
    return snapshot.rpartition(":snapshot:")[2]


def _drop(rds: Any, name: str) -> None:
    instance = _instance(rds, name)
    if instance is None:
        return
    if instance["DBInstanceStatus"] != "deleting":
        if instance.get("DeletionProtection"):
            rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True)
        rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=True)
    rds.get_waiter("db_instance_deleted").wait(DBInstanceIdentifier=name, WaiterConfig=POLL)
