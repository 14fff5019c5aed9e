"""What `rollback` itself asks of the account, step by step, beside what the update's providers do.

Each step is what a role needs that does only this. Temporary tables and instances, into which a copy is read back, are
named ``recovery-check-…`` (``guard.recovery.maker.temporary``).
"""

from __future__ import annotations

from cli.rights import names
from cli.rights.model import Grant

_TEMPORARY_TABLES = (f"arn:{{partition}}:dynamodb:{names.HERE}:table/recovery-check-*",)
_BACKUPS = tuple(f"{table}/backup/*" for table in names.TABLES)
_SNAPSHOTS = (f"arn:{{partition}}:rds:{names.HERE}:snapshot:rag-postgres-{{stack}}-*",)
_TEMPORARY_DATABASES = (f"arn:{{partition}}:rds:{names.HERE}:db:recovery-check-*",)

IDENTITY = Grant("sts:GetCallerIdentity", names.EVERYWHERE)
_SHIFTS = (
    Grant("codedeploy:GetDeploymentGroup codedeploy:ListDeployments codedeploy:GetDeployment", names.GROUPS),
    Grant("codedeploy:BatchGetDeploymentTargets codedeploy:ListDeploymentTargets", names.GROUPS),
    Grant("cloudwatch:DescribeAlarms", names.ALARMS),
)

STATUS = (
    IDENTITY,
    Grant(
        "lambda:GetAlias lambda:GetFunction lambda:GetFunctionConfiguration lambda:GetFunctionConcurrency "
        "lambda:ListVersionsByFunction",
        names.FUNCTIONS_AND_VERSIONS,
    ),
    Grant("lambda:ListEventSourceMappings", names.EVERYWHERE),
    Grant("s3:GetBucketNotification", names.BUCKETS),
    Grant("ssm:GetParameter", names.PARAMETERS),
    Grant("apigateway:GET", names.REST_APIS),
    *_SHIFTS,
)
"""`rollback status`, and the look at what runs after an update."""

CHECKS = (
    Grant("s3:PutObject s3:GetObject s3:DeleteObject", names.OBJECTS),
    Grant("dynamodb:GetItem dynamodb:PutItem dynamodb:DeleteItem dynamodb:Query", names.TABLES),
    Grant("sqs:GetQueueAttributes sqs:GetQueueUrl", names.QUEUES),
    Grant("lambda:InvokeFunction", names.FUNCTIONS_AND_VERSIONS),
)
"""The checks after an update: a document and a receipt are sent through the system, and taken back."""

PREFLIGHT = (
    IDENTITY,
    Grant("lambda:ListVersionsByFunction", names.FUNCTIONS),
    Grant("lambda:GetLayerVersion", names.LAYER_VERSIONS),
    Grant("lambda:GetAccountSettings", names.EVERYWHERE),
    Grant("s3:GetObject", names.ARTIFACT_OBJECTS),
    Grant("s3:ListBucket s3:GetBucketVersioning s3:GetBucketPublicAccessBlock", names.ARTIFACTS + names.RECOVERY),
    Grant("iam:GetAccountSummary rds:DescribeAccountAttributes", names.EVERYWHERE),
    Grant("iam:GetRole iam:SimulatePrincipalPolicy", ("arn:{partition}:iam::{account}:role/*",)),
    Grant("iam:SimulatePrincipalPolicy", ("arn:{partition}:iam::{account}:user/*",)),
    Grant("codedeploy:ListOnPremisesInstances ec2:DescribeInstances", names.EVERYWHERE),
)
"""`rollback preflight`, and the look before an update."""

RECOVERY = (
    Grant(
        "s3:CreateBucket s3:ListBucket s3:ListBucketVersions s3:GetBucketVersioning s3:PutBucketVersioning "
        "s3:GetBucketPublicAccessBlock s3:PutBucketPublicAccessBlock s3:GetEncryptionConfiguration "
        "s3:PutEncryptionConfiguration s3:GetLifecycleConfiguration",
        names.RECOVERY,
    ),
    Grant(
        "s3:GetObject s3:GetObjectVersion s3:GetObjectTagging s3:GetObjectVersionTagging s3:PutObject "
        "s3:PutObjectTagging s3:AbortMultipartUpload",
        names.RECOVERY_OBJECTS,
    ),
    Grant(
        "s3:ListBucket s3:ListBucketVersions s3:GetBucketVersioning s3:PutBucketVersioning "
        "s3:GetBucketOwnershipControls s3:GetBucketObjectLockConfiguration",
        names.BUCKETS,
    ),
    Grant(
        "s3:GetObject s3:GetObjectVersion s3:GetObjectTagging s3:GetObjectVersionTagging s3:PutObject "
        "s3:PutObjectTagging s3:DeleteObject",
        names.OBJECTS,
    ),
    Grant("dynamodb:DescribeBackup dynamodb:DeleteBackup dynamodb:RestoreTableFromBackup", _BACKUPS),
    Grant(
        "dynamodb:DescribeTable dynamodb:DescribeContinuousBackups dynamodb:DescribeTimeToLive dynamodb:CreateBackup "
        "dynamodb:Scan dynamodb:ListTagsOfResource dynamodb:UpdateTable dynamodb:UpdateContinuousBackups "
        "dynamodb:UpdateTimeToLive dynamodb:TagResource",
        names.TABLES,
    ),
    Grant(
        "dynamodb:DescribeTable dynamodb:Scan dynamodb:UpdateTable dynamodb:DeleteTable dynamodb:DeleteItem",
        _TEMPORARY_TABLES,
    ),
    Grant(
        "dynamodb:RestoreTableFromBackup dynamodb:BatchWriteItem dynamodb:PutItem dynamodb:UpdateItem "
        "dynamodb:GetItem dynamodb:Query",
        _TEMPORARY_TABLES + names.TABLES,
    ),
    Grant("rds:DescribeDBInstances", names.DATABASES + _TEMPORARY_DATABASES),
    Grant(
        "rds:CreateDBSnapshot rds:DescribeDBSnapshots rds:DeleteDBSnapshot rds:AddTagsToResource "
        "rds:ListTagsForResource",
        _SNAPSHOTS,
    ),
    Grant("rds:CreateDBSnapshot", names.DATABASES),
    Grant("rds:RestoreDBInstanceFromDBSnapshot", _SNAPSHOTS + _TEMPORARY_DATABASES + names.DATABASE_PARTS),
    Grant("rds:ModifyDBInstance rds:DeleteDBInstance", _TEMPORARY_DATABASES),
    Grant("secretsmanager:GetSecretValue", names.RDS_SECRETS),
    Grant(
        "sqs:GetQueueUrl sqs:GetQueueAttributes sqs:ReceiveMessage sqs:ChangeMessageVisibility sqs:SendMessage",
        names.QUEUES,
    ),
    Grant("logs:FilterLogEvents logs:DescribeLogGroups", names.LOG_GROUPS_AND_STREAMS),
)
"""`rollback recovery`: copies of stores, read back and restored."""

