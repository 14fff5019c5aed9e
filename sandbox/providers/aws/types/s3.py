"""Amazon S3: buckets, and their settings, which are resources of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.providers.aws import shapes
from sandbox.providers.aws.api import AwsError, NotFoundError
from sandbox.providers.aws.model import Part, Props, Scope, Type, live_tags

_ZONE = "Z3AQBSTGFYJSTF"
"""The hosted zone of S3's endpoints in us-east-1 (AWS General Reference, S3 endpoints)."""


# --- buckets ----------------------------------------------------------------------------------------------------------


def _make_bucket(scope: Scope, props: Props) -> Props:
    name = props["bucket"]
    try:
        # in us-east-1 S3 answers the second creation by the same owner as if it were the first
        scope.call("head_bucket", Bucket=name)
    except NotFoundError:
        pass
    else:
        raise AwsError(f"s3 create_bucket: the bucket {name} exists", "BucketAlreadyOwnedByYou")
    request: dict[str, Any] = {"Bucket": name}
    if scope.region != "us-east-1":
        request["CreateBucketConfiguration"] = {"LocationConstraint": scope.region}
    if props.get("objectLockEnabled"):
        request["ObjectLockEnabledForBucket"] = True
    if props.get("acl"):
        request["ACL"] = props["acl"]
    return scope.call("create_bucket", **request)


def _look_bucket(scope: Scope, props: Props) -> Props:
    name = props["bucket"]
    scope.call("head_bucket", Bucket=name)
    regional = f"{name}.s3.{scope.region}.amazonaws.com"
    return {
        "bucket": name,
        "arn": f"arn:aws:s3:::{name}",
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": regional,
        "bucketRegion": scope.region,
        "hostedZoneId": _ZONE,
    }


def _remove_bucket(scope: Scope, props: Props) -> None:
    name = props["bucket"]
    if props.get("forceDestroy"):
        _empty(scope, name)
    try:
        scope.call("delete_bucket", Bucket=name)
    except NotFoundError:
        raise
    except AwsError as error:
        if error.code == "BucketNotEmpty":
            raise AwsError(
                f"bucket {name} still holds objects, and forceDestroy is not set: empty it, or set forceDestroy and "
                "run pulumi up before deleting it",
                error.code,
            ) from error
        raise


def _empty(scope: Scope, name: str) -> None:
    while True:
        page = scope.call("list_object_versions", Bucket=name, MaxKeys=1000)
        found = [*(page.get("Versions") or []), *(page.get("DeleteMarkers") or [])]
        if not found:
            return
        entries = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
        scope.call("delete_objects", Bucket=name, Delete={"Objects": entries, "Quiet": True})


def _write_bucket_tags(scope: Scope, props: Props, _old: Props) -> None:
    tags = [{"Key": key, "Value": value} for key, value in sorted((props.get("tags") or {}).items())]
    if tags:
        scope.call("put_bucket_tagging", Bucket=props["bucket"], Tagging={"TagSet": tags})
    else:
        scope.call("delete_bucket_tagging", Bucket=props["bucket"])


def _read_bucket_tags(scope: Scope, props: Props) -> Props:
    try:
        return live_tags(scope.call("get_bucket_tagging", Bucket=props["bucket"])["TagSet"])
    except NotFoundError:
        return live_tags({})


BUCKET = Type(
    "aws:s3/bucket:Bucket",
    "s3",
    key=("bucket",),
    autoname="bucket",
    replace=("bucket", "bucketPrefix", "objectLockEnabled", "bucketNamespace"),
    defaults={"forceDestroy": False},
    make=_make_bucket,
    look=_look_bucket,
    remove=_remove_bucket,
    parts=(Part(("tags",), _write_bucket_tags, _read_bucket_tags),),
)


# --- settings of a bucket ---------------------------------------------------------------------------------------------


def _setting(
    token: str,
    put: Callable[[Scope, Props], Any],
    get: Callable[[Scope, Props], Props],
    remove: Callable[[Scope, Props], Any],
    defaults: Mapping[str, Any] | None = None,
    required: tuple[str, ...] = (),
) -> Type:
    def make(scope: Scope, props: Props) -> Props:
        put(scope, props)
        return {}

    def change(scope: Scope, props: Props, _old: Props, _changed: set[str]) -> None:
        put(scope, props)

    def delete(scope: Scope, props: Props) -> None:
        remove(scope, props)

    return Type(
        token,
        "s3",
        key=("bucket",),
        replace=("bucket", "expectedBucketOwner"),
        defaults=defaults or {},
        required=required,
        make=make,
        look=get,
        change=change,
        remove=delete,
    )


