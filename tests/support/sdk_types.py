"""What the installed SDKs say about their resource types: every token, and what makes the provider replace one.

The wheels ship no schema, so it is read from their sources: each class names its token, its arguments and their
descriptions. A bridged SDK's descriptions name few of the properties that force a replacement, so CloudFormation's
schemas, which cfn-lint ships, are asked as well (``createOnlyProperties``: the service has no call to change those),
and ``REVIEWED`` has what was read in the providers' own documentation.

    python -m tests.support.sdk_types       # writes guard/types/identity.txt
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path

from guard.types import FOLDER, NOTHING, key, rows
from sandbox.providers.aws.docstrings import FORCES, ONLY_SOMETIMES

IDENTITY = FOLDER / "identity.txt"
TOKEN = re.compile(r"super\([^()]*\)\.__init__\(\s*['\"]([\w.-]+:[\w./-]*:\w+)['\"]")
GETTER = re.compile(r'@pulumi\.getter(?:\(name="(\w+)"\))?\s+(?:@[^\n]*\n\s+)*def (\w+)\(')
ARGUMENT = re.compile(r":param pulumi\.Input\[.*?\] (\w+): (.*?)(?=\n\s+:param |\n\s+\"\"\")", re.DOTALL)
SENTENCE = re.compile(r"(?<=[.])\s")

CLOUDFORMATION = {
    "amp": "aps",
    "cloudwatch": "logs",
    "docdb": "docdb",
    "keyspaces": "cassandra",
    "mq": "amazonmq",
    "opensearch": "opensearchservice",
    "timestreamwrite": "timestream",
    "ebs": "ec2",
}
"""Services that CloudFormation calls by another name."""
RENAMED = {"MasterUsername": "username", "DBClusterIdentifier": "clusterIdentifier", "BucketName": "bucket"}
"""Properties that CloudFormation calls by another name, beside those that begin with the type's own."""

NAMES = {
    "amp/Workspace": "alias",
    "codeartifact/Domain": "domain",
    "codeartifact/Repository": "repository",
    "codecommit/Repository": "repositoryName",
    "cognito/IdentityPool": "identityPoolName",
    "cognito/User": "username",
    "connect/Instance": "instanceAlias",
    "dms/ReplicationTask": "replicationTaskId",
    "ebs/Volume": "tags.Name",
    "ec2/Instance": "tags.Name",
    "efs/FileSystem": "creationToken",
    "kms/CustomKeyStore": "customKeyStoreName",
    "location/GeofenceCollection": "collectionName",
    "memorydb/User": "userName",
    "msk/ServerlessCluster": "clusterName",
    "mwaa/Environment": "name",
    "neptune/Cluster": "clusterIdentifier",
    "rds/ClusterSnapshot": "dbClusterSnapshotIdentifier",
    "docdb/ClusterSnapshot": "dbClusterSnapshotIdentifier",
    "neptune/ClusterSnapshot": "dbClusterSnapshotIdentifier",
    "rds/Instance": "identifier",
    "rds/ShardGroup": "dbShardGroupIdentifier",
    "rds/Snapshot": "dbSnapshotIdentifier",
    "redshift/ClusterSnapshot": "snapshotIdentifier",
    "redshiftserverless/Namespace": "namespaceName",
    "s3/BucketObject": "key",
    "s3/BucketObjectv2": "key",
    "s3/BucketV2": "bucket",
    "s3/BucketVersioning": "bucket",
    "s3/BucketVersioningV2": "bucket",
    "s3/DirectoryBucket": "bucket",
    "s3/ObjectCopy": "key",
    "s3/VectorsIndex": "indexName",
    "s3/VectorsVectorBucket": "vectorBucketName",
    "s3control/Bucket": "bucket",
    "s3tables/Namespace": "namespace",
    "sagemaker/MlflowTrackingServer": "trackingServerName",
    "transcribe/LanguageModel": "modelName",
    "transfer/User": "userName",
}
"""The input that is a store's physical name, where it isn't called as the type is."""