GUARD = (
    Grant(
        "dynamodb:DescribeTable dynamodb:DescribeTimeToLive dynamodb:DescribeContinuousBackups dynamodb:Scan",
        names.TABLES,
    ),
    Grant("s3:ListAllMyBuckets", names.EVERYWHERE),
    Grant("s3:ListBucket s3:ListBucketVersions s3:ListBucketMultipartUploads", names.BUCKETS),
    Grant("sqs:GetQueueUrl sqs:GetQueueAttributes", names.QUEUES),
    Grant("logs:DescribeLogGroups logs:DescribeLogStreams", names.LOG_GROUPS),
    Grant("rds:DescribeDBInstances", names.DATABASES),
    Grant("s3:ListBucket s3:ListBucketVersions", names.RECOVERY),
    Grant("s3:GetObject s3:GetObjectVersion", names.RECOVERY_OBJECTS),
)
"""The guard of an update and `rollback audit`: stores and their copies are looked at before one may go."""

LEDGER = (
    Grant("s3:ListBucket s3:ListBucketVersions s3:GetBucketVersioning s3:GetBucketPublicAccessBlock", names.RECOVERY),
    Grant("s3:GetEncryptionConfiguration", names.RECOVERY),
    Grant("s3:GetObject s3:GetObjectVersion s3:PutObject", names.RECOVERY_OBJECTS),
)
"""The ledger of updates, which every update and audit adds to."""

DELIVERY = (
    *_SHIFTS,
    Grant("codedeploy:CreateDeployment", names.GROUPS),
    Grant("codedeploy:StopDeployment", names.EVERYWHERE),
    Grant("codedeploy:RegisterApplicationRevision codedeploy:GetApplicationRevision", names.APPLICATIONS),
    Grant("codedeploy:GetApplication", names.APPLICATIONS),
    Grant("codedeploy:GetDeploymentConfig", names.DEPLOYMENT_CONFIGS),
    Grant("lambda:GetAlias lambda:UpdateAlias lambda:GetFunctionConfiguration", names.FUNCTIONS_AND_VERSIONS),
    Grant("s3:GetObject s3:GetObjectVersion", names.ARTIFACT_OBJECTS),
)
"""What CodeDeploy is asked for during an update: deployments, their stop, and the way back."""

SETTLING = (
    Grant("iam:GetRole iam:GetRolePolicy iam:ListAttachedRolePolicies", names.ROLES),
    Grant("sqs:GetQueueUrl sqs:GetQueueAttributes", names.QUEUES),
    Grant("sns:GetTopicAttributes sns:ListSubscriptionsByTopic", names.TOPICS),
    Grant("sns:ListTopics iam:ListPolicies lambda:ListLayerVersions", names.EVERYWHERE),
    Grant("dynamodb:DescribeTable", names.TABLES),
    Grant("rds:DescribeDBInstances", names.DATABASES),
    Grant("s3:ListBucket", names.BUCKETS),
    Grant("apigateway:GET", names.REST_APIS + names.HTTP_APIS),
    Grant("cloudwatch:DescribeAlarms", names.ALARMS),
    Grant("cloudwatch:GetDashboard", names.DASHBOARDS),
    Grant("codedeploy:GetApplication", names.APPLICATIONS),
    Grant("codedeploy:GetDeploymentGroup", names.GROUPS),
    Grant(
        "lambda:GetAlias lambda:GetFunctionConfiguration lambda:GetFunctionEventInvokeConfig lambda:GetPolicy",
        names.FUNCTIONS_AND_VERSIONS,
    ),
    Grant("lambda:GetLayerVersion", names.LAYER_VERSIONS),
    Grant("lambda:ListEventSourceMappings", names.EVERYWHERE),
    Grant("logs:DescribeLogGroups logs:DescribeMetricFilters", names.LOG_GROUPS),
    Grant("ssm:GetParameter", names.PARAMETERS),
)
"""After an update that was killed: what it did create is looked for (``cli.resources``)."""

STEPS: dict[str, tuple[Grant, ...]] = {
    "status": STATUS,
    "checks": CHECKS,
    "preflight": PREFLIGHT,
    "recovery": RECOVERY,
    "guard": GUARD,
    "ledger": LEDGER,
    "delivery": DELIVERY,
    "settling": SETTLING,
}