def _put_versioning(scope: Scope, props: Props) -> None:
    block = props["versioningConfiguration"]
    if block["status"] != "Disabled":  # a bucket that never was versioned can't be told so
        scope.call("put_bucket_versioning", Bucket=props["bucket"], VersioningConfiguration={"Status": block["status"]})


def _get_versioning(scope: Scope, props: Props) -> Props:
    status = scope.call("get_bucket_versioning", Bucket=props["bucket"]).get("Status") or "Disabled"
    return {"bucket": props["bucket"], "versioningConfiguration": {"status": status}}


def _suspend_versioning(scope: Scope, props: Props) -> None:
    if _get_versioning(scope, props)["versioningConfiguration"]["status"] == "Enabled":
        scope.call("put_bucket_versioning", Bucket=props["bucket"], VersioningConfiguration={"Status": "Suspended"})


_TARGETS = (
    ("lambdaFunctions", "lambdaFunctionArn", "LambdaFunctionConfigurations", "LambdaFunctionArn"),
    ("queues", "queueArn", "QueueConfigurations", "QueueArn"),
    ("topics", "topicArn", "TopicConfigurations", "TopicArn"),
)


def _put_notification(scope: Scope, props: Props) -> None:
    request: dict[str, Any] = {}
    for name, arn, api_name, api_arn in _TARGETS:
        entries = [_notification(item, arn, api_arn) for item in props.get(name) or []]
        if entries:
            request[api_name] = entries
    if props.get("eventbridge"):
        request["EventBridgeConfiguration"] = {}
    scope.call("put_bucket_notification_configuration", Bucket=props["bucket"], NotificationConfiguration=request)


def _notification(item: Mapping[str, Any], arn: str, api_arn: str) -> dict[str, Any]:
    rules = [
        {"Name": kind, "Value": item[name]}
        for name, kind in (("filterPrefix", "prefix"), ("filterSuffix", "suffix"))
        if item.get(name)
    ]
    entry: dict[str, Any] = {"Events": item["events"], api_arn: item[arn]}
    if item.get("id"):
        entry["Id"] = item["id"]
    if rules:
        entry["Filter"] = {"Key": {"FilterRules": rules}}
    return entry


def _get_notification(scope: Scope, props: Props) -> Props:
    found = scope.call("get_bucket_notification_configuration", Bucket=props["bucket"])
    live: Props = {"bucket": props["bucket"], "eventbridge": "EventBridgeConfiguration" in found}
    for name, arn, api_name, api_arn in _TARGETS:
        named = all(item.get("id") for item in props.get(name) or [])
        live[name] = [_live_notification(item, arn, api_arn, named) for item in found.get(api_name) or []]
    return live


def _live_notification(found: Mapping[str, Any], arn: str, api_arn: str, named: bool) -> Props:
    rules = ((found.get("Filter") or {}).get("Key") or {}).get("FilterRules") or []
    filters = {f"filter{rule['Name'].title()}": rule["Value"] for rule in rules}
    entry = {arn: found[api_arn], "events": sorted(found["Events"]), **filters}
    # S3 gives entries without an id one of its own
    return {**entry, "id": found["Id"]} if named and found.get("Id") else entry


def _clear_notification(scope: Scope, props: Props) -> None:
    scope.call("put_bucket_notification_configuration", Bucket=props["bucket"], NotificationConfiguration={})


_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _put_block(scope: Scope, props: Props) -> None:
    block = {name[:1].upper() + name[1:]: bool(props.get(name)) for name in _BLOCKS}
    scope.call("put_public_access_block", Bucket=props["bucket"], PublicAccessBlockConfiguration=block)


def _get_block(scope: Scope, props: Props) -> Props:
    found = scope.call("get_public_access_block", Bucket=props["bucket"])["PublicAccessBlockConfiguration"]
    return {"bucket": props["bucket"], **{name: bool(found.get(name[:1].upper() + name[1:])) for name in _BLOCKS}}


def _remove_block(scope: Scope, props: Props) -> None:
    if not props.get("skipDestroy"):
        scope.call("delete_public_access_block", Bucket=props["bucket"])


