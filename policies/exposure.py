"""Exposure: nothing that holds data or runs code answers to just anyone.

Sources: S3 User Guide, "Blocking public access"; Lambda API, AddPermission; RDS API, CreateDBInstance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import StringConstraints

from policies.documents import allowed, conditioned, principals
from policies.durable import BUCKETS
from policies.rule import Facts, Finding, NoConfig, ResourceRule, Severity, StackRule
from policies.subject import Resource, Stack, dig, items, known
from stacks.model import Model

BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BLOCKED = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
ACLS = frozenset({*BUCKETS, "aws:s3/bucketAcl:BucketAcl", "aws:s3/bucketAclV2:BucketAclV2"})
PUBLIC_ACLS = ("public-read", "public-read-write", "authenticated-read")
PUBLIC_GROUPS = ("/AllUsers", "/AuthenticatedUsers")
POLICY_HOLDERS = frozenset(
    {
        *BUCKETS,
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:sqs/queue:Queue",
        "aws:sqs/queuePolicy:QueuePolicy",
        "aws:sns/topic:Topic",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:kms/key:Key",
        "aws:secretsmanager/secretPolicy:SecretPolicy",
        "aws:dynamodb/resourcePolicy:ResourcePolicy",
    }
)
DATABASES = frozenset(
    {
        "aws:rds/instance:Instance",
        "aws:rds/clusterInstance:ClusterInstance",
        "aws:redshift/cluster:Cluster",
    }
)
GROUP = "aws:ec2/securityGroup:SecurityGroup"
GROUP_RULES = (
    "aws:ec2/securityGroupRule:SecurityGroupRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
)
ANYWHERE = ("0.0.0.0/0", "::/0")
SERVICE = "kubernetes:core/v1:Service"
PERMISSION = "aws:lambda/permission:Permission"
Service = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")]


class Services(Model):
    """Which Services may be reached from outside of the cluster."""

    reachable: tuple[Service, ...] = ()
    """As ``namespace/name``."""


def blocked(stack: Stack, _config: NoConfig, _facts: Facts) -> Iterator[Finding]:
    """Every bucket has a public access block, with all four settings on."""
    covered: set[str] = set()
    for block in stack.of(BLOCK):
        for path in BLOCKED:
            if (value := block.get(path)) is not True and (known(value) or value is None):
                yield Finding(f"{block.name}: {path} has to be true", block)
        covered |= {bucket.urn for bucket in stack.sources(block, "bucket", *BUCKETS)}
        if isinstance(name := block.get("bucket"), str):
            covered.add(name)
    for bucket in stack.of(*BUCKETS):
        if not covered.intersection((bucket.urn, str(bucket.get("bucket")))):
            yield Finding(f"{bucket.name}: the bucket has no BucketPublicAccessBlock", bucket)


def acl_private(resource: Resource, _config: NoConfig, _facts: Facts) -> Iterator[str]:
    """No ACL opens a bucket."""
    if resource.get("acl") in PUBLIC_ACLS:
        yield f"{resource.name} has the ACL {resource.get('acl')}"
    grants = [*items(resource.get("grants")), *items(resource.get("accessControlPolicy.grants"))]
    for grant in grants:
        who = str(dig(grant, "uri") or dig(grant, "grantee.uri") or "")
        if who.endswith(PUBLIC_GROUPS):
            yield f"{resource.name} grants rights to {who.rpartition('/')[2]}"


def principals_named(resource: Resource, _config: NoConfig, _facts: Facts) -> Iterator[str]:
    """No resource's policy lets anyone in, unless it says from where."""
    for statement in allowed(resource.get("policy")):
        if "*" in principals(statement) and not conditioned(statement):
            actions = ", ".join(map(str, items(statement.get("Action"))))
            yield f"{resource.name} allows anyone {actions or 'something'}"


def database_private(resource: Resource, _config: NoConfig, _facts: Facts) -> Iterator[str]:
    """No database has a public address."""
    if resource.get("publiclyAccessible") is True:
        yield f"{resource.name} is publiclyAccessible"


def ingress(resource: Resource, _config: NoConfig, _facts: Facts) -> Iterator[str]:
    """No security group lets the whole internet in."""
    for rule in _ingress_rules(resource):
        sources = [*items(rule.get("cidrBlocks")), *items(rule.get("ipv6CidrBlocks"))]
        sources += [rule.get("cidrIpv4"), rule.get("cidrIpv6")]
        for source in ANYWHERE:
            if source in sources:
                yield f"{resource.name} lets {source} in"


def _ingress_rules(resource: Resource) -> Iterator[Mapping[str, Any]]:
    if resource.type == GROUP:
        yield from (rule for rule in items(resource.get("ingress")) if isinstance(rule, Mapping))
    elif resource.get("type") in (None, "ingress"):
        yield resource.props


def internal(service: Resource, config: Services, _facts: Facts) -> Iterator[str]:
    """A Service is for the cluster, unless the settings name it."""
    where = service.get("metadata.namespace") or "default"
    if config.reachable and not known(where):
        return
    name = f"{where}/{service.get('metadata.name') or service.name}"
    if name in config.reachable:
        return
    kind = service.get("spec.type")
    if kind in ("LoadBalancer", "NodePort"):
        yield f"{name} is a {kind}"
    if any(known(address) for address in items(service.get("spec.externalIPs"))):
        yield f"{name} has externalIPs"


def sourced(permission: Resource, _config: NoConfig, _facts: Facts) -> Iterator[str]:
    """A right to invoke a function says whose: a service acts for any account that asks it."""
    principal = permission.get("principal")
    if principal == "*" and permission.get("principalOrgId") is None:
        yield f"{permission.name} lets anyone invoke the function"
    sources = (permission.get("sourceArn"), permission.get("sourceAccount"))
    if all(each is None for each in sources) and str(principal).endswith(".amazonaws.com"):
        yield f"{permission.name} lets {principal} invoke the function for any account: sourceArn is missing"


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
    ResourceRule(
        "resource-policy-principal",
        "No policy of a bucket, queue, topic, key or secret lets anyone in.",
        Severity.CRITICAL,
        "Name the principal, or add a condition on aws:SourceArn or aws:SourceAccount.",
        POLICY_HOLDERS,
        principals_named,
    ),
    ResourceRule(
        "database-private",
        "No database has a public address.",
        Severity.CRITICAL,
        "Set publiclyAccessible to false.",
        DATABASES,
        database_private,
    ),
    ResourceRule(
        "security-group-ingress",
        "No security group lets the whole internet in.",
        Severity.CRITICAL,
        "Name the networks or security groups that are let in.",
        frozenset({GROUP, *GROUP_RULES}),
        ingress,
    ),
    ResourceRule(
        "service-internal",
        "No Service of the cluster is reachable from outside.",
        Severity.HIGH,
        "Use ClusterIP behind the gateway, or name the Service under reachable in the stack's settings.",
        frozenset({SERVICE}),
        internal,
        config=Services,
    ),
    ResourceRule(
        "permission-source",
        "Every right to invoke a function names its source.",
        Severity.HIGH,
        "Set sourceArn, or sourceAccount.",
        frozenset({PERMISSION}),
        sourced,
    ),
)
