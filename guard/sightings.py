"""What the account itself says of each durable store: whether it is there, since when, and whether it holds anything.

The state can't tell a store from an empty one that was made anew under its name. Sources: the API references of
DynamoDB (DescribeTable: TableId, CreationDateTime, ItemCount), S3 (ListBuckets: CreationDate, which S3 also moves when
a bucket's policy changes), SQS (CreatedTimestamp), CloudWatch Logs (creationTime), RDS (DbiResourceId), Secrets Manager
(DescribeSecret), Systems Manager (GetParameter), KMS (DescribeKey), EC2 (DescribeVolumes, DescribeInstances) and EFS
(DescribeFileSystems).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from pydantic import AwareDatetime

from core.aws import client
from core.errors import absent
from core.model import Model
from guard.inventory import Guarded

ASKERS = 8
"""Stores that are asked for side by side."""


class Sighting(Model):
    """What the account said of one store."""

    there: bool
    instance: str = ""
    """What the service calls this very store, and will call no other."""
    created: AwareDatetime | None = None
    holds: int | None = None
    """How many items, where the service counts them by itself: of a bucket, 1 for any number."""

    def is_later(self, first: Sighting) -> bool:
        """Whether the store was made anew since the first sighting."""
        if self.instance and first.instance:
            return self.instance != first.instance
        return self.created is not None and first.created is not None and self.created > first.created

    def is_proved_same(self, first: Sighting) -> bool:
        """Whether it is certainly the store that was seen first."""
        known = (self.instance and first.instance) or (self.created and first.created)
        return self.there and first.there and bool(known) and not self.is_later(first)


Look = Callable[[Any, str], Sighting]


def _table(dynamodb: Any, name: str) -> Sighting:
    found = dynamodb.describe_table(TableName=name)["Table"]
    return Sighting(
        there=True,
        instance=str(found.get("TableId") or ""),
        created=found.get("CreationDateTime"),
        holds=found.get("ItemCount"),
    )


def _bucket(s3: Any, name: str) -> Sighting:
    # The listing of all buckets has the dates; HeadBucket has none.
    pages = s3.get_paginator("list_buckets").paginate(Prefix=name)
    dates = {each["Name"]: each.get("CreationDate") for page in pages for each in page["Buckets"]}
    versions = s3.list_object_versions(Bucket=name, MaxKeys=1)
    return Sighting(there=True, created=dates.get(name), holds=1 if versions.get("Versions") else 0)


def _queue(sqs: Any, name: str) -> Sighting:
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["CreatedTimestamp"])["Attributes"]
    return Sighting(there=True, created=datetime.fromtimestamp(float(found["CreatedTimestamp"]), UTC))


def _logs(logs: Any, name: str) -> Sighting:
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
    found = next((each for page in pages for each in page["logGroups"] if each["logGroupName"] == name), None)
    if found is None:
        return Sighting(there=False)
    return Sighting(there=True, created=datetime.fromtimestamp(found["creationTime"] / 1000, UTC))


def _instance(rds: Any, name: str) -> Sighting:
    found = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
    return Sighting(there=True, instance=str(found.get("DbiResourceId") or ""), created=found.get("InstanceCreateTime"))


def _cluster(rds: Any, name: str) -> Sighting:
    found = rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
    return Sighting(
        there=True, instance=str(found.get("DbClusterResourceId") or ""), created=found.get("ClusterCreateTime")
    )


def _secret(secrets: Any, name: str) -> Sighting:
    found = secrets.describe_secret(SecretId=name)
    return Sighting(there="DeletedDate" not in found, instance=str(found["ARN"]), created=found.get("CreatedDate"))


def _volume(ec2: Any, identifier: str) -> Sighting:
    found = ec2.describe_volumes(VolumeIds=[identifier])["Volumes"][0]
    there = found["State"] not in ("deleting", "deleted")
    return Sighting(there=there, instance=identifier, created=found.get("CreateTime"))


def _files(efs: Any, identifier: str) -> Sighting:
    found = efs.describe_file_systems(FileSystemId=identifier)["FileSystems"][0]
    there = found["LifeCycleState"] not in ("deleting", "deleted")
    return Sighting(there=there, instance=identifier, created=found.get("CreationTime"))


def _parameter(ssm: Any, name: str) -> Sighting:
    """Its date is that of its last change, so it tells nothing."""
    ssm.get_parameter(Name=name)
    return Sighting(there=True)


def _key(kms: Any, identifier: str) -> Sighting:
    found = kms.describe_key(KeyId=identifier)["KeyMetadata"]
    there = found["KeyState"] not in ("PendingDeletion", "PendingReplicaDeletion")
    return Sighting(there=there, instance=str(found["Arn"]), created=found.get("CreationDate"))


def _machine(ec2: Any, identifier: str) -> Sighting:
    """Its launch time is that of its last start, so it tells nothing."""
    found = ec2.describe_instances(InstanceIds=[identifier])["Reservations"][0]["Instances"][0]
    return Sighting(there=found["State"]["Name"] not in ("shutting-down", "terminated"), instance=identifier)


LOOKS: Mapping[str, tuple[str, Look]] = {
    "aws:dynamodb/table:Table": ("dynamodb", _table),
    "aws:s3/bucket:Bucket": ("s3", _bucket),
    "aws:s3/bucketV2:BucketV2": ("s3", _bucket),
    "aws:sqs/queue:Queue": ("sqs", _queue),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", _logs),
    "aws:rds/instance:Instance": ("rds", _instance),
    "aws:rds/cluster:Cluster": ("rds", _cluster),
    "aws:secretsmanager/secret:Secret": ("secretsmanager", _secret),
    "aws:ssm/parameter:Parameter": ("ssm", _parameter),
    "aws:kms/key:Key": ("kms", _key),
    "aws:ebs/volume:Volume": ("ec2", _volume),
    "aws:efs/fileSystem:FileSystem": ("efs", _files),
    "aws:ec2/instance:Instance": ("ec2", _machine),
}
"""Type -> service, and how it is asked."""
BY_ID = ("aws:kms/key:Key", "aws:ebs/volume:Volume", "aws:efs/fileSystem:FileSystem", "aws:ec2/instance:Instance")
"""Types that their service knows by an id of its own; all others are asked for by their names."""


def look(stores: Iterable[Guarded], account: str, region: str) -> tuple[dict[str, Sighting], dict[str, str]]:
    """What the account says of each store, by URN; and why one couldn't be asked for, by URN.

    ``account``, ``region``: those that the credentials lead to. A store of another account isn't asked for: a namesake
    would answer. Types that no service here tells of are left out. Never raises for what a service says.
    """
    asked = [store for store in stores if store.type in LOOKS]
    with ThreadPoolExecutor(ASKERS) as askers:
        answers = list(askers.map(lambda store: _ask(store, account, region), asked))
    pairs = list(zip(asked, answers, strict=True))
    seen = {store.urn: answer for store, answer in pairs if isinstance(answer, Sighting)}
    return seen, {store.urn: answer for store, answer in pairs if isinstance(answer, str)}


def _ask(store: Guarded, account: str, region: str) -> Sighting | str:
    theirs = store.arn.split(":")[4] if store.arn.count(":") >= 5 else ""
    if theirs.isdigit() and account and theirs != account:
        return f"{store.name} lies in account {theirs}, and the credentials in use lead to {account}"
    service, ask = LOOKS[store.type]
    own = store.place.rpartition(" ")[2] or region
    try:
        return ask(client(service, own), store.id if store.type in BY_ID else store.name)
    except Exception as error:  # whatever a client raises is an answer that this audit has to tell
        if absent(error):
            return Sighting(there=False)
        if type(error).__module__.partition(".")[0] not in ("boto3", "botocore"):
            raise
        return f"{store.name}: {' '.join(str(error).split())}"