_ENCRYPTION_NAMES = {
    "rules.applyServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault",
    "rules.applyServerSideEncryptionByDefault.sseAlgorithm": "SSEAlgorithm",
    "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId": "KMSMasterKeyID",
}


def _put_encryption(scope: Scope, props: Props) -> None:
    shape, _ = scope.api.shapes("s3", "put_bucket_encryption")
    rules = shape.members["ServerSideEncryptionConfiguration"].members["Rules"]  # type: ignore[union-attr]
    value = {"Rules": shapes.to_api(rules, props["rules"], _ENCRYPTION_NAMES, "rules")}
    scope.call("put_bucket_encryption", Bucket=props["bucket"], ServerSideEncryptionConfiguration=value)


def _get_encryption(scope: Scope, props: Props) -> Props:
    found = scope.call("get_bucket_encryption", Bucket=props["bucket"])["ServerSideEncryptionConfiguration"]
    kind = ENCRYPTION.properties["rules"]
    return {"bucket": props["bucket"], "rules": shapes.from_api(kind, found["Rules"], _ENCRYPTION_NAMES, "rules")}


def _remove_encryption(scope: Scope, props: Props) -> None:
    scope.call("delete_bucket_encryption", Bucket=props["bucket"])


_LIFECYCLE_NAMES = {
    "rules.id": "ID",
    "rules.transitions": "Transitions",
    "rules.noncurrentVersionTransitions": "NoncurrentVersionTransitions",
    "rules.noncurrentVersionExpiration.noncurrentDays": "NoncurrentDays",
    "rules.filter.and": "And",
}


def _put_lifecycle(scope: Scope, props: Props) -> None:
    shape, _ = scope.api.shapes("s3", "put_bucket_lifecycle_configuration")
    member = shape.members["LifecycleConfiguration"].members["Rules"]  # type: ignore[union-attr]
    rules = []
    for rule in props.get("rules") or []:
        request = shapes.to_api(member.member, rule, _LIFECYCLE_NAMES, "rules")
        if "Filter" not in request and "Prefix" not in request:
            request["Filter"] = {"Prefix": ""}
        rules.append(request)
    scope.call("put_bucket_lifecycle_configuration", Bucket=props["bucket"], LifecycleConfiguration={"Rules": rules})


def _get_lifecycle(scope: Scope, props: Props) -> Props:
    found = scope.call("get_bucket_lifecycle_configuration", Bucket=props["bucket"])
    rules = shapes.from_api(LIFECYCLE.properties["rules"], found.get("Rules") or [], _LIFECYCLE_NAMES, "rules")
    return {
        "bucket": props["bucket"],
        "rules": [{k: v for k, v in rule.items() if not shapes.empty(v)} for rule in rules],
    }


def _remove_lifecycle(scope: Scope, props: Props) -> None:
    scope.call("delete_bucket_lifecycle", Bucket=props["bucket"])


def _put_policy(scope: Scope, props: Props) -> None:
    scope.call("put_bucket_policy", Bucket=props["bucket"], Policy=shapes.text_of(props["policy"]))


def _get_policy(scope: Scope, props: Props) -> Props:
    found = scope.call("get_bucket_policy", Bucket=props["bucket"]).get("Policy")
    if not found:
        raise NotFoundError(f"bucket {props['bucket']} has no policy")
    return {"bucket": props["bucket"], "policy": found}


def _remove_policy(scope: Scope, props: Props) -> None:
    scope.call("delete_bucket_policy", Bucket=props["bucket"])


ENCRYPTION = _setting(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    _put_encryption,
    _get_encryption,
    _remove_encryption,
)
LIFECYCLE = _setting(
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    _put_lifecycle,
    _get_lifecycle,
    _remove_lifecycle,
)


TYPES = (
    BUCKET,
    _setting("aws:s3/bucketVersioning:BucketVersioning", _put_versioning, _get_versioning, _suspend_versioning),
    _setting(
        "aws:s3/bucketNotification:BucketNotification",
        _put_notification,
        _get_notification,
        _clear_notification,
        {"eventbridge": False},
    ),
    _setting(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        _put_block,
        _get_block,
        _remove_block,
        dict.fromkeys(_BLOCKS, False),
    ),
    ENCRYPTION,
    LIFECYCLE,
    _setting("aws:s3/bucketPolicy:BucketPolicy", _put_policy, _get_policy, _remove_policy),
)