_OBJECT = "bucket key"
REVIEWED = {
    "cloudwatch/LogGroup": "name namePrefix logGroupClass",
    "cloudwatch/LogStream": "name logGroupName",
    "cognito/UserPool": "aliasAttributes usernameAttributes usernameConfiguration",
    "dynamodb/Table": "name hashKey rangeKey localSecondaryIndexes importTable restoreDateTime restoreSourceName "
    "restoreSourceTableArn restoreToLatestTime",
    "dynamodb/TableItem": "tableName hashKey rangeKey",
    "ebs/Volume": "availabilityZone snapshotId encrypted kmsKeyId outpostArn multiAttachEnabled",
    "ec2/Instance": "ami availabilityZone subnetId keyName privateIp hibernation placementGroup",
    "ecr/Repository": "name encryptionConfigurations",
    "efs/FileSystem": "creationToken encrypted kmsKeyId availabilityZoneName performanceMode",
    "kinesis/Stream": "name",
    "kms/Key": "customKeyStoreId customerMasterKeySpec keyUsage multiRegion xksKeyId",
    "rds/Cluster": "clusterIdentifier clusterIdentifierPrefix engine engineMode databaseName masterUsername "
    "storageEncrypted kmsKeyId snapshotIdentifier restoreToPointInTime s3Import",
    "rds/Instance": "identifierPrefix engine dbName username storageEncrypted kmsKeyId characterSetName "
    "availabilityZone snapshotIdentifier restoreToPointInTime s3Import",
    "route53/Record": "name type zoneId setIdentifier",
    "route53/Zone": "name delegationSetId",
    "s3/Bucket": "bucket bucketPrefix objectLockEnabled",
    "s3/BucketObject": _OBJECT,
    "s3/BucketObjectv2": _OBJECT,
    "s3/BucketV2": "bucket bucketPrefix objectLockEnabled",
    "s3/BucketVersioning": "bucket expectedBucketOwner",
    "s3/BucketVersioningV2": "bucket expectedBucketOwner",
    "s3/DirectoryBucket": "bucket location",
    "s3/ObjectCopy": _OBJECT,
    "secretsmanager/Secret": "name namePrefix",
    "secretsmanager/SecretVersion": "secretId",
    "sqs/Queue": "name namePrefix fifoQueue",
}
"""Properties that force a replacement, by the provider's own schema, where neither source names them all."""
IN_PLACE = {
    "elasticache/Cluster": {"nodeType"},
    "rds/Cluster": {"storageType"},
    "rds/Instance": {"dbSubnetGroupName"},
    "ssm/Parameter": {"tier"},
}
"""Properties that a source names and the provider changes in place, at least as a rule."""

_PLACE = "metadata.name metadata.namespace"
_SELECTOR = "spec.selector"
_SOURCES = (
    "awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk glusterfs "
    "hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume"
)
KUBERNETES = {
    "apiextensions.k8s.io/CustomResourceDefinition": "metadata.name",
    "apps/StatefulSet": f"{_PLACE} spec.podManagementPolicy spec.revisionHistoryLimit {_SELECTOR} spec.serviceName "
    "spec.volumeClaimTemplates",
    "core/ConfigMap": _PLACE,
    "core/Namespace": "metadata.name",
    "core/PersistentVolume": " ".join(["metadata.name", *(f"spec.{each}" for each in _SOURCES.split())]),
    "core/PersistentVolumeClaim": f"{_PLACE} spec.accessModes {_SELECTOR} spec.storageClassName spec.volumeName",
    "core/Secret": f"{_PLACE} type",
    "helm.sh/Release": "name namespace",
}
"""What pulumi-kubernetes replaces an object for (its provider's list of immutable fields): it is in no schema."""


def tokens(package: str) -> set[str]:
    """Every resource type of an installed SDK (``pulumi_aws``), providers left out."""
    return {token for text in _sources(package) for token in TOKEN.findall(text)}


