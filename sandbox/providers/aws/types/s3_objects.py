"""Amazon S3: objects."""

from __future__ import annotations

import base64
import binascii

from sandbox.providers import wire
from sandbox.providers.aws.api import AwsError
from sandbox.providers.aws.model import Props, Scope, Type, live_tags

_HEADERS = {
    "cacheControl": "CacheControl",
    "contentDisposition": "ContentDisposition",
    "contentEncoding": "ContentEncoding",
    "contentLanguage": "ContentLanguage",
    "contentType": "ContentType",
    "metadata": "Metadata",
    "serverSideEncryption": "ServerSideEncryption",
    "storageClass": "StorageClass",
    "websiteRedirect": "WebsiteRedirectLocation",
}


def _content(props: Props) -> bytes:
    source = props.get("source")
    if wire.is_asset(source):
        return wire.archive_bytes(props["source"])
    if props.get("contentBase64"):
        try:
            return base64.b64decode(props["contentBase64"], validate=True)
        except binascii.Error as error:
            raise AwsError(f"contentBase64 of {props['key']} is not base64: {error}") from error
    return str(props.get("content", "")).encode()


def _put_object(scope: Scope, props: Props) -> Props:
    headers = {api: props[name] for name, api in _HEADERS.items() if props.get(name)}
    headers.setdefault("ContentType", "application/octet-stream")
    tags = "&".join(f"{key}={value}" for key, value in sorted((props.get("tags") or {}).items()))
    tagging = {"Tagging": tags} if tags else {}
    return scope.call(
        "put_object", Bucket=props["bucket"], Key=props["key"], Body=_content(props), **headers, **tagging
    )


def _look_object(scope: Scope, props: Props) -> Props:
    found = scope.call("head_object", Bucket=props["bucket"], Key=props["key"])
    live: Props = {name: found.get(api) for name, api in _HEADERS.items() if name in props or name == "contentType"}
    tags = scope.call("get_object_tagging", Bucket=props["bucket"], Key=props["key"]).get("TagSet")
    version = found.get("VersionId")
    return {
        **live,
        **live_tags(tags),
        "bucket": props["bucket"],
        "key": props["key"],
        "etag": found["ETag"].strip('"'),
        "versionId": version if version not in (None, "null") else "",
        "arn": f"arn:aws:s3:::{props['bucket']}/{props['key']}",
    }


def _change_object(scope: Scope, props: Props, _old: Props, _changed: set[str]) -> None:
    _put_object(scope, props)


def _remove_object(scope: Scope, props: Props) -> None:
    bucket, key = props["bucket"], props["key"]
    scope.call("head_object", Bucket=bucket, Key=key)
    page = scope.call("list_object_versions", Bucket=bucket, Prefix=key)
    found = [*(page.get("Versions") or []), *(page.get("DeleteMarkers") or [])]
    for item in found:
        if item["Key"] == key:
            scope.call("delete_object", Bucket=bucket, Key=key, VersionId=item["VersionId"])


def _volatile_object(changed: set[str], _props: Props) -> set[str]:
    return {"etag", "versionId"} if changed - {"tags"} else set()


def _object(token: str) -> Type:
    return Type(
        token,
        "s3",
        key=("bucket", "key"),
        autoname="key",
        replace=("bucket", "key"),
        defaults={"forceDestroy": False},
        make=_put_object,
        look=_look_object,
        change=_change_object,
        remove=_remove_object,
        volatile=_volatile_object,
        computed=("acl", "bucketKeyEnabled", "contentType", "etag", "kmsKeyId", "serverSideEncryption", "storageClass"),
    )


TYPES = (_object("aws:s3/bucketObject:BucketObject"), _object("aws:s3/bucketObjectv2:BucketObjectv2"))
