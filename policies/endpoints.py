"""Addresses that the internet reaches: of what holds data, and of a cluster's API server.

Sources: the services' create calls (PubliclyAccessible and its kin); OpenSearch Service Developer Guide, "Launching
your domains within a VPC"; EKS User Guide, "Cluster API server endpoint"; MSK Developer Guide, "Turn on public access".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policies.networks import everyone
from policies.rule import NoConfig, PolicyContext, ResourceRule, Severity
from policies.subject import UNKNOWN, Resource, dig, items, known
from policies.values import decoded, is_off, is_on

PUBLICLY_ACCESSIBLE = (
    "dms/instanceProfile:InstanceProfile dms/replicationInstance:ReplicationInstance lightsail/database:Database "
    "m2/environment:Environment mq/broker:Broker neptune/clusterInstance:ClusterInstance "
    "rds/cluster:Cluster rds/clusterInstance:ClusterInstance rds/instance:Instance rds/shardGroup:ShardGroup "
    "redshift/cluster:Cluster redshiftserverless/workgroup:Workgroup "
    "timestreaminfluxdb/dbCluster:DbCluster timestreaminfluxdb/dbInstance:DbInstance"
)
GRAPH = "aws:neptunegraph/graph:Graph"
MSK = "aws:msk/cluster:Cluster"
SEARCH = ("aws:opensearch/domain:Domain", "aws:elasticsearch/domain:Domain")
SEARCH_NETWORK = "aws:opensearch/serverlessSecurityPolicy:ServerlessSecurityPolicy"
SWITCHES: Mapping[str, str] = {
    **{f"aws:{kind}": "publiclyAccessible" for kind in PUBLICLY_ACCESSIBLE.split()},
    GRAPH: "publicConnectivity",
}
"""Type -> the property that gives it an address of the internet; all are off where nothing is said."""
DATABASES = frozenset({*SWITCHES, MSK, *SEARCH, SEARCH_NETWORK})
CLUSTER = "aws:eks/cluster:Cluster"


def database_private(resource: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """No database, broker or search domain has an address of the internet."""
    if resource.type in SWITCHES:
        if is_on(resource.get(SWITCHES[resource.type])):
            yield f"{resource.name} is {SWITCHES[resource.type]}"
    elif resource.type == MSK:
        kind = resource.get("brokerNodeGroupInfo.connectivityInfo.publicAccess.type")
        if known(kind) and str(kind).upper() != "DISABLED":
            yield f"{resource.name} has public access: {kind}"
    elif resource.type in SEARCH:
        inside = resource.get("vpcOptions.subnetIds")
        if inside is not UNKNOWN and not items(inside):
            yield f"{resource.name} isn't in a VPC, so its endpoint is an address of the internet"
    elif _from_public(resource):
        yield f"{resource.name} lets the internet reach the collections: AllowFromPublic"


def _from_public(policy: Resource) -> bool:
    """Whether a network policy of OpenSearch Serverless, a JSON list of rules, lets everybody in."""
    return any(is_on(dig(each, "AllowFromPublic")) for each in items(decoded(policy.get("policy"))))


def cluster_private(cluster: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """A cluster's API server answers named networks alone; EKS opens it to everyone where nothing is said."""
    public = cluster.get("vpcConfig.endpointPublicAccess")
    if public is UNKNOWN or is_off(public):
        return
    ranges = cluster.get("vpcConfig.publicAccessCidrs")
    for source in everyone(["0.0.0.0/0"] if ranges in (None, []) else items(ranges)):
        yield f"{cluster.name}: the API server answers {source}"


RULES = (
    ResourceRule(
        name="database-private",
        description="No database has a public address.",
        severity=Severity.CRITICAL,
        remedy="Set publiclyAccessible to false.",
        types=DATABASES,
        check=database_private,
    ),
    ResourceRule(
        name="cluster-endpoint-private",
        description="No cluster's API server answers the whole internet.",
        severity=Severity.HIGH,
        remedy=("Set vpcConfig.endpointPublicAccess to false, or name the networks under vpcConfig.publicAccessCidrs."),
        types=frozenset({CLUSTER}),
        check=cluster_private,
    ),
)
