"""AWS KMS: keys and aliases."""

from __future__ import annotations

from sandbox.providers.aws.api import AwsError, NotFoundError
from sandbox.providers.aws.model import Part, Props, Scope, Type, tag_part


def _make_key(scope: Scope, props: Props) -> Props:
    names = {
        "description": "Description",
        "keyUsage": "KeyUsage",
        "customerMasterKeySpec": "KeySpec",
        "policy": "Policy",
        "multiRegion": "MultiRegion",
    }
    request: Props = {api: props[name] for name, api in names.items() if props.get(name)}
    tags = [{"TagKey": key, "TagValue": value} for key, value in sorted((props.get("tags") or {}).items())]
    return scope.call("create_key", **request, Tags=tags)


def _look_key(scope: Scope, props: Props) -> Props:
    found = scope.call("describe_key", KeyId=props["keyId"])["KeyMetadata"]
    if found.get("KeyState") == "PendingDeletion":
        raise NotFoundError(f"key {props['keyId']} is scheduled for deletion")
    live: Props = {
        "keyId": found["KeyId"],
        "arn": found["Arn"],
        "description": found.get("Description") or None,
        "isEnabled": bool(found.get("Enabled")),
        "keyUsage": found.get("KeyUsage"),
        "customerMasterKeySpec": found.get("KeySpec") or found.get("CustomerMasterKeySpec"),
        "multiRegion": bool(found.get("MultiRegion")),
    }
    if live["customerMasterKeySpec"] == "SYMMETRIC_DEFAULT":
        rotation = scope.call("get_key_rotation_status", KeyId=props["keyId"])
        live["enableKeyRotation"] = bool(rotation.get("KeyRotationEnabled"))
    if "policy" in props:
        live["policy"] = scope.call("get_key_policy", KeyId=props["keyId"], PolicyName="default").get("Policy")
    return live


def _change_key(scope: Scope, props: Props, old: Props, changed: set[str]) -> None:
    if "description" in changed:
        scope.call("update_key_description", KeyId=old["keyId"], Description=props.get("description", ""))
    if "policy" in changed and props.get("policy"):
        scope.call("put_key_policy", KeyId=old["keyId"], PolicyName="default", Policy=props["policy"])


def _write_rotation(scope: Scope, props: Props, old: Props) -> None:
    enabled = bool(props.get("enableKeyRotation"))
    if enabled != bool(old.get("enableKeyRotation")):
        days = (
            {"RotationPeriodInDays": props["rotationPeriodInDays"]}
            if enabled and props.get("rotationPeriodInDays")
            else {}
        )
        scope.call("enable_key_rotation" if enabled else "disable_key_rotation", KeyId=props["keyId"], **days)


def _write_enabled(scope: Scope, props: Props, old: Props) -> None:
    enabled = props.get("isEnabled") is not False
    if enabled != (old.get("isEnabled") is not False):
        scope.call("enable_key" if enabled else "disable_key", KeyId=props["keyId"])


def _remove_key(scope: Scope, props: Props) -> None:
    try:
        scope.call(
            "schedule_key_deletion",
            KeyId=props["keyId"],
            PendingWindowInDays=int(props.get("deletionWindowInDays", 30)),
        )
    except NotFoundError:
        raise
    except AwsError as error:
        if "pending deletion" not in str(error).lower():
            raise


KEY = Type(
    "aws:kms/key:Key",
    "kms",
    key=("keyId",),
    identify=lambda _scope, _props, answer: str(answer["KeyMetadata"]["KeyId"]),
    replace=("keyUsage", "customerMasterKeySpec", "multiRegion", "customKeyStoreId", "xksKeyId"),
    defaults={
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "enableKeyRotation": False,
        "isEnabled": True,
        "keyUsage": "ENCRYPT_DECRYPT",
        "bypassPolicyLockoutSafetyCheck": False,
    },
    make=_make_key,
    look=_look_key,
    change=_change_key,
    remove=_remove_key,
    parts=(
        Part(("enableKeyRotation", "rotationPeriodInDays"), _write_rotation),
        Part(("isEnabled",), _write_enabled),
        tag_part("list_resource_tags", "tag_resource", "untag_resource", "KeyId", "keyId"),
    ),
    computed=(
        "policy",
        "rotationPeriodInDays",
    ),
)


def _look_alias(scope: Scope, props: Props) -> Props:
    marker: Props = {}
    while True:
        page = scope.call("list_aliases", **marker)
        for found in page["Aliases"]:
            if found["AliasName"] == props["name"]:
                return _live_alias(scope, found, props)
        if not page.get("NextMarker"):
            raise NotFoundError(f"alias {props['name']} is gone")
        marker = {"Marker": page["NextMarker"]}


def _live_alias(scope: Scope, found: Props, props: Props) -> Props:
    target = found.get("TargetKeyId", "")
    given = str(props.get("targetKeyId") or target)
    arn = scope.arn(f"key/{target}")
    return {
        "name": found["AliasName"],
        "arn": found["AliasArn"],
        "targetKeyId": given if given in (target, arn) else target,
        "targetKeyArn": arn,
    }


ALIAS = Type(
    "aws:kms/alias:Alias",
    "kms",
    create="create_alias",
    update=("update_alias",),
    delete="delete_alias",
    separator="\n",
    autoname="name",
    replace=("name", "namePrefix"),
    rename={"name": "AliasName"},
    look=_look_alias,
    volatile=lambda changed, _props: {"targetKeyArn"} if "targetKeyId" in changed else set(),
)

TYPES = (KEY, ALIAS)
