"""Which resource types hold data: what an update must not delete or replace without a recovery point.

A type is durable until somebody has looked at it and said that it holds nothing: the tables in ``guard/types`` have
every type of pulumi-aws and pulumi-kubernetes, a test fails for those of an SDK that moved, and what is in none of them
(another package, a dynamic resource, a custom resource of Kubernetes) is of the kind ``UNKNOWN``. Components hold
nothing themselves; whoever asks about a resource has to know that it is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from guard.types import NOTHING, Identity, classify, identities, key, rows

HOOK = "durable-store"
"""The name that the delete hook has in the state. It never changes: a program that doesn't know it can delete nothing
that bears it."""


class Kind(StrEnum):
    """What a store is, which decides how its recovery point is made and how its items are counted."""

    TABLE = "table"
    BUCKET = "bucket"
    DATABASE = "database"
    QUEUE = "queue"
    LOGS = "logs"
    VOLUME = "volume"
    NAMESPACE = "namespace"
    SECRET = "secret"  # noqa: S105 - a kind of store
    HOST = "host"
    """A machine whose disks hold databases that are no resources of their own."""
    BELT = "belt"
    """Holds nothing itself; without it a store could lose what it has (a bucket's versioning)."""
    CONTENT = "content"
    """Values that the program gives (a ConfigMap, a parameter): written again when the program has them again."""
    OBJECT = "object"
    """One item in a store (an object, an item of a table), which others may have changed since."""
    KEY = "key"
    STREAM = "stream"
    CACHE = "cache"
    INDEX = "index"
    DATASTORE = "datastore"
    """Any other service's database, table or collection."""
    REPOSITORY = "repository"
    USERS = "users"
    ZONE = "zone"
    ARCHIVE = "archive"
    """Events, findings, reports that nobody can collect a second time."""
    BACKUP = "backup"
    CATALOG = "catalog"
    DEFINITION = "definition"
    """A custom resource's definition: every object of it goes with it."""
    STACK = "stack"
    """Resources that another tool made: a CloudFormation stack, a Helm release, an account."""
    UNKNOWN = "unknown"
    """Nobody has reviewed the type."""


_BY_HAND = "then approve the delete, take it out of the state with `pulumi state delete`, and delete it by hand"
ELSEWHERE: Mapping[Kind, str] = {
    Kind.KEY: f"nothing copies a key, and without it what it encrypted is lost: find out what uses it, {_BY_HAND}",
    Kind.STREAM: f"a stream is read to its end by its consumers or archived by its service, {_BY_HAND}",
    Kind.CACHE: f"a cache is copied by its service's own backup (aws elasticache create-snapshot), {_BY_HAND}",
    Kind.INDEX: f"an index is copied by its service's own snapshot (OpenSearch: _snapshot), {_BY_HAND}",
    Kind.DATASTORE: f"it is copied by its service's own snapshot, export or AWS Backup, {_BY_HAND}",
    Kind.REPOSITORY: f"a repository is copied by its own tool (git clone --mirror, docker pull), {_BY_HAND}",
    Kind.USERS: f"users are listed, never copied with their passwords: export them, {_BY_HAND}",
    Kind.ZONE: f"a zone's records are listed (aws route53 list-resource-record-sets), {_BY_HAND}",
    Kind.ARCHIVE: f"what it collected is exported by its service, {_BY_HAND}",
    Kind.BACKUP: f"it is the copy: see that another one exists or none is needed, {_BY_HAND}",
    Kind.CATALOG: f"a catalog's entries are listed and kept (aws glue get-tables), {_BY_HAND}",
    Kind.DEFINITION: f"every object of it goes with it: kubectl get KIND -A -o yaml keeps them, {_BY_HAND}",
    Kind.STACK: f"everything that it made goes with it: copy each store in it by its own tool, {_BY_HAND}",
    Kind.UNKNOWN: f"nobody has reviewed what this type holds: copy it by its own tool, {_BY_HAND}; "
    "a row in guard/types says what the type holds",
    Kind.CONTENT: "its content is what the program gives: keep it where the program doesn't, and approve the delete",
    Kind.OBJECT: "one item: keep a copy of it, and approve the delete",
}
"""What makes a copy of a kind that has no maker in ``guard.recovery``, and what to do then."""


@dataclass(frozen=True)
class Durable:
    """One durable type."""

    kind: Kind
    name: str
    """The input (a path with dots) that is the store's physical name."""
    identity: tuple[str, ...]
    """Inputs (paths with dots) whose change makes the provider replace the store."""
    hours: int = 24
    """The oldest that a recovery point may be when the store is deleted."""
    passing: bool = False
    """Items come and go by themselves: an empty one may be deleted without a recovery point, though not unasked."""

    unlocked: Mapping[str, Any] = field(default_factory=dict)
    """Arguments (as Python spells them) that a store gets once its delete is approved: the account's own locks, open.
    An update before the delete has to bring them to the account."""

    @property
    def bound(self) -> timedelta:
        """The oldest that a recovery point may be when the store is deleted."""
        return timedelta(hours=self.hours)

    @property
    def approval_only(self) -> bool:
        """Whether a delete needs an approval and no recovery point: no protection, no retention, but the delete hook.

        Protection would refuse each change of a value that the provider makes by a replacement (a ConfigMap's data),
        and retention would leave the old object where the new one has to be made.
        """
        return self.kind in (Kind.CONTENT, Kind.OBJECT)

    @property
    def renewable(self) -> bool:
        """Whether the program may replace it unasked: what takes its place has the program's values again."""
        return self.kind is Kind.CONTENT


_HOURLY = frozenset({Kind.TABLE, Kind.DATABASE, Kind.QUEUE, Kind.VOLUME, Kind.HOST, Kind.STREAM, Kind.CACHE})
"""What changes by the second has recovery points that age in an hour."""
_PASSING = frozenset({Kind.QUEUE, Kind.LOGS, Kind.NAMESPACE})
_OBJECT = Identity("metadata.name", ("metadata.name", "metadata.namespace"))
_ANY = Identity("name", ())
_UNLOCKED: Mapping[str, Mapping[str, Any]] = {
    "aws:dynamodb/table:Table": {"deletion_protection_enabled": False},
    "aws:s3/bucket:Bucket": {"force_destroy": True},
    "aws:s3/bucketV2:BucketV2": {"force_destroy": True},
    "aws:rds/instance:Instance": {"deletion_protection": False},
    "aws:rds/cluster:Cluster": {"deletion_protection": False},
}


@cache
def durable(token: str) -> Durable | None:
    """What a resource type holds, by its token; None for one that holds nothing, or is the engine's own.

    A type that nobody has reviewed is durable, of the kind ``UNKNOWN``.
    """
    kind = classify(token)
    if kind == NOTHING:
        return None
    of = Kind.UNKNOWN if kind is None else Kind(kind)
    table, row = key(token)
    identity = identities().get(row) or (_OBJECT if table == "kubernetes" else _ANY)
    forced = () if of is Kind.CONTENT else identity.forced
    return Durable(of, identity.name, forced, 1 if of in _HOURLY else 24, of in _PASSING, _UNLOCKED.get(token, {}))


def is_durable(token: str) -> bool:
    """Whether a custom resource of this type holds data, as far as anybody knows."""
    return durable(token) is not None


class DurableTypes:
    """Every durable type as a container, for those who filter by type."""

    def __contains__(self, token: object) -> bool:
        return isinstance(token, str) and is_durable(token)


def packages(types: Iterable[str]) -> frozenset[str]:
    """The packages that have custom resources in a state, by the types of its resources.

    Every custom resource has its provider in the state. A type of a package without one is a component's.
    """
    providers = (each.removeprefix("pulumi:providers:") for each in types if each.startswith("pulumi:providers:"))
    return frozenset({"aws", "kubernetes", *providers})


def in_package(token: str, known: frozenset[str]) -> bool:
    """Whether a type is of one of the packages (``packages``)."""
    return token.partition(":")[0] in known


def aws_tokens(*kinds: Kind) -> tuple[str, ...]:
    """The tokens of pulumi-aws that are of these kinds, sorted."""
    types = sorted(type_.split("/") for type_, kind in rows("aws").items() if kind in kinds)
    return tuple(f"aws:{group}/{name[0].lower()}{name[1:]}:{name}" for group, name in types)


def look_up(inputs: Mapping[str, Any] | None, path: str) -> Any:
    """The value at a path with dots; None where there is none."""
    here: Any = inputs
    for part in path.split("."):
        if not isinstance(here, Mapping):
            return None
        here = here.get(part)
    return here


def physical_name(token: str, inputs: Mapping[str, Any] | None, identifier: str | None = None) -> str:
    """The name under which the account or cluster knows a store; its id, or ``(unnamed)``, where no input says."""
    store = durable(token)
    found = look_up(inputs, store.name) if store else None
    return str(found or identifier or "(unnamed)")
