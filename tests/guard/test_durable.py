"""What is durable: everything that nobody has reviewed as holding nothing, each with its kind and its name."""

from __future__ import annotations

import pytest

from guard.durable import (
    ELSEWHERE,
    DurableTypes,
    Kind,
    durable,
    in_package,
    is_durable,
    look_up,
    packages,
    physical_name,
)
from guard.recovery import judgement
from guard.recovery.makers import MAKERS
from stacks.releases import versions
from tests.components.mocked import run_program
from tests.support.versions import newest_always

OWN = "rollback:"
"""Components hold nothing themselves."""


@pytest.mark.parametrize(
    "stack", [pytest.param("dev", marks=pytest.mark.long), pytest.param("staging", marks=pytest.mark.long), "prod"]
)
@pytest.mark.parametrize("version", newest_always(versions()))
def test_every_type_that_the_program_creates_is_reviewed(stack: str, version: str) -> None:
    created = {each.typ for each in run_program(stack, rollback_stack__version=version).resources.values()}
    holds = {token: durable(token) for token in created if not token.startswith(OWN)}
    assert {token for token, of in holds.items() if of is not None and of.kind is Kind.UNKNOWN} == set()
    assert {of.kind for of in holds.values() if of is not None} >= {Kind.TABLE, Kind.BUCKET, Kind.CONTENT}


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("aws:kms/key:Key", Kind.KEY),
        ("aws:kms/replicaKey:ReplicaKey", Kind.KEY),
        ("aws:kms/externalKey:ExternalKey", Kind.KEY),
        ("aws:kms/replicaExternalKey:ReplicaExternalKey", Kind.KEY),
        ("aws:ssm/parameter:Parameter", Kind.CONTENT),
        ("aws:secretsmanager/secretVersion:SecretVersion", Kind.CONTENT),
        ("aws:s3/bucketObject:BucketObject", Kind.OBJECT),
        ("aws:s3/bucketObjectv2:BucketObjectv2", Kind.OBJECT),
        ("aws:s3/objectCopy:ObjectCopy", Kind.OBJECT),
        ("aws:s3/bucketVersioningV2:BucketVersioningV2", Kind.BELT),
        ("aws:s3/directoryBucket:DirectoryBucket", Kind.DATASTORE),
        ("aws:s3/vectorsIndex:VectorsIndex", Kind.INDEX),
        ("aws:s3tables/table:Table", Kind.DATASTORE),
        ("aws:s3control/bucket:Bucket", Kind.DATASTORE),
        ("aws:dynamodb/globalTable:GlobalTable", Kind.DATASTORE),
        ("aws:dynamodb/tableReplica:TableReplica", Kind.DATASTORE),
        ("aws:dynamodb/tableItem:TableItem", Kind.OBJECT),
        ("aws:cognito/userPool:UserPool", Kind.USERS),
        ("aws:cognito/user:User", Kind.USERS),
        ("aws:opensearch/domain:Domain", Kind.INDEX),
        ("aws:opensearch/serverlessCollection:ServerlessCollection", Kind.INDEX),
        ("aws:elasticache/cluster:Cluster", Kind.CACHE),
        ("aws:memorydb/cluster:Cluster", Kind.DATASTORE),
        ("aws:kinesis/stream:Stream", Kind.STREAM),
        ("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", Kind.STREAM),
        ("aws:ecr/repository:Repository", Kind.REPOSITORY),
        ("aws:codecommit/repository:Repository", Kind.REPOSITORY),
        ("aws:codeartifact/repository:Repository", Kind.REPOSITORY),
        ("aws:backup/vault:Vault", Kind.BACKUP),
        ("aws:docdb/cluster:Cluster", Kind.DATASTORE),
        ("aws:neptune/cluster:Cluster", Kind.DATASTORE),
        ("aws:redshift/cluster:Cluster", Kind.DATASTORE),
        ("aws:rds/globalCluster:GlobalCluster", Kind.DATASTORE),
        ("aws:rds/snapshot:Snapshot", Kind.BACKUP),
        ("aws:rds/clusterSnapshot:ClusterSnapshot", Kind.BACKUP),
        ("aws:fsx/lustreFileSystem:LustreFileSystem", Kind.VOLUME),
        ("aws:efs/fileSystem:FileSystem", Kind.VOLUME),
        ("aws:route53/zone:Zone", Kind.ZONE),
        ("aws:route53/record:Record", Kind.CONTENT),
        ("aws:timestreamwrite/table:Table", Kind.DATASTORE),
        ("aws:keyspaces/table:Table", Kind.DATASTORE),
        ("aws:dsql/cluster:Cluster", Kind.DATASTORE),
        ("aws:dax/cluster:Cluster", Kind.CACHE),
        ("aws:ebs/snapshot:Snapshot", Kind.BACKUP),
        ("aws:ec2/ami:Ami", Kind.BACKUP),
        ("aws:ec2/spotInstanceRequest:SpotInstanceRequest", Kind.HOST),
        ("aws:lightsail/database:Database", Kind.DATASTORE),
        ("aws:mq/broker:Broker", Kind.STREAM),
        ("aws:msk/cluster:Cluster", Kind.STREAM),
        ("aws:glue/catalogTable:CatalogTable", Kind.CATALOG),
        ("aws:athena/database:Database", Kind.CATALOG),
        ("aws:cloudtrail/eventDataStore:EventDataStore", Kind.ARCHIVE),
        ("aws:cloudwatch/eventArchive:EventArchive", Kind.ARCHIVE),
        ("aws:cloudwatch/logStream:LogStream", Kind.ARCHIVE),
        ("aws:storagegateway/cachesIscsiVolume:CachesIscsiVolume", Kind.VOLUME),
        ("aws:workspaces/workspace:Workspace", Kind.HOST),
        ("aws:directoryservice/directory:Directory", Kind.USERS),
        ("aws:sagemaker/featureGroup:FeatureGroup", Kind.DATASTORE),
        ("aws:sagemaker/notebookInstance:NotebookInstance", Kind.VOLUME),
        ("aws:amp/workspace:Workspace", Kind.DATASTORE),
        ("aws:grafana/workspace:Workspace", Kind.DATASTORE),
        ("aws:kendra/index:Index", Kind.INDEX),
        ("aws:location/tracker:Tracker", Kind.DATASTORE),
        ("aws:transfer/user:User", Kind.USERS),
        ("aws:cloudformation/stack:Stack", Kind.STACK),
        ("aws:cloudcontrol/resource:Resource", Kind.STACK),
        ("kubernetes:core/v1:PersistentVolumeClaim", Kind.VOLUME),
        ("kubernetes:core/v1:PersistentVolumeClaimList", Kind.VOLUME),
        ("kubernetes:apps/v1beta2:StatefulSet", Kind.VOLUME),
        ("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", Kind.DEFINITION),
        ("kubernetes:core/v1:Namespace", Kind.NAMESPACE),
        ("kubernetes:core/v1:Secret", Kind.CONTENT),
        ("kubernetes:core/v1:ConfigMap", Kind.CONTENT),
        ("kubernetes:core/v1:ConfigMapPatch", Kind.CONTENT),
        ("kubernetes:snapshot.storage.k8s.io/v1:VolumeSnapshot", Kind.BACKUP),
        ("kubernetes:helm.sh/v3:Release", Kind.STACK),
        ("kubernetes:example.com/v1:Ledger", Kind.UNKNOWN),
        ("kubernetes:networking.istio.io/v1:Unheard", Kind.UNKNOWN),
        ("aws:newservice/store:Store", Kind.UNKNOWN),
        ("aws:dynamodb/unheard:Unheard", Kind.UNKNOWN),
        ("pulumi-python:dynamic:Resource", Kind.UNKNOWN),
        ("pulumi-python:dynamic/vault:Entry", Kind.UNKNOWN),
        ("pulumi:pulumi:Stash", Kind.UNKNOWN),
        ("command:local:Command", Kind.UNKNOWN),
        ("docker:index/volume:Volume", Kind.UNKNOWN),
        ("random:index/randomPassword:RandomPassword", Kind.OBJECT),
        ("tls:index/privateKey:PrivateKey", Kind.KEY),
        ("malformed", Kind.UNKNOWN),
    ],
)
def test_what_holds_data_is_durable(token: str, kind: Kind) -> None:
    holds = durable(token)
    assert holds is not None
    assert holds.kind is kind
    assert token in DurableTypes()


