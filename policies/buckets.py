"""Buckets: public access is blocked, and no ACL opens them, by whomever their objects are written.

Sources: S3 User Guide, "Blocking public access" and "Access control list overview"; of the services that write with an
ACL of their own: DMS, Elastic Transcoder, IoT, MediaLive, Private CA and Storage Gateway.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.durable import BUCKETS
from policies.rule import NoConfig, PolicyContext, PolicyViolation, ResourceRule, Severity, StackRule
from policies.subject import UNKNOWN, Resource, Stack, dig, items
from policies.values import is_off, is_on

BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ACCOUNT_BLOCK = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"
BLOCKED = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
INLINE_BLOCKS: Mapping[str, str] = {
    "aws:s3/accessPoint:AccessPoint": "publicAccessBlockConfiguration",
    "aws:s3control/multiRegionAccessPoint:MultiRegionAccessPoint": "details.publicAccessBlock",
}
"""Type -> its own block: on where nothing is said, and never changed afterwards."""
AUTHORITY = "aws:acmpca/certificateAuthority:CertificateAuthority"
REVOKED = "revocationConfiguration.crlConfiguration"
ACLS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(BUCKETS, ("acl", "grants")),
    **dict.fromkeys(("aws:s3/bucketAcl:BucketAcl", "aws:s3/bucketAclV2:BucketAclV2"), ("acl", "accessControlPolicy")),
    **dict.fromkeys(
        ("aws:s3/bucketLogging:BucketLogging", "aws:s3/bucketLoggingV2:BucketLoggingV2"), ("targetGrants",)
    ),
    "aws:s3/bucketObject:BucketObject": ("acl",),
    "aws:s3/bucketObjectv2:BucketObjectv2": ("acl",),
    "aws:s3/objectCopy:ObjectCopy": ("acl", "grants"),
    AUTHORITY: ("revocationConfiguration",),
    "aws:dms/s3Endpoint:S3Endpoint": ("cannedAclForObjects",),
    "aws:elastictranscoder/pipeline:Pipeline": ("contentConfigPermissions", "thumbnailConfigPermissions"),
    "aws:iot/topicRule:TopicRule": ("errorAction", "s3"),
    "aws:medialive/channel:Channel": ("encoderSettings",),
    "aws:storagegateway/nfsFileShare:NfsFileShare": ("objectAcl",),
    "aws:storagegateway/smbFileShare:SmbFileShare": ("objectAcl",),
}
"""Type -> the properties that hold, anywhere within, a canned ACL or grants."""
CANNED = ("acl", "cannedAcl", "cannedAclForObjects", "objectAcl", "s3ObjectAcl")
GRANTEES = ("grantee", "uri")
PUBLIC_ACLS = ("public-read", "public-read-write", "authenticated-read")
PUBLIC_GROUPS = ("allusers", "authenticatedusers")


def blocked(stack: Stack, _config: NoConfig, _facts: PolicyContext) -> Iterator[PolicyViolation]:
    """Public access to every bucket is blocked in all four ways, by its own block and the account's together."""
    accounts = list(stack.of(ACCOUNT_BLOCK))
    for_all = {path for block in accounts for path in _on(block)}
    covered: set[str] = set()
    for block in stack.of(BLOCK):
        missing = [path for path in BLOCKED if path not in _on(block) | for_all]
        yield from (PolicyViolation(f"{block.name}: {path} has to be true", block) for path in missing)
        covered |= {bucket.urn for bucket in stack.sources(block, "bucket", *BUCKETS)}
        if isinstance(name := block.get("bucket"), str):
            covered.add(name)
    for point in stack.of(*INLINE_BLOCKS):
        for path in BLOCKED:
            if is_off(dig(point.get(INLINE_BLOCKS[point.type]), path)):
                yield PolicyViolation(f"{point.name}: {path} has to be true", point)
    buckets = list(stack.of(*BUCKETS))
    alone = [each for each in buckets if not covered.intersection((each.urn, str(each.get("bucket"))))]
    if not accounts:
        yield from (
            PolicyViolation(f"{bucket.name}: the bucket has no BucketPublicAccessBlock", bucket) for bucket in alone
        )
    elif alone or not buckets:
        missing = [path for path in BLOCKED if path not in for_all]
        yield from (PolicyViolation(f"{accounts[0].name}: {path} has to be true", accounts[0]) for path in missing)


def _on(block: Resource) -> set[str]:
    """The settings of a block that are on; what is unknown may be."""
    return {path for path in BLOCKED if is_on(value := block.get(path)) or value is UNKNOWN}


def acl_private(resource: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """No ACL opens a bucket, an object in it or its logs, also by what another service writes into it."""
    for path in ACLS[resource.type]:
        for key, value in _within(path, resource.get(path)):
            word = str(value).lower().replace("_", "-")
            if key in CANNED and word in PUBLIC_ACLS:
                yield f"{resource.name} has the ACL {value}"
            elif key in GRANTEES and (group := word.rstrip("/").rpartition("/")[2]) in PUBLIC_GROUPS:
                yield f"{resource.name} grants rights to {'everyone' if group == 'allusers' else 'every account'}"
    if (
        resource.type == AUTHORITY
        and is_on(resource.get(f"{REVOKED}.enabled"))
        and resource.get(f"{REVOKED}.s3ObjectAcl") in (None, "")
    ):
        yield f"{resource.name} has no s3ObjectAcl, which means PUBLIC_READ"


def _within(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """What a value holds at any depth, with the name of the property that holds it."""
    if isinstance(value, Mapping):
        for inner, each in value.items():
            yield from _within(str(inner), each)
    elif isinstance(value, list | tuple):
        for each in items(value):
            yield from _within(key, each)
    else:
        yield key, value


RULES = (
    StackRule(
        name="bucket-public-access-block",
        description="Every bucket blocks public access.",
        severity=Severity.CRITICAL,
        remedy="Declare a BucketPublicAccessBlock for the bucket with all four settings true.",
        check=blocked,
    ),
    ResourceRule(
        name="bucket-acl-private",
        description="No ACL opens a bucket.",
        severity=Severity.CRITICAL,
        remedy="Leave the ACL out, and give rights by policy.",
        types=frozenset(ACLS),
        check=acl_private,
    ),
)
