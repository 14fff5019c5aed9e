"""What is shared with every account: snapshots, images, documents, layers, and rights to invoke.

Sources: RDS API, ModifyDBSnapshotAttribute; EC2 API, ModifyImageAttribute; SSM API, ModifyDocumentPermission and
ServiceSetting; CodeBuild User Guide, "Public build projects"; Lambda API, AddPermission, AddLayerVersionPermission and
CreateFunctionUrlConfig.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policies.anyone import is_anyone
from policies.conditions import fixed_arn
from policies.documents import wild
from policies.rule import NoConfig, PolicyContext, ResourceRule, Severity
from policies.subject import Resource, dig, items, known

PERMISSION = "aws:lambda/permission:Permission"
LAYER_PERMISSION = "aws:lambda/layerVersionPermission:LayerVersionPermission"
FUNCTION_URL = "aws:lambda/functionUrl:FunctionUrl"
DISTRIBUTION = "aws:imagebuilder/distributionConfiguration:DistributionConfiguration"
SHARED: Mapping[str, tuple[str, ...]] = {
    "aws:ec2/amiLaunchPermission:AmiLaunchPermission": ("group",),
    "aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission": ("accountId",),
    "aws:rds/clusterSnapshot:ClusterSnapshot": ("sharedAccounts",),
    "aws:rds/clusterSnapshotCopy:ClusterSnapshotCopy": ("sharedAccounts",),
    "aws:rds/snapshot:Snapshot": ("sharedAccounts",),
    "aws:rds/snapshotCopy:SnapshotCopy": ("sharedAccounts",),
    "aws:ssm/document:Document": ("permissions.account_ids", "permissions.accountIds"),
}
"""Type -> the properties in which ``all`` means every account; a map of the provider keeps its keys' spelling."""
OPENING: Mapping[str, tuple[str, str]] = {
    "aws:codebuild/project:Project": ("projectVisibility", "PUBLIC_READ"),
    "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess": ("state", "unblocked"),
    "aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess": ("state", "unblocked"),
}
"""Type -> the property and its value that open something, or everything of an account, to everyone."""
SETTING = "aws:ssm/serviceSetting:ServiceSetting"
DOCUMENTS_SETTING = "/ssm/documents/console/public-sharing-permission"
"""The end of the id of the account's setting whether documents may be public: ``Enable`` or ``Disable``."""


def sourced(resource: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """A right to invoke a function says whose: a service acts for any account that asks it."""
    if resource.type == FUNCTION_URL:
        if str(resource.get("authorizationType")).upper() == "NONE":
            yield f"{resource.name} lets anyone invoke the function: authorizationType is NONE"
        return
    principal = str(resource.get("principal"))
    if resource.type == LAYER_PERMISSION:
        if is_anyone(principal) and not _named(resource, "organizationId"):
            yield f"{resource.name} lets any account use the layer"
        return
    named = any(_named(resource, path) for path in ("sourceArn", "sourceAccount"))
    if is_anyone(principal) and not named and not _named(resource, "principalOrgId"):
        yield f"{resource.name} lets anyone invoke the function"
    elif principal.endswith((".amazonaws.com", ".amazonaws.com.cn")) and not named:
        reason = "names no account" if known(resource.get("sourceArn")) else "is missing"
        yield f"{resource.name} lets {principal} invoke the function for any account: sourceArn {reason}"
    elif principal.endswith(".amazon.com") and resource.get("eventSourceToken") in (None, "") and not named:
        yield f"{resource.name} lets {principal} invoke the function for any skill: eventSourceToken is missing"


def _named(resource: Resource, path: str) -> bool:
    """Whether a property names one account, bucket or organization; what is unknown may."""
    value = resource.get(path)
    return value not in (None, "") and (
        not isinstance(value, str) or (fixed_arn(value) if ":" in value else not wild(value))
    )


def unshared(resource: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """Nothing that holds data or runs code is shared with every account."""
    if resource.type in OPENING:
        path, opens = OPENING[resource.type]
        if str(resource.get(path)).lower() == opens.lower():
            yield f"{resource.name} is open to everyone, or lets everything be: {path} is {opens}"
        return
    if resource.type == SETTING:
        of_documents = str(resource.get("settingId")).endswith(DOCUMENTS_SETTING)
        if of_documents and str(resource.get("settingValue")).lower() == "enable":
            yield f"{resource.name} lets documents be shared with every account"
        return
    if resource.type == DISTRIBUTION:
        targets = [
            group
            for each in items(resource.get("distributions"))
            for group in items(dig(each, "amiDistributionConfiguration.launchPermission.userGroups"))
        ]
    else:
        given = [each for path in SHARED[resource.type] for each in items(resource.get(path))]
        targets = [part for each in given for part in str(each).split(",")]
    if any(str(each).strip().lower() == "all" for each in targets):
        yield f"{resource.name} is shared with every account"


RULES = (
    ResourceRule(
        name="permission-source",
        description="Every right to invoke a function names its source.",
        severity=Severity.HIGH,
        remedy=(
            "Set sourceArn, or sourceAccount; AWS_IAM for a function URL; the accounts or the organization for a layer."
        ),
        types=frozenset({PERMISSION, LAYER_PERMISSION, FUNCTION_URL}),
        check=sourced,
    ),
    ResourceRule(
        name="snapshot-unshared",
        description="No snapshot, image or document is shared with every account.",
        severity=Severity.CRITICAL,
        remedy="Name the accounts that it is shared with.",
        types=frozenset({*SHARED, *OPENING, SETTING, DISTRIBUTION}),
        check=unshared,
    ),
)