@pytest.mark.parametrize(
    "token",
    [
        "aws:lambda/function:Function",
        "aws:iam/role:Role",
        "aws:sns/topic:Topic",
        "aws:ec2/vpc:Vpc",
        "kubernetes:apps/v1:Deployment",
        "kubernetes:core/v1:NamespacePatch",
        "kubernetes:core/v1:ServiceList",
        "kubernetes:networking.istio.io/v1:VirtualService",
        "kubernetes:helm.sh/v3:Chart",
        "kubernetes:yaml:ConfigFile",
        "pulumi:providers:anything",
        "pulumi:pulumi:Stack",
        "pulumi:pulumi:StackReference",
    ],
)
def test_what_was_reviewed_and_holds_nothing_is_not(token: str) -> None:
    assert durable(token) is None
    assert not is_durable(token)


def test_a_kind_without_a_maker_says_what_copies_it() -> None:
    assert set(Kind) == {*MAKERS, *judgement.ELSEWHERE}
    assert not MAKERS.keys() & ELSEWHERE.keys()
    manual = [ELSEWHERE[kind] for kind in ELSEWHERE if kind not in (Kind.CONTENT, Kind.OBJECT)]
    assert all("pulumi state delete" in text for text in manual)


def test_what_the_program_gives_goes_with_an_approval_alone_and_is_replaced_without() -> None:
    content, item, table = (
        durable(token)
        for token in (
            "kubernetes:core/v1:Secret",
            "aws:s3/bucketObjectv2:BucketObjectv2",
            "aws:dynamodb/table:Table",
        )
    )
    assert content is not None
    assert item is not None
    assert table is not None
    assert [each.approval_only for each in (content, item, table)] == [True, True, False]
    assert [each.renewable for each in (content, item, table)] == [True, False, False]


