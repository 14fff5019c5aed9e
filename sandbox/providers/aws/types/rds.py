"""Amazon RDS: instances with their snapshots and protection, subnet groups, parameter groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.providers.aws.api import AwsError
from sandbox.providers.aws.model import Part, Props, Scope, Type, tag_part

_TAGS = tag_part(
    "list_tags_for_resource", "add_tags_to_resource", "remove_tags_from_resource", "ResourceName", at="TagList"
)

_NAMES = {
    "identifier": "DBInstanceIdentifier",
    "instanceClass": "DBInstanceClass",
    "username": "MasterUsername",
    "password": "MasterUserPassword",
    "dbSubnetGroupName": "DBSubnetGroupName",
    "parameterGroupName": "DBParameterGroupName",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "backupWindow": "PreferredBackupWindow",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "caCertIdentifier": "CACertificateIdentifier",
}


def _prepare(_scope: Scope, operation: str, props: Props) -> Props:
    if operation != "modify_db_instance":
        return props
    if "port" in props:
        props = {**props, "DBPortNumber": props["port"]}
    if "enabledCloudwatchLogsExports" in props:
        props = {
            **props,
            "CloudwatchLogsExportConfiguration": {"EnableLogTypes": props["enabledCloudwatchLogsExports"]},
        }
    return {name: value for name, value in props.items() if name not in ("port", "enabledCloudwatchLogsExports")}


def _create(scope: Scope, props: Props) -> Props:
    if props.get("snapshotIdentifier"):
        operation = "restore_db_instance_from_db_snapshot"
        snapshot = {"DBSnapshotIdentifier": props["snapshotIdentifier"]}
        parameters = INSTANCE.parameters(scope, operation, props)
        return scope.call(operation, **{**parameters, **snapshot})
    if props.get("replicateSourceDb"):
        operation = "create_db_instance_read_replica"
        parameters = INSTANCE.parameters(scope, operation, props)
        return scope.call(operation, **parameters, SourceDBInstanceIdentifier=props["replicateSourceDb"])
    return scope.call("create_db_instance", **INSTANCE.parameters(scope, "create_db_instance", props))


def _tune(_scope: Scope, found: Props, props: Props) -> Props:
    endpoint = found.get("Endpoint") or {}
    address, port = endpoint.get("Address"), endpoint.get("Port")
    secret = found.get("MasterUserSecret")
    parameter_groups = found.get("DBParameterGroups") or []
    version = str(found.get("EngineVersion") or "")
    given = str(props.get("engineVersion") or version)
    live: Props = {
        "identifier": found["DBInstanceIdentifier"],
        "arn": found["DBInstanceArn"],
        "resourceId": found.get("DbiResourceId"),
        "status": found.get("DBInstanceStatus"),
        "address": address,
        "endpoint": f"{address}:{port}" if address else None,
        "port": port,
        "hostedZoneId": endpoint.get("HostedZoneId"),
        "dbSubnetGroupName": (found.get("DBSubnetGroup") or {}).get("DBSubnetGroupName"),
        "parameterGroupName": parameter_groups[0]["DBParameterGroupName"] if parameter_groups else None,
        "vpcSecurityGroupIds": sorted(
            item["VpcSecurityGroupId"]
            for item in found.get("VpcSecurityGroups") or []
            if item.get("VpcSecurityGroupId")
        ),
        "enabledCloudwatchLogsExports": sorted(found.get("EnabledCloudwatchLogsExports") or []),
        # "15" in the program stands for whatever 15.x the account runs
        "engineVersion": given if version == given or version.startswith(f"{given}.") else version,
        "engineVersionActual": version,
        "replicas": found.get("ReadReplicaDBInstanceIdentifiers") or [],
        "masterUserSecrets": [
            {
                "secretArn": secret.get("SecretArn"),
                "secretStatus": secret.get("SecretStatus"),
                "kmsKeyId": secret.get("KmsKeyId"),
            }
        ]
        if secret
        else [],
    }
    live["manageMasterUserPassword"] = bool(secret)
    return live


def _ready(scope: Scope, props: Props) -> bool:
    found = scope.call("describe_db_instances", DBInstanceIdentifier=props["identifier"])["DBInstances"][0]
    status = str(found.get("DBInstanceStatus"))
    if status in ("failed", "incompatible-parameters", "incompatible-restore"):
        raise AwsError(f"database {props['identifier']} is {status}")
    return status in ("available", "stopped", "storage-optimization")


def _check(props: Props) -> Mapping[str, str]:
    failures: dict[str, str] = {}
    if props.get("password") and props.get("manageMasterUserPassword"):
        failures["password"] = "password and manageMasterUserPassword exclude each other"  # noqa: S105 - a message
    source = props.get("snapshotIdentifier") or props.get("replicateSourceDb") or props.get("restoreToPointInTime")
    if not source and not props.get("engine"):
        failures["engine"] = "engine is needed unless the instance comes from a snapshot or another instance"
    return failures


def _remove(scope: Scope, props: Props) -> None:
    name = props["identifier"]
    found = scope.call("describe_db_instances", DBInstanceIdentifier=name)["DBInstances"][0]
    if props.get("deletionProtection") or found.get("DeletionProtection"):
        raise AwsError(
            f"database {name} has deletion protection: set deletionProtection to false and run pulumi up before "
            "deleting it"
        )
    request: dict[str, Any] = {"DBInstanceIdentifier": name}
    if props.get("skipFinalSnapshot"):
        request["SkipFinalSnapshot"] = True
    elif props.get("finalSnapshotIdentifier"):
        request |= {"SkipFinalSnapshot": False, "FinalDBSnapshotIdentifier": props["finalSnapshotIdentifier"]}
    else:
        raise AwsError(
            f"database {name} takes a final snapshot before it is deleted and has no name for it: set "
            "finalSnapshotIdentifier (or skipFinalSnapshot) and run pulumi up before deleting it"
        )
    if props.get("deleteAutomatedBackups") is not None:
        request["DeleteAutomatedBackups"] = bool(props["deleteAutomatedBackups"])
    scope.call("delete_db_instance", **request)


INSTANCE = Type(
    "aws:rds/instance:Instance",
    "rds",
    read="describe_db_instances",
    update=("modify_db_instance",),
    inside="DBInstances.0",
    key=("identifier",),
    autoname="identifier",
    required=("instanceClass",),
    replace=(
        "availabilityZone",
        "backupTarget",
        "characterSetName",
        "customIamInstanceProfile",
        "dbName",
        "engine",
        "identifier",
        "identifierPrefix",
        "kmsKeyId",
        "ncharCharacterSetName",
        "restoreToPointInTime",
        "s3Import",
        "snapshotIdentifier",
        "storageEncrypted",
        "timezone",
        "username",
    ),
    rename=_NAMES,
    defaults={
        "applyImmediately": False,
        "autoMinorVersionUpgrade": True,
        "copyTagsToSnapshot": False,
        "deleteAutomatedBackups": True,
        "monitoringInterval": 0,
        "performanceInsightsEnabled": False,
        "publiclyAccessible": False,
        "skipFinalSnapshot": False,
    },
    unread=(
        "allowMajorVersionUpgrade",
        "applyImmediately",
        "deleteAutomatedBackups",
        "finalSnapshotIdentifier",
        "latestRestorableTime",
        "masterUserSecretKmsKeyId",
        "password",
        "skipFinalSnapshot",
        "snapshotIdentifier",
        "upgradeRolloutOrder",
    ),
    always=("applyImmediately",),
    resets={"manageMasterUserPassword": False, "deletionProtection": False, "backupRetentionPeriod": 0},
    prepare=_prepare,
    make=_create,
    identify=lambda _scope, props, _answer: str(props["identifier"]),
    tune=_tune,
    remove=_remove,
    check=_check,
    ready=_ready,
    gone=True,
    volatile=lambda changed, _props: {"masterUserSecrets"} if "manageMasterUserPassword" in changed else set(),
    parts=(_TAGS,),
    computed=(
        "allocatedStorage",
        "availabilityZone",
        "backupRetentionPeriod",
        "backupTarget",
        "backupWindow",
        "caCertIdentifier",
        "characterSetName",
        "databaseInsightsMode",
        "dbName",
        "dbSubnetGroupName",
        "engine",
        "engineLifecycleSupport",
        "engineVersion",
        "iops",
        "kmsKeyId",
        "licenseModel",
        "maintenanceWindow",
        "masterUserSecretKmsKeyId",
        "monitoringRoleArn",
        "multiAz",
        "ncharCharacterSetName",
        "networkType",
        "optionGroupName",
        "parameterGroupName",
        "performanceInsightsKmsKeyId",
        "performanceInsightsRetentionPeriod",
        "port",
        "replicaMode",
        "snapshotIdentifier",
        "storageThroughput",
        "storageType",
        "timezone",
        "username",
        "vpcSecurityGroupIds",
    ),
)


SUBNET_GROUP = Type(
    "aws:rds/subnetGroup:SubnetGroup",
    "rds",
    create="create_db_subnet_group",
    read="describe_db_subnet_groups",
    update=("modify_db_subnet_group",),
    delete="delete_db_subnet_group",
    inside="DBSubnetGroups.0",
    autoname="name",
    replace=("name", "namePrefix"),
    rename={"name": "DBSubnetGroupName", "description": "DBSubnetGroupDescription"},
    defaults={"description": "Managed by Pulumi"},
    whole=True,
    outputs={"arn": "DBSubnetGroupArn"},
    tune=lambda _scope, found, _props: {
        "subnetIds": sorted(item["SubnetIdentifier"] for item in found.get("Subnets") or [])
    },
    parts=(_TAGS,),
)


def _live_parameters(scope: Scope, name: str) -> dict[str, Props]:
    found: dict[str, Props] = {}
    marker: Props = {}
    while True:
        page = scope.call("describe_db_parameters", DBParameterGroupName=name, Source="user", **marker)
        for item in page.get("Parameters") or []:
            if item.get("ParameterValue") is not None:
                found[item["ParameterName"]] = item
        if not page.get("Marker"):
            return found
        marker = {"Marker": page["Marker"]}


def _write_parameters(scope: Scope, props: Props, old: Props) -> None:
    wanted = {item["name"]: item for item in props.get("parameters") or []}
    before = {item["name"] for item in old.get("parameters") or []}
    for operation, names in (
        ("reset_db_parameter_group", sorted(before - set(wanted))),
        ("modify_db_parameter_group", sorted(wanted)),
    ):
        entries = [
            {
                "ParameterName": name,
                "ApplyMethod": wanted.get(name, {}).get("applyMethod", "immediate"),
                **({"ParameterValue": str(wanted[name]["value"])} if name in wanted else {}),
            }
            for name in names
        ]
        for start in range(0, len(entries), 20):  # RDS takes twenty parameters a call
            scope.call(operation, DBParameterGroupName=props["name"], Parameters=entries[start : start + 20])


def _read_parameters(scope: Scope, props: Props) -> Props:
    given = {item["name"]: item for item in props.get("parameters") or []}
    found = _live_parameters(scope, props["name"])
    return {
        "parameters": [
            {
                "name": name,
                "value": item["ParameterValue"],
                "applyMethod": item.get("ApplyMethod") or given.get(name, {}).get("applyMethod") or "immediate",
            }
            for name, item in sorted(found.items())
        ]
    }


PARAMETER_GROUP = Type(
    "aws:rds/parameterGroup:ParameterGroup",
    "rds",
    create="create_db_parameter_group",
    read="describe_db_parameter_groups",
    delete="delete_db_parameter_group",
    inside="DBParameterGroups.0",
    autoname="name",
    replace=("name", "namePrefix", "family", "description"),
    rename={"name": "DBParameterGroupName", "family": "DBParameterGroupFamily"},
    defaults={"description": "Managed by Pulumi", "skipDestroy": False},
    outputs={"arn": "DBParameterGroupArn"},
    parts=(Part(("parameters",), _write_parameters, _read_parameters), _TAGS),
)

TYPES = (INSTANCE, SUBNET_GROUP, PARAMETER_GROUP)