def identity() -> str:
    """The content of ``identity.txt``: type, path of the physical name, and what forces a replacement."""
    lines = [
        "# Written by `python -m tests.support.sdk_types` from the installed SDK; a test compares.",
        "# type  input that is the physical name  inputs whose change makes the provider replace the resource",
    ]
    folder = _folder("pulumi_aws")
    modules = {key(token)[1]: path for path in _files(folder) for token in TOKEN.findall(path.read_text())}
    for type_, kind in sorted(rows("aws").items()):
        if kind != NOTHING:
            lines.append(_line(type_, modules[type_].read_text()))
    lines += [f"{type_} {forced.split()[0]} {forced}" for type_, forced in sorted(KUBERNETES.items())]
    return "\n".join(lines) + "\n"


def _line(type_: str, source: str) -> str:
    name = type_.partition("/")[2]
    start = re.search(rf"^class {name}(?:Init)?Args:$", source, re.MULTILINE)
    assert start is not None, type_
    body = source[start.end() :].partition("\nclass ")[0]
    inputs = {python: plain or python for plain, python in GETTER.findall(body)}
    forced = [*REVIEWED.get(type_, "").split(), *_described(body, inputs), *create_only(type_, set(inputs.values()))]
    known = [each for each in dict.fromkeys(forced) if each not in IN_PLACE.get(type_, ()) and each != "tags"]
    assert set(known) <= set(inputs.values()), (type_, set(known) - set(inputs.values()))
    return " ".join([type_, _name(type_, set(inputs.values())), *known])


def _name(type_: str, inputs: set[str]) -> str:
    name = type_.partition("/")[2]
    lower = name[0].lower() + name[1:]
    candidates = (
        "name",
        f"{lower}Name",
        f"{lower}Identifier",
        f"{lower}Id",
        *(("bucket",) if name == "Bucket" else ()),
    )
    found = NAMES.get(type_) or next((each for each in candidates if each in inputs), "id")
    assert found.partition(".")[0] in {*inputs, "id"}, (type_, found)
    return found


def _described(body: str, inputs: Mapping[str, str]) -> Iterator[str]:
    for name, text in ARGUMENT.findall(body):
        for sentence in SENTENCE.split(text):
            if FORCES.search(sentence) and not ONLY_SOMETIMES.search(sentence):
                yield inputs[name]
                break


def create_only(type_: str, inputs: set[str]) -> Iterator[str]:
    """The inputs of a type as ``rds/Instance`` that no call changes, by CloudFormation's schema; none without one."""
    service, _, name = type_.partition("/")
    provider = _cloudformation("providers/us-east-1.json")
    lower = {each.lower(): each for each in provider}
    of = {CLOUDFORMATION.get(service, service), service, "events" if service == "cloudwatch" else service}
    spelled = (f"aws::{each}::{prefix}{name}".lower() for each in sorted(of) for prefix in ("", "db"))
    found = next((lower[each] for each in spelled if each in lower), None)
    if found is None:
        return
    by_lower = {each.lower(): each for each in inputs}
    for path in sorted(_cloudformation(f"resources/{provider[found]}.json").get("createOnlyProperties", ())):
        named = path.split("/")
        if len(named) != 3:
            continue
        own = named[2].removeprefix("DB").lower()
        for each in (
            named[2].lower(),
            RENAMED.get(named[2], "").lower(),
            "name" if own == f"{name}name".lower() else "",
        ):
            if each in by_lower:
                yield by_lower[each]
                break


def _cloudformation(path: str) -> dict[str, list[str]]:
    content: dict[str, list[str]] = json.loads((resources.files("cfnlint") / "data" / "schemas" / path).read_text())
    return content


def _sources(package: str) -> Iterator[str]:
    return (path.read_text() for path in _files(_folder(package)))


def _files(folder: Path) -> Iterator[Path]:
    return (
        path for path in folder.rglob("*.py") if not path.name.startswith(("get_", "_")) and path.name != "outputs.py"
    )


def _folder(package: str) -> Path:
    """Where a package lies, without importing it: that takes seconds."""
    from importlib.util import find_spec

    spec = find_spec(package)
    assert spec is not None, package
    assert spec.submodule_search_locations, package
    return Path(next(iter(spec.submodule_search_locations)))


if __name__ == "__main__":
    IDENTITY.write_text(identity())