@pytest.mark.parametrize(
    ("token", "forced"),
    [
        ("aws:rds/instance:Instance", {"snapshotIdentifier", "restoreToPointInTime", "s3Import", "engine", "kmsKeyId"}),
        ("aws:rds/cluster:Cluster", {"snapshotIdentifier", "restoreToPointInTime", "engineMode", "dbSubnetGroupName"}),
        ("aws:dynamodb/table:Table", {"localSecondaryIndexes", "importTable", "restoreSourceName", "rangeKey"}),
        ("aws:kms/key:Key", {"keyUsage", "multiRegion"}),
        ("aws:docdb/cluster:Cluster", {"snapshotIdentifier", "storageEncrypted"}),
        ("kubernetes:apps/v1:StatefulSet", {"spec.volumeClaimTemplates", "spec.selector", "metadata.namespace"}),
        ("kubernetes:core/v1:PersistentVolumeClaim", {"spec.accessModes", "spec.volumeName", "metadata.namespace"}),
        ("kubernetes:example.com/v1:Ledger", {"metadata.name", "metadata.namespace"}),
    ],
)
def test_what_forces_a_replacement_is_known(token: str, forced: set[str]) -> None:
    holds = durable(token)
    assert holds is not None
    assert forced <= set(holds.identity)


def test_what_the_provider_changes_in_place_forces_none() -> None:
    instance = durable("aws:rds/instance:Instance")
    assert instance is not None
    assert not {"identifier", "dbSubnetGroupName", "tags", "replicateSourceDb"} & set(instance.identity)


def test_a_package_without_a_provider_has_components_alone() -> None:
    known = packages(["pulumi:providers:pulumi-python", "pulumi:pulumi:Stack", "rollback:systems:RagApi"])
    assert in_package("pulumi-python:dynamic:Resource", known)
    assert in_package("aws:kms/key:Key", known)
    assert not in_package("rollback:systems:RagApi", known)


@pytest.mark.parametrize(
    ("inputs", "path", "found"),
    [
        ({"name": "a"}, "name", "a"),
        ({"metadata": {"name": "b"}}, "metadata.name", "b"),
        ({"metadata": "c"}, "metadata.name", None),
        ({}, "name", None),
        (None, "name", None),
    ],
)
def test_a_value_is_found_at_its_path(inputs: dict[str, object] | None, path: str, found: object) -> None:
    assert look_up(inputs, path) == found


def test_a_store_without_a_name_is_known_by_its_id() -> None:
    token = "aws:dynamodb/table:Table"
    assert physical_name(token, {"name": "receipts"}) == "receipts"
    assert physical_name(token, {}, "receipts-1a2b") == "receipts-1a2b"
    assert physical_name(token, None) == "(unnamed)"
    assert physical_name("aws:kms/key:Key", {"description": "orders"}, "1234-abcd") == "1234-abcd"
