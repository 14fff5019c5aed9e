"""Amazon DynamoDB tables: keys, indexes, stream, capacity, and the settings with calls of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.providers.aws.model import Part, Props, Scope, Type, tag_part


def _key_schema(item: Mapping[str, Any]) -> list[dict[str, str]]:
    """The keys of a table or index, partition keys first as DynamoDB wants them; an index has one form or the other."""
    if item.get("keySchemas"):
        keys = [{"AttributeName": key["attributeName"], "KeyType": key["keyType"]} for key in item["keySchemas"]]
        return sorted(keys, key=lambda key: key["KeyType"] != "HASH")
    pairs = ((item.get("hashKey"), "HASH"), (item.get("rangeKey"), "RANGE"))
    return [{"AttributeName": name, "KeyType": kind} for name, kind in pairs if name]


def _capacity(item: Mapping[str, Any]) -> dict[str, int]:
    return {
        "ReadCapacityUnits": int(item.get("readCapacity") or 1),
        "WriteCapacityUnits": int(item.get("writeCapacity") or 1),
    }


def _index(item: Mapping[str, Any], provisioned: bool) -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": item["projectionType"]}
    if item.get("nonKeyAttributes"):
        projection["NonKeyAttributes"] = item["nonKeyAttributes"]
    index = {"IndexName": item["name"], "KeySchema": _key_schema(item), "Projection": projection}
    return {**index, "ProvisionedThroughput": _capacity(item)} if provisioned else index


def _stream(props: Props) -> dict[str, Any]:
    if not props.get("streamEnabled"):
        return {"StreamEnabled": False}
    return {"StreamEnabled": True, "StreamViewType": props.get("streamViewType", "NEW_AND_OLD_IMAGES")}


def _attributes(props: Props) -> list[dict[str, str]]:
    return [{"AttributeName": item["name"], "AttributeType": item["type"]} for item in props.get("attributes") or []]


def _encryption(block: Mapping[str, Any] | None) -> dict[str, Any]:
    block = block or {}
    key = {"SSEType": "KMS", "KMSMasterKeyId": block["kmsKeyArn"]} if block.get("kmsKeyArn") else {}
    return {"Enabled": bool(block.get("enabled")), **key}


def _create(scope: Scope, props: Props) -> Props:
    provisioned = props.get("billingMode", "PROVISIONED") == "PROVISIONED"
    request: dict[str, Any] = {
        "TableName": props["name"],
        "AttributeDefinitions": _attributes(props),
        "KeySchema": _key_schema(props),
        "BillingMode": props.get("billingMode", "PROVISIONED"),
        "DeletionProtectionEnabled": bool(props.get("deletionProtectionEnabled")),
        "Tags": [{"Key": key, "Value": value} for key, value in sorted((props.get("tags") or {}).items())],
    }
    if provisioned:
        request["ProvisionedThroughput"] = _capacity(props)
    if props.get("globalSecondaryIndexes"):
        request["GlobalSecondaryIndexes"] = [_index(item, provisioned) for item in props["globalSecondaryIndexes"]]
    if props.get("localSecondaryIndexes"):
        local = [{**item, "hashKey": props["hashKey"]} for item in props["localSecondaryIndexes"]]
        request["LocalSecondaryIndexes"] = [_index(item, False) for item in local]
    if props.get("streamEnabled"):
        request["StreamSpecification"] = _stream(props)
    if props.get("tableClass"):
        request["TableClass"] = props["tableClass"]
    if props.get("serverSideEncryption"):
        request["SSESpecification"] = _encryption(props["serverSideEncryption"])
    return scope.call("create_table", **request)


def _keys(found: Mapping[str, Any]) -> Props:
    names = {item["KeyType"]: item["AttributeName"] for item in found.get("KeySchema") or []}
    return {"hashKey": names.get("HASH"), "rangeKey": names.get("RANGE")}


def _live_index(found: Mapping[str, Any], provisioned: bool, by_schemas: bool = False) -> Props:
    """An index as it is; its keys as `keySchemas` where the program gives them so, or where no other form has room."""
    if by_schemas or len(found["KeySchema"]) > len({key["KeyType"] for key in found["KeySchema"]}):
        keys = [{"attributeName": key["AttributeName"], "keyType": key["KeyType"]} for key in found["KeySchema"]]
        index: Props = {"keySchemas": keys}
    else:
        index = {key: value for key, value in _keys(found).items() if value}
    index["name"] = found["IndexName"]
    index["projectionType"] = found["Projection"].get("ProjectionType")
    if found["Projection"].get("NonKeyAttributes"):
        index["nonKeyAttributes"] = sorted(found["Projection"]["NonKeyAttributes"])
    if provisioned:
        throughput = found.get("ProvisionedThroughput") or {}
        index["readCapacity"] = throughput.get("ReadCapacityUnits", 0)
        index["writeCapacity"] = throughput.get("WriteCapacityUnits", 0)
    return index


def _look(scope: Scope, props: Props) -> Props:
    found = scope.call("describe_table", TableName=props["name"])["Table"]
    mode = (found.get("BillingModeSummary") or {}).get("BillingMode") or "PROVISIONED"
    provisioned = mode == "PROVISIONED"
    throughput = found.get("ProvisionedThroughput") or {}
    stream = found.get("StreamSpecification") or {}
    enabled = bool(stream.get("StreamEnabled"))
    encryption = found.get("SSEDescription") or {}
    local = [_live_index(item, False) for item in found.get("LocalSecondaryIndexes") or []]
    by_schemas = {item["name"] for item in props.get("globalSecondaryIndexes") or [] if item.get("keySchemas")}
    return {
        "name": found["TableName"],
        **_keys(found),
        "attributes": [
            {"name": item["AttributeName"], "type": item["AttributeType"]}
            for item in sorted(found["AttributeDefinitions"], key=lambda item: str(item["AttributeName"]))
        ],
        "billingMode": mode,
        "readCapacity": throughput.get("ReadCapacityUnits", 0) if provisioned else None,
        "writeCapacity": throughput.get("WriteCapacityUnits", 0) if provisioned else None,
        "globalSecondaryIndexes": sorted(
            (
                _live_index(item, provisioned, item["IndexName"] in by_schemas)
                for item in found.get("GlobalSecondaryIndexes") or []
            ),
            key=lambda item: str(item["name"]),
        ),
        "localSecondaryIndexes": [
            {key: value for key, value in item.items() if key != "hashKey"}
            for item in sorted(local, key=lambda item: str(item["name"]))
        ],
        "streamEnabled": enabled,
        "streamViewType": stream.get("StreamViewType") if enabled else None,
        "streamArn": (found.get("LatestStreamArn") or "") if enabled else "",
        "streamLabel": (found.get("LatestStreamLabel") or "") if enabled else "",
        "deletionProtectionEnabled": bool(found.get("DeletionProtectionEnabled")),
        "tableClass": (found.get("TableClassSummary") or {}).get("TableClass"),
        "serverSideEncryption": _live_encryption(encryption),
        "arn": found["TableArn"],
    }


def _live_encryption(found: Mapping[str, Any]) -> Props | None:
    if found.get("Status") not in ("ENABLED", "ENABLING"):
        return None
    key = found.get("KMSMasterKeyArn")
    return {"enabled": True, **({"kmsKeyArn": key} if key else {})}


def _ready(scope: Scope, props: Props) -> bool:
    found = scope.call("describe_table", TableName=props["name"])["Table"]
    states = [found.get("TableStatus")] + [
        item.get("IndexStatus") for item in found.get("GlobalSecondaryIndexes") or []
    ]
    return all(state in ("ACTIVE", None) for state in states)


def _change(scope: Scope, props: Props, old: Props, changed: set[str]) -> None:
    """DynamoDB takes one kind of change at a time; each waits until the table is active again."""

    def update(**request: Any) -> None:
        scope.call("update_table", TableName=props["name"], **request)
        scope.wait(lambda: _ready(scope, props), f"updating table {props['name']}")

    if "deletionProtectionEnabled" in changed:
        update(DeletionProtectionEnabled=bool(props.get("deletionProtectionEnabled")))
    mode = props.get("billingMode", "PROVISIONED")
    if changed & {"billingMode", "readCapacity", "writeCapacity"}:
        if mode == "PROVISIONED":
            update(BillingMode=mode, ProvisionedThroughput=_capacity(props))
        elif "billingMode" in changed:
            update(BillingMode=mode)
    if changed & {"streamEnabled", "streamViewType"}:
        if old.get("streamEnabled") and props.get("streamEnabled"):
            update(StreamSpecification={"StreamEnabled": False})  # the view of a running stream can't be changed
        if old.get("streamEnabled") or props.get("streamEnabled"):
            update(StreamSpecification=_stream(props))
    if "globalSecondaryIndexes" in changed:
        _change_indexes(props, old, mode == "PROVISIONED", update)
    if "tableClass" in changed:
        update(TableClass=props.get("tableClass", "STANDARD"))
    if "serverSideEncryption" in changed:
        update(SSESpecification=_encryption(props.get("serverSideEncryption")))


def _change_indexes(props: Props, old: Props, provisioned: bool, update: Any) -> None:
    before = {item["name"]: _index(item, provisioned) for item in old.get("globalSecondaryIndexes") or []}
    after = {item["name"]: _index(item, provisioned) for item in props.get("globalSecondaryIndexes") or []}

    def fixed(index: Mapping[str, Any]) -> Any:
        return {key: value for key, value in index.items() if key != "ProvisionedThroughput"}

    stale = [name for name in before if name not in after or fixed(before[name]) != fixed(after[name])]
    for name in stale:
        update(GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": name}}])
    for name, index in after.items():
        if name not in before or name in stale:
            update(AttributeDefinitions=_attributes(props), GlobalSecondaryIndexUpdates=[{"Create": index}])
        elif provisioned and before[name] != index:
            throughput = {"IndexName": name, "ProvisionedThroughput": index["ProvisionedThroughput"]}
            update(GlobalSecondaryIndexUpdates=[{"Update": throughput}])


def _write_recovery(scope: Scope, props: Props, _old: Props) -> None:
    block = props.get("pointInTimeRecovery") or {}
    setting: dict[str, Any] = {"PointInTimeRecoveryEnabled": bool(block.get("enabled"))}
    if block.get("enabled") and block.get("recoveryPeriodInDays"):
        setting["RecoveryPeriodInDays"] = int(block["recoveryPeriodInDays"])
    scope.call("update_continuous_backups", TableName=props["name"], PointInTimeRecoverySpecification=setting)


def _read_recovery(scope: Scope, props: Props) -> Props:
    found = scope.call("describe_continuous_backups", TableName=props["name"])["ContinuousBackupsDescription"]
    status = found.get("PointInTimeRecoveryDescription") or {}
    enabled = status.get("PointInTimeRecoveryStatus") == "ENABLED"
    days = status.get("RecoveryPeriodInDays") if enabled else None
    return {"pointInTimeRecovery": {"enabled": enabled, **({"recoveryPeriodInDays": days} if days else {})}}


def _write_expiry(scope: Scope, props: Props, old: Props) -> None:
    block, before = props.get("ttl") or {}, old.get("ttl") or {}
    enabled = bool(block) and block.get("enabled", True)
    name = block.get("attributeName") or before.get("attributeName")
    live = _read_expiry(scope, props)["ttl"]
    if (
        not name
        or (live.get("enabled"), live.get("attributeName")) == (enabled, name)
        or not (enabled or live["enabled"])
    ):
        return  # DynamoDB refuses a time to live that is as it was
    scope.call(
        "update_time_to_live",
        TableName=props["name"],
        TimeToLiveSpecification={"Enabled": enabled, "AttributeName": name},
    )


def _read_expiry(scope: Scope, props: Props) -> Props:
    found = scope.call("describe_time_to_live", TableName=props["name"]).get("TimeToLiveDescription") or {}
    enabled = found.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
    name = found.get("AttributeName") if enabled else None
    return {"ttl": {"enabled": enabled, **({"attributeName": name} if name else {})}}


def _volatile(changed: set[str], _props: Props) -> set[str]:
    return {"streamArn", "streamLabel"} if changed & {"streamEnabled", "streamViewType"} else set()


def _check(props: Props) -> Mapping[str, str]:
    """DynamoDB's own rule: the attributes are exactly those that a key or an index names."""
    indexes = [*(props.get("globalSecondaryIndexes") or []), *(props.get("localSecondaryIndexes") or [])]
    named = {key["AttributeName"] for item in (props, *indexes) for key in _key_schema(item)}
    declared = {item.get("name") for item in props.get("attributes") or []}
    if named == declared:
        return {}
    odd = ", ".join(sorted(str(name) for name in named ^ declared))
    return {"attributes": f"attributes must be exactly those of the keys and indexes; these differ: {odd}"}


TABLE = Type(
    "aws:dynamodb/table:Table",
    "dynamodb",
    autoname="name",
    replace=(
        "name",
        "hashKey",
        "rangeKey",
        "localSecondaryIndexes",
        "restoreBackupArn",
        "restoreDateTime",
        "restoreSourceName",
        "restoreSourceTableArn",
        "restoreToLatestTime",
        "importTable",
    ),
    defaults={"billingMode": "PROVISIONED"},
    make=_create,
    look=_look,
    change=_change,
    delete="delete_table",
    rename={"name": "TableName"},
    ready=_ready,
    gone=True,
    volatile=_volatile,
    check=_check,
    parts=(
        Part(("ttl",), _write_expiry, _read_expiry),
        Part(("pointInTimeRecovery",), _write_recovery, _read_recovery),
        tag_part("list_tags_of_resource", "tag_resource", "untag_resource", "ResourceArn"),
    ),
    computed=(
        "pointInTimeRecovery",
        "readCapacity",
        "serverSideEncryption",
        "writeCapacity",
    ),
)

TYPES = (TABLE,)
