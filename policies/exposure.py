"""Exposure: nothing that holds data or runs code answers to just anyone.

Buckets and Services are here; networks, policies of resources, addresses and shares have files of their own.
Sources: S3 User Guide, "Blocking public access" and "Access control list overview"; Kubernetes, "Service".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import StringConstraints

from policies import endpoints, ingress, resource_policies, sharing
from policies.durable import BUCKETS
from policies.rule import Facts, Finding, NoConfig, ResourceRule, Severity, StackRule
from policies.subject import UNKNOWN, Resource, Stack, dig, items, known
from stacks.model import Model

BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ACCOUNT_BLOCK = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"
BLOCKED = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
INLINE_BLOCKS: Mapping[str, str] = {
    "aws:s3/accessPoint:AccessPoint": "publicAccessBlockConfiguration",
    "aws:s3control/multiRegionAccessPoint:MultiRegionAccessPoint": "details.publicAccessBlock",
}
"""Type -> its own block: on where nothing is said, and never changed afterwards."""
ACLS = frozenset(
    {
        *BUCKETS,
        "aws:s3/bucketAcl:BucketAcl",
        "aws:s3/bucketAclV2:BucketAclV2",
        "aws:s3/bucketLogging:BucketLogging",
        "aws:s3/bucketLoggingV2:BucketLoggingV2",
        "aws:s3/bucketObject:BucketObject",
        "aws:s3/bucketObjectv2:BucketObjectv2",
        "aws:s3/objectCopy:ObjectCopy",
        "aws:storagegateway/nfsFileShare:NfsFileShare",
        "aws:storagegateway/smbFileShare:SmbFileShare",
    }
)
PUBLIC_ACLS = ("public-read", "public-read-write", "authenticated-read")
GRANTS = ("grants", "accessControlPolicy.grants", "targetGrants")
PUBLIC_GROUPS = ("/allusers", "/authenticatedusers")
SERVICES = ("kubernetes:core/v1:Service", "kubernetes:core/v1:ServicePatch", "kubernetes:core/v1:ServiceList")
Service = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")]


class Services(Model):
    """Which Services may be reached from outside of the cluster."""

    reachable: tuple[Service, ...] = ()
    """As ``namespace/name``."""


def blocked(stack: Stack, _config: NoConfig, _facts: Facts) -> Iterator[Finding]:
    """Every bucket has a public access block, with all four settings on; one of the account covers all of them."""
    covered: set[str] = set()
    for block in stack.of(BLOCK, ACCOUNT_BLOCK):
        for path in BLOCKED:
            if (value := block.get(path)) is not True and (known(value) or value is None):
                yield Finding(f"{block.name}: {path} has to be true", block)
        covered |= {bucket.urn for bucket in stack.sources(block, "bucket", *BUCKETS)}
        if isinstance(name := block.get("bucket"), str):
            covered.add(name)
    for point in stack.of(*INLINE_BLOCKS):
        for path in BLOCKED:
            if dig(point.get(INLINE_BLOCKS[point.type]), path) is False:
                yield Finding(f"{point.name}: {path} has to be true", point)
    whole_account = any(True for _ in stack.of(ACCOUNT_BLOCK))
    for bucket in stack.of(*BUCKETS):
        if not whole_account and not covered.intersection((bucket.urn, str(bucket.get("bucket")))):
            yield Finding(f"{bucket.name}: the bucket has no BucketPublicAccessBlock", bucket)


def acl_private(resource: Resource, _config: NoConfig, _facts: Facts) -> Iterator[str]:
    """No ACL opens a bucket, an object in it or its logs."""
    for path in ("acl", "objectAcl"):
        if str(resource.get(path)).lower() in PUBLIC_ACLS:
            yield f"{resource.name} has the ACL {resource.get(path)}"
    for grant in (grant for path in GRANTS for grant in items(resource.get(path))):
        who = str(dig(grant, "uri") or dig(grant, "grantee.uri") or "")
        if who.rstrip("/").lower().endswith(PUBLIC_GROUPS):
            yield f"{resource.name} grants rights to {who.rstrip('/').rpartition('/')[2]}"


def internal(resource: Resource, config: Services, _facts: Facts) -> Iterator[str]:
    """A Service is for the cluster, unless the settings name it; so is one that is patched, and each of a list."""
    entries = items(resource.get("items")) if resource.type.endswith("List") else [resource.props]
    for service in entries:
        yield from _outside(resource, service, config)


def _outside(resource: Resource, service: object, config: Services) -> Iterator[str]:
    where = dig(service, "metadata.namespace") or "default"
    if service is UNKNOWN or (config.reachable and not known(where)):
        return
    name = f"{where}/{dig(service, 'metadata.name') or resource.name}"
    if name in config.reachable:
        return
    kind = dig(service, "spec.type")
    if kind in ("LoadBalancer", "NodePort"):
        yield f"{name} is a {kind}"
    if any(known(address) for address in items(dig(service, "spec.externalIPs"))):
        yield f"{name} has externalIPs"


RULES = (
    StackRule(
        "bucket-public-access-block",
        "Every bucket blocks public access.",
        Severity.CRITICAL,
        "Declare a BucketPublicAccessBlock for the bucket with all four settings true.",
        blocked,
    ),
    ResourceRule(
        "bucket-acl-private",
        "No ACL opens a bucket.",
        Severity.CRITICAL,
        "Leave the ACL out, and give rights by policy.",
        ACLS,
        acl_private,
    ),
    *resource_policies.RULES,
    *endpoints.RULES,
    *ingress.RULES,
    ResourceRule(
        "service-internal",
        "No Service of the cluster is reachable from outside.",
        Severity.HIGH,
        "Use ClusterIP behind the gateway, or name the Service under reachable in the stack's settings.",
        frozenset(SERVICES),
        internal,
        config=Services,
    ),
    *sharing.RULES,
)
