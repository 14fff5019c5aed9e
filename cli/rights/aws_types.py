"""What pulumi-aws calls for each resource type that the program declares.

Source: the resources of terraform-provider-aws, which pulumi-aws bridges, and the Service Authorization Reference.
Actions are those of the calls that the provider makes for the arguments in use here, tags and reads among them. The
provider itself asks STS who it is (``PROVIDER``), and the program looks up functions and zips (``PROGRAM``).
"""

from __future__ import annotations

from cli.rights import names
from cli.rights.model import Grant, TypeRights

PROVIDER = (Grant("sts:GetCallerIdentity", names.EVERYWHERE),)
PROGRAM = (
    Grant(
        "lambda:GetFunction lambda:ListVersionsByFunction lambda:GetFunctionCodeSigningConfig",
        names.FUNCTIONS_AND_VERSIONS,
    ),
    Grant("s3:GetObject s3:GetObjectVersion s3:GetObjectTagging s3:GetObjectAttributes", names.ARTIFACT_OBJECTS),
    Grant("s3:ListBucket", names.ARTIFACTS),
)
"""Lambda reads a zip with the rights of who makes the function: those on artifacts are needed for that as well."""

_ZIPS = PROGRAM[1:]
_NETWORK = Grant(
    "ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcs ec2:DescribeNetworkInterfaces", names.EVERYWHERE
)
"""Lambda looks at a function's VPC with the rights of who makes it; the provider waits for its interfaces to go."""
_PASS_TO_FUNCTIONS = Grant(
    "iam:PassRole", names.PASSED_TO_FUNCTIONS, {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
)
_PASS_TO_CODEDEPLOY = Grant(
    "iam:PassRole", names.PASSED_TO_CODEDEPLOY, {"StringEquals": {"iam:PassedToService": "codedeploy.amazonaws.com"}}
)
_FOR_DATABASES = (
    Grant("rds:CreateDBInstance rds:ModifyDBInstance", names.DATABASE_PARTS),
    Grant("secretsmanager:CreateSecret secretsmanager:TagResource secretsmanager:RotateSecret", names.RDS_SECRETS),
    Grant("kms:DescribeKey", names.EVERYWHERE),
    Grant("ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcs", names.EVERYWHERE),
    Grant(
        "iam:CreateServiceLinkedRole",
        ("arn:{partition}:iam::{account}:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS",),
        {"StringLike": {"iam:AWSServiceName": "rds.amazonaws.com"}},
    ),
)
"""RDS user guide, "Permissions required for Secrets Manager integration", "Service-linked role permissions"."""

_REST = TypeRights(names.REST_APIS, "apigateway:POST", "apigateway:GET", "apigateway:PATCH", "apigateway:DELETE")
_REST_PUT = TypeRights(
    names.REST_APIS, "apigateway:PUT", "apigateway:GET", "apigateway:PATCH apigateway:PUT", "apigateway:DELETE"
)
_REST_TAGGED = TypeRights(
    names.REST_APIS,
    "apigateway:POST apigateway:PUT",
    "apigateway:GET",
    "apigateway:PATCH",
    "apigateway:DELETE",
    (Grant("apigateway:GET apigateway:PUT apigateway:POST apigateway:DELETE", names.API_TAGS),),
)
_HTTP = TypeRights(names.HTTP_APIS, "apigateway:POST", "apigateway:GET", "apigateway:PATCH", "apigateway:DELETE")
_HTTP_TAGGED = TypeRights(
    names.HTTP_APIS,
    "apigateway:POST apigateway:PUT",
    "apigateway:GET",
    "apigateway:PATCH",
    "apigateway:DELETE",
    _REST_TAGGED.also,
)
"""apigatewayv2 has the actions of apigateway: they are the methods of HTTP."""


def _bucket_setting(write: str, read: str) -> TypeRights:
    """A setting of a bucket: deleting it writes it."""
    return TypeRights(names.BUCKETS, f"s3:{write}", f"s3:{read} s3:ListBucket", f"s3:{write}", f"s3:{write}")


AWS_TYPES: dict[str, TypeRights] = {
    "aws:apigateway/deployment:Deployment": _REST,
    "aws:apigateway/integration:Integration": _REST_PUT,
    "aws:apigateway/method:Method": _REST_PUT,
    "aws:apigateway/methodSettings:MethodSettings": TypeRights(
        names.REST_APIS, "apigateway:PATCH", "apigateway:GET", "apigateway:PATCH", "apigateway:PATCH"
    ),
    "aws:apigateway/resource:Resource": _REST,
    "aws:apigateway/restApi:RestApi": _REST_TAGGED,
    "aws:apigateway/stage:Stage": _REST_TAGGED,
    "aws:apigatewayv2/api:Api": _HTTP_TAGGED,
    "aws:apigatewayv2/integration:Integration": _HTTP,
    "aws:apigatewayv2/route:Route": _HTTP,
    "aws:apigatewayv2/stage:Stage": _HTTP_TAGGED,
    "aws:cloudwatch/dashboard:Dashboard": TypeRights(
        names.DASHBOARDS,
        "cloudwatch:PutDashboard",
        "cloudwatch:GetDashboard",
        "cloudwatch:PutDashboard",
        "cloudwatch:DeleteDashboards",
    ),
    "aws:cloudwatch/logGroup:LogGroup": TypeRights(
        names.LOG_GROUPS_AND_STREAMS,
        "logs:CreateLogGroup logs:PutRetentionPolicy logs:TagResource",
        "logs:DescribeLogGroups logs:ListTagsForResource",
        "logs:PutRetentionPolicy logs:DeleteRetentionPolicy logs:TagResource logs:UntagResource",
        "logs:DeleteLogGroup",
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": TypeRights(
        names.ALARMS,
        "cloudwatch:PutMetricAlarm cloudwatch:TagResource",
        "cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource",
        "cloudwatch:PutMetricAlarm cloudwatch:TagResource cloudwatch:UntagResource",
        "cloudwatch:DeleteAlarms",
    ),
    "aws:codedeploy/application:Application": TypeRights(
        names.APPLICATIONS,
        "codedeploy:CreateApplication codedeploy:TagResource",
        "codedeploy:GetApplication codedeploy:ListTagsForResource",
        "codedeploy:UpdateApplication codedeploy:TagResource codedeploy:UntagResource",
        "codedeploy:DeleteApplication",
    ),
    "aws:codedeploy/deploymentGroup:DeploymentGroup": TypeRights(
        names.GROUPS,
        "codedeploy:CreateDeploymentGroup codedeploy:TagResource",
        "codedeploy:GetDeploymentGroup codedeploy:ListTagsForResource",
        "codedeploy:UpdateDeploymentGroup codedeploy:TagResource codedeploy:UntagResource",
        "codedeploy:DeleteDeploymentGroup",
        (
            Grant("codedeploy:GetApplication", names.APPLICATIONS),
            Grant("codedeploy:GetDeploymentConfig", names.DEPLOYMENT_CONFIGS),
            _PASS_TO_CODEDEPLOY,
        ),
    ),
    "aws:dynamodb/table:Table": TypeRights(
        names.TABLES,
        "dynamodb:CreateTable dynamodb:TagResource dynamodb:UpdateTimeToLive dynamodb:UpdateContinuousBackups",
        "dynamodb:DescribeTable dynamodb:DescribeContinuousBackups dynamodb:DescribeTimeToLive "
        "dynamodb:ListTagsOfResource",
        "dynamodb:UpdateTable dynamodb:UpdateTimeToLive dynamodb:UpdateContinuousBackups dynamodb:TagResource "
        "dynamodb:UntagResource",
        "dynamodb:DeleteTable",
    ),
    "aws:iam/role:Role": TypeRights(
        names.ROLES,
        "iam:CreateRole iam:TagRole iam:AttachRolePolicy iam:PutRolePolicy iam:PutRolePermissionsBoundary",
        "iam:GetRole iam:ListRolePolicies iam:ListAttachedRolePolicies iam:GetRolePolicy iam:ListRoleTags",
        "iam:UpdateRole iam:UpdateRoleDescription iam:UpdateAssumeRolePolicy iam:TagRole iam:UntagRole "
        "iam:PutRolePermissionsBoundary iam:DeleteRolePermissionsBoundary",
        "iam:DeleteRole iam:DeleteRolePolicy iam:DetachRolePolicy iam:ListInstanceProfilesForRole",
    ),
    "aws:iam/rolePolicy:RolePolicy": TypeRights(
        names.ROLES, "iam:PutRolePolicy", "iam:GetRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy"
    ),
    "aws:lambda/alias:Alias": TypeRights(
        names.FUNCTIONS_AND_VERSIONS,
        "lambda:CreateAlias",
        "lambda:GetAlias",
        "lambda:UpdateAlias",
        "lambda:DeleteAlias",
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": TypeRights(
        names.MAPPINGS,
        "lambda:CreateEventSourceMapping lambda:TagResource",
        "lambda:GetEventSourceMapping lambda:ListTags",
        "lambda:UpdateEventSourceMapping lambda:TagResource lambda:UntagResource",
        "lambda:DeleteEventSourceMapping",
    ),
    "aws:lambda/function:Function": TypeRights(
        names.FUNCTIONS_AND_VERSIONS,
        "lambda:CreateFunction lambda:TagResource lambda:PutFunctionConcurrency lambda:PublishVersion",
        "lambda:GetFunction lambda:GetFunctionConfiguration lambda:ListVersionsByFunction lambda:ListTags "
        "lambda:GetFunctionCodeSigningConfig lambda:GetFunctionConcurrency",
        "lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration lambda:PublishVersion "
        "lambda:PutFunctionConcurrency lambda:DeleteFunctionConcurrency lambda:TagResource lambda:UntagResource "
        "lambda:PutFunctionCodeSigningConfig lambda:DeleteFunctionCodeSigningConfig",
        "lambda:DeleteFunction",
        (*_ZIPS, Grant("lambda:GetLayerVersion", names.LAYER_VERSIONS), _NETWORK, _PASS_TO_FUNCTIONS),
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": TypeRights(
        names.FUNCTIONS_AND_VERSIONS,
        "lambda:PutFunctionEventInvokeConfig",
        "lambda:GetFunctionEventInvokeConfig",
        "lambda:PutFunctionEventInvokeConfig",
        "lambda:DeleteFunctionEventInvokeConfig",
    ),
    "aws:lambda/layerVersion:LayerVersion": TypeRights(
        names.LAYER_VERSIONS,
        "",
        "lambda:GetLayerVersion",
        "",
        "lambda:DeleteLayerVersion",
        (Grant("lambda:PublishLayerVersion", names.LAYERS), *_ZIPS),
    ),
    "aws:lambda/permission:Permission": TypeRights(
        names.FUNCTIONS_AND_VERSIONS,
        "lambda:AddPermission",
        "lambda:GetPolicy",
        "lambda:AddPermission lambda:RemovePermission",
        "lambda:RemovePermission",
    ),
    "aws:rds/instance:Instance": TypeRights(
        names.DATABASES,
        "rds:CreateDBInstance rds:AddTagsToResource rds:ModifyDBInstance rds:RebootDBInstance "
        "rds:CreateDBInstanceReadReplica rds:RestoreDBInstanceFromDBSnapshot",
        "rds:DescribeDBInstances rds:ListTagsForResource",
        "rds:ModifyDBInstance rds:RebootDBInstance rds:AddTagsToResource rds:RemoveTagsFromResource",
        "rds:DeleteDBInstance rds:CreateDBSnapshot",
        _FOR_DATABASES,
    ),
    "aws:s3/bucket:Bucket": TypeRights(
        names.BUCKETS,
        "s3:CreateBucket s3:PutBucketTagging s3:TagResource",
        "s3:ListBucket s3:GetBucketTagging s3:ListTagsForResource s3:GetBucketPolicy s3:GetBucketAcl s3:GetBucketCORS "
        "s3:GetBucketWebsite s3:GetBucketVersioning s3:GetAccelerateConfiguration s3:GetBucketRequestPayment "
        "s3:GetBucketLogging s3:GetLifecycleConfiguration s3:GetReplicationConfiguration "
        "s3:GetEncryptionConfiguration s3:GetBucketObjectLockConfiguration s3:GetBucketLocation",
        "s3:PutBucketTagging s3:TagResource s3:UntagResource",
        "s3:DeleteBucket s3:ListBucketVersions",
        (Grant("s3:DeleteObject s3:DeleteObjectVersion", names.OBJECTS),),
    ),
    "aws:s3/bucketNotification:BucketNotification": _bucket_setting("PutBucketNotification", "GetBucketNotification"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _bucket_setting(
        "PutBucketPublicAccessBlock", "GetBucketPublicAccessBlock"
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _bucket_setting(
        "PutEncryptionConfiguration", "GetEncryptionConfiguration"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _bucket_setting("PutBucketVersioning", "GetBucketVersioning"),
    "aws:sns/topic:Topic": TypeRights(
        names.TOPICS,
        "sns:CreateTopic sns:SetTopicAttributes sns:TagResource",
        "sns:GetTopicAttributes sns:ListTagsForResource",
        "sns:SetTopicAttributes sns:TagResource sns:UntagResource",
        "sns:DeleteTopic",
    ),
    "aws:sqs/queue:Queue": TypeRights(
        names.QUEUES,
        "sqs:CreateQueue sqs:SetQueueAttributes sqs:TagQueue",
        "sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ListQueueTags",
        "sqs:SetQueueAttributes sqs:TagQueue sqs:UntagQueue",
        "sqs:DeleteQueue",
    ),
    "aws:ssm/parameter:Parameter": TypeRights(
        names.PARAMETERS,
        "ssm:PutParameter ssm:AddTagsToResource",
        "ssm:GetParameter ssm:GetParameters ssm:DescribeParameters ssm:ListTagsForResource",
        "ssm:PutParameter ssm:AddTagsToResource ssm:RemoveTagsFromResource",
        "ssm:DeleteParameter",
    ),
}
