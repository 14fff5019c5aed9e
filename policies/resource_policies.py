"""Policies of resources: none lets just anyone in, whichever service keeps it and wherever it is declared.

Sources: each service's own page on resource-based policies; IAM User Guide, "AWS services that work with IAM".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from policies.anyone import is_anyone, open_statements
from policies.documents import actions
from policies.rule import NoConfig, PolicyContext, ResourceRule, Severity
from policies.subject import Resource, dig, items, known
from policies.values import decoded

POLICY = (
    "acmpca/policy:Policy apigateway/domainName:DomainName apigateway/restApi:RestApi "
    "apigateway/restApiPolicy:RestApiPolicy backup/vaultPolicy:VaultPolicy "
    "bedrock/agentcoreResourcePolicy:AgentcoreResourcePolicy cloudwatch/eventBusPolicy:EventBusPolicy "
    "codebuild/resourcePolicy:ResourcePolicy dsql/clusterPolicy:ClusterPolicy dynamodb/resourcePolicy:ResourcePolicy "
    "ecr/registryPolicy:RegistryPolicy ecr/repositoryPolicy:RepositoryPolicy "
    "ecrpublic/repositoryPolicy:RepositoryPolicy efs/fileSystemPolicy:FileSystemPolicy glacier/vaultLock:VaultLock "
    "glue/resourcePolicy:ResourcePolicy kinesis/resourcePolicy:ResourcePolicy kms/externalKey:ExternalKey kms/key:Key "
    "kms/keyPolicy:KeyPolicy kms/replicaExternalKey:ReplicaExternalKey kms/replicaKey:ReplicaKey "
    "lambda/resourcePolicy:ResourcePolicy mediastore/containerPolicy:ContainerPolicy msk/clusterPolicy:ClusterPolicy "
    "networkfirewall/resourcePolicy:ResourcePolicy oam/sinkPolicy:SinkPolicy "
    "opensearchingest/resourcePolicy:ResourcePolicy pinpoint/smsvoicev2ResourcePolicy:Smsvoicev2ResourcePolicy "
    "redshift/resourcePolicy:ResourcePolicy redshiftserverless/resourcePolicy:ResourcePolicy "
    "s3/accessPoint:AccessPoint s3/bucket:Bucket s3/bucketPolicy:BucketPolicy s3/bucketV2:BucketV2 "
    "s3/filesFileSystemPolicy:FilesFileSystemPolicy s3/vectorsVectorBucketPolicy:VectorsVectorBucketPolicy "
    "s3control/accessGrantsInstanceResourcePolicy:AccessGrantsInstanceResourcePolicy "
    "s3control/accessPointPolicy:AccessPointPolicy s3control/bucketPolicy:BucketPolicy "
    "s3control/objectLambdaAccessPointPolicy:ObjectLambdaAccessPointPolicy schemas/registryPolicy:RegistryPolicy "
    "secretsmanager/secret:Secret secretsmanager/secretPolicy:SecretPolicy ses/identityPolicy:IdentityPolicy "
    "sesv2/emailIdentityPolicy:EmailIdentityPolicy sns/topic:Topic sns/topicPolicy:TopicPolicy sqs/queue:Queue "
    "sqs/queuePolicy:QueuePolicy vpclattice/authPolicy:AuthPolicy vpclattice/resourcePolicy:ResourcePolicy"
)
"""Types whose resource policy is the property ``policy``."""
DOCUMENTS: Mapping[str, str] = {
    **{f"aws:{kind}": "policy" for kind in POLICY.split()},
    "aws:amp/resourcePolicy:ResourcePolicy": "policyDocument",
    "aws:cloudsearch/domainServiceAccessPolicy:DomainServiceAccessPolicy": "accessPolicy",
    "aws:cloudwatch/logDeliveryDestinationPolicy:LogDeliveryDestinationPolicy": "deliveryDestinationPolicy",
    "aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy": "accessPolicy",
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": "policyDocument",
    "aws:codeartifact/domainPermissions:DomainPermissions": "policyDocument",
    "aws:codeartifact/repositoryPermissionsPolicy:RepositoryPermissionsPolicy": "policyDocument",
    "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate": "repositoryPolicy",
    "aws:elasticsearch/domain:Domain": "accessPolicies",
    "aws:elasticsearch/domainPolicy:DomainPolicy": "accessPolicies",
    "aws:glacier/vault:Vault": "accessPolicy",
    "aws:opensearch/domain:Domain": "accessPolicies",
    "aws:opensearch/domainPolicy:DomainPolicy": "accessPolicies",
    "aws:organizations/resourcePolicy:ResourcePolicy": "content",
    "aws:s3control/multiRegionAccessPointPolicy:MultiRegionAccessPointPolicy": "details.policy",
    "aws:s3tables/tableBucketPolicy:TableBucketPolicy": "resourcePolicy",
    "aws:s3tables/tablePolicy:TablePolicy": "resourcePolicy",
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": "resourcePolicy",
    "aws:xray/resourcePolicy:ResourcePolicy": "policyDocument",
}
"""Type -> the property that holds the policy of the resource."""
NO_RESOURCE_POLICY: Mapping[str, str] = {
    "aws:ec2/vpcEndpoint:VpcEndpoint": "bounds what passes the endpoint, and lets nobody into a resource",
    "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy": "the same",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "which images expire",
    "aws:iot/policy:Policy": "the rights of a device's certificate; iam-single-actions looks at it",
    "aws:iot/policyAttachment:PolicyAttachment": "a policy's name",
    "aws:opensearch/serverlessAccessPolicy:ServerlessAccessPolicy": "names principals one by one; no form for anyone",
    "aws:opensearch/serverlessLifecyclePolicy:ServerlessLifecyclePolicy": "how long indexes are kept",
    "aws:opensearch/serverlessSecurityPolicy:ServerlessSecurityPolicy": "networks; database-private looks at it",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": "bounds a session",
    "aws:transfer/access:Access": "bounds a session",
    "aws:transfer/user:User": "bounds a session",
    "aws:sns/dataProtectionPolicy:DataProtectionPolicy": "what is masked in messages",
    "aws:ses/receiptFilter:ReceiptFilter": "Allow or Block for an address",
    "aws:cloudwatch/logAccountPolicy:LogAccountPolicy": "what is masked in logs, and where they go",
    "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy": "what is masked in logs",
    "aws:cloudwatch/logIndexPolicy:LogIndexPolicy": "which fields are indexed",
    "aws:networkmanager/coreNetworkPolicyAttachment:CoreNetworkPolicyAttachment": "segments of a network",
    "aws:resiliencehub/resiliencyPolicy:ResiliencyPolicy": "recovery objectives",
    "aws:rolesanywhere/profile:Profile": "bounds a session",
    "aws:verifiedaccess/endpoint:Endpoint": "Cedar, not IAM's language",
    "aws:verifiedaccess/group:Group": "Cedar, not IAM's language",
}
"""Types with a property that is called a policy and is none of the resource, with what it is instead."""
REST_API = "aws:apigateway/restApi:RestApi"
IN_BODY = "x-amazon-apigateway-policy"
"""Where an OpenAPI body holds the policy of the interface."""
EVENT_PERMISSION = "aws:cloudwatch/eventPermission:EventPermission"
ENDPOINT_SERVICE = "aws:ec2/vpcEndpointService:VpcEndpointService"
ENDPOINT_PRINCIPAL = "aws:ec2/vpcEndpointServiceAllowedPrinciple:VpcEndpointServiceAllowedPrinciple"
GRANTS: Mapping[str, str] = {
    EVENT_PERMISSION: "principal",
    ENDPOINT_SERVICE: "allowedPrincipals",
    ENDPOINT_PRINCIPAL: "principalArn",
    "aws:signer/signingProfilePermission:SigningProfilePermission": "principal",
}
"""Type -> the property that names principals where there is no document."""
POLICY_HOLDERS = frozenset({*DOCUMENTS, *GRANTS})


def principals_named(resource: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """No resource's policy lets anyone in, unless it says from where."""
    if resource.type in GRANTS:
        named = [str(name) for name in items(resource.get(GRANTS[resource.type])) if known(name)]
        if any(map(is_anyone, named)) and not _organization(resource):
            yield f"{resource.name} allows anyone in"
        return
    for statement in (each for document in _documents(resource) for each in open_statements(document)):
        named = actions(statement)
        if "NotAction" in statement:
            named = [f"everything but {', '.join(map(str, items(statement['NotAction'])))}"]
        yield f"{resource.name} allows anyone {', '.join(named) or 'something'}"


def _documents(resource: Resource) -> Iterator[Any]:
    yield resource.get(DOCUMENTS[resource.type])
    body = resource.get("body") if resource.type == REST_API else None
    if not isinstance(body, str) or IN_BODY in body:
        yield dig(_specification(body), IN_BODY)


def _specification(body: object) -> Any:
    """An OpenAPI body, in JSON or in YAML; None where it is neither."""
    found = decoded(body)
    if not isinstance(body, str) or found is not None:
        return found
    try:
        return yaml.safe_load(body)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None


def _organization(resource: Resource) -> bool:
    """Whether a permission of an event bus holds for one organization alone, the only condition that it knows."""
    value = resource.get("condition.value")
    return value not in (None, "") and (not isinstance(value, str) or not is_anyone(value))


RULES = (
    ResourceRule(
        name="resource-policy-principal",
        description="No policy of a bucket, queue, topic, key or secret lets anyone in.",
        severity=Severity.CRITICAL,
        remedy="Name the principal, or add a condition on aws:SourceArn or aws:SourceAccount.",
        types=POLICY_HOLDERS,
        check=principals_named,
    ),
)
