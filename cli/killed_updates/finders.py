"""Every type that the program creates: how one is found that an update may have made, or why none has to be.

The import ids are those of the provider's documentation. Where a takeover looks for the same thing, its lookup is used
(``cli.resources``).
"""

from __future__ import annotations

from cli.resources import LOOKUPS, apigateway, apigatewayv2, awslambda, rds
from cli.resources.account import Account, Inputs, Search

__all__ = ["FINDERS", "IDEMPOTENT_CREATES", "NON_UNIQUE"]

_NAMED = (
    "aws:apigateway/method:Method",
    "aws:apigateway/resource:Resource",
    "aws:apigateway/stage:Stage",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:codedeploy/application:Application",
    "aws:codedeploy/deploymentGroup:DeploymentGroup",
    "aws:dynamodb/table:Table",
    "aws:iam/role:Role",
    "aws:lambda/alias:Alias",
    "aws:lambda/function:Function",
    "aws:lambda/permission:Permission",
    "aws:s3/bucket:Bucket",
    "aws:sns/topic:Topic",
    "aws:sqs/queue:Queue",
    "aws:ssm/parameter:Parameter",
)
"""Types whose names can be taken: what has the name is what was about to be made."""


def _named(kind: str) -> Search[str]:
    def look(inputs: Inputs, account: Account) -> list[str]:
        return [found.identifier for found in LOOKUPS[kind](inputs, account)]

    return look


FINDERS: dict[str, Search[str]] = {
    **{kind: _named(kind) for kind in _NAMED},
    **awslambda.FINDERS,
    **apigateway.FINDERS,
    **apigatewayv2.FINDERS,
    **rds.FINDERS,
}
"""Type -> lookup: from inputs to the import ids of what fits them, the newest first."""

NON_UNIQUE = frozenset({*awslambda.NON_UNIQUE, *apigateway.NON_UNIQUE, *apigatewayv2.NON_UNIQUE})
"""Types of which a second one is made when the creation is repeated: nothing about them is unique but their ids."""

IDEMPOTENT_CREATES = {
    "aws:apigateway/integration:Integration": "PutIntegration writes the method's one integration whole",
    "aws:apigateway/methodSettings:MethodSettings": "UpdateStage sets the path's settings to what they are to be",
    "aws:cloudwatch/dashboard:Dashboard": "PutDashboard writes the dashboard of the name whole",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "PutMetricAlarm writes the alarm of the name whole",
    "aws:iam/rolePolicy:RolePolicy": "PutRolePolicy writes the role's policy of the name whole",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": (
        "PutFunctionEventInvokeConfig writes the function's or qualifier's one whole"
    ),
    "aws:s3/bucketNotification:BucketNotification": "PutBucketNotificationConfiguration writes the bucket's one whole",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "PutPublicAccessBlock writes the bucket's one whole",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "PutBucketEncryption writes the bucket's one whole"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": "PutBucketVersioning sets the bucket's one status",
    "pulumi:providers:aws": "a provider exists in the engine and in the state alone",
}
"""Types that aren't looked up, and why: creating them again does no more than creating them once."""
