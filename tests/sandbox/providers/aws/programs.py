"""Every type of the table once, with what it needs around it."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.sandbox.providers.aws import programs_gateway as gateway
from tests.sandbox.providers.aws.harness import Harness, Made
from tests.sandbox.providers.aws.makers import (
    CODE,
    POLICY,
    TRUST,
    alias,
    application,
    archive,
    attachment,
    bucket,
    composite_alarm,
    deployment_group,
    event_rule,
    event_target,
    function,
    instance,
    log_group,
    metric_alarm,
    metric_filter,
    notification,
    on_bucket,
    queue,
    role,
    secret,
    subnet_group,
    subscription,
    topic,
)

PROGRAMS: dict[str, Callable[[Harness], Made]] = {
    "aws:s3/bucket:Bucket": lambda h: bucket(h, tags={"a": "b"}),
    "aws:s3/bucketVersioning:BucketVersioning": on_bucket(
        "aws:s3/bucketVersioning:BucketVersioning", versioningConfiguration={"status": "Enabled"}
    ),
    "aws:s3/bucketNotification:BucketNotification": notification,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": on_bucket(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", blockPublicAcls=True, restrictPublicBuckets=True
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": on_bucket(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        rules=[{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}, "bucketKeyEnabled": True}],
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": on_bucket(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        rules=[
            {
                "id": "old",
                "status": "Enabled",
                "expiration": {"days": 30},
                "filter": {"prefix": "tmp/"},
                "noncurrentVersionExpiration": {"noncurrentDays": 7},
            }
        ],
    ),
    "aws:s3/bucketPolicy:BucketPolicy": on_bucket("aws:s3/bucketPolicy:BucketPolicy", policy=POLICY),
    "aws:s3/bucketObject:BucketObject": on_bucket(
        "aws:s3/bucketObject:BucketObject", key="a/b.txt", content="x", tags={"a": "b"}
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": on_bucket(
        "aws:s3/bucketObjectv2:BucketObjectv2", key="a/b.txt", content="x", contentType="text/plain"
    ),
    "aws:lambda/function:Function": lambda h: function(
        h,
        publish=True,
        environment={"variables": {"A": "1"}},
        reservedConcurrentExecutions=5,
        deadLetterConfig={"targetArn": queue(h).state["arn"]},
        tracingConfig={"mode": "Active"},
        architectures=["arm64"],
        timeout=30,
        memorySize=256,
        description="d",
        tags={"a": "b"},
    ),
    "aws:lambda/alias:Alias": alias,
    "aws:lambda/permission:Permission": lambda h: h.create(
        "aws:lambda/permission:Permission",
        "allow",
        function=function(h).id,
        action="lambda:InvokeFunction",
        principal="s3.amazonaws.com",
        sourceArn="arn:aws:s3:::bucket",
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": lambda h: h.create(
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        "source",
        functionName=function(h).state["name"],
        eventSourceArn=queue(h).state["arn"],
        batchSize=5,
    ),
    "aws:lambda/layerVersion:LayerVersion": lambda h: h.create(
        "aws:lambda/layerVersion:LayerVersion",
        "layer",
        layerName="shared",
        code=archive(CODE),
        compatibleRuntimes=["python3.11"],
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": lambda h: h.create(
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        "config",
        functionName=function(h).id,
        maximumRetryAttempts=1,
        destinationConfig={"onFailure": {"destination": queue(h).state["arn"]}},
    ),
    "aws:sqs/queue:Queue": lambda h: queue(
        h,
        visibilityTimeoutSeconds=60,
        tags={"a": "b"},
        redrivePolicy=json.dumps({"deadLetterTargetArn": queue(h, "dlq").state["arn"], "maxReceiveCount": 3}),
    ),
    "aws:sqs/queuePolicy:QueuePolicy": lambda h: h.create(
        "aws:sqs/queuePolicy:QueuePolicy", "policy", queueUrl=queue(h).id, policy=POLICY
    ),
    "aws:sqs/redrivePolicy:RedrivePolicy": lambda h: h.create(
        "aws:sqs/redrivePolicy:RedrivePolicy",
        "redrive",
        queueUrl=queue(h).id,
        redrivePolicy=json.dumps({"deadLetterTargetArn": queue(h, "dlq").state["arn"], "maxReceiveCount": 3}),
    ),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": lambda h: h.create(
        "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
        "allow",
        queueUrl=queue(h).id,
        redriveAllowPolicy=json.dumps({"redrivePermission": "denyAll"}),
    ),
    "aws:dynamodb/table:Table": lambda h: h.create(
        "aws:dynamodb/table:Table",
        "table",
        hashKey="pk",
        rangeKey="sk",
        billingMode="PAY_PER_REQUEST",
        attributes=[{"name": name, "type": "S"} for name in ("pk", "sk", "gk")],
        globalSecondaryIndexes=[{"name": "by-gk", "hashKey": "gk", "projectionType": "ALL"}],
        streamEnabled=True,
        streamViewType="NEW_AND_OLD_IMAGES",
        ttl={"enabled": True, "attributeName": "expires"},
        pointInTimeRecovery={"enabled": True},
        serverSideEncryption={"enabled": True},
        deletionProtectionEnabled=False,
        tags={"a": "b"},
    ),
    "aws:rds/instance:Instance": instance,
    "aws:rds/subnetGroup:SubnetGroup": subnet_group,
    "aws:rds/parameterGroup:ParameterGroup": lambda h: h.create(
        "aws:rds/parameterGroup:ParameterGroup",
        "params",
        family="postgres15",
        parameters=[{"name": "log_statement", "value": "ddl"}],
        tags={"a": "b"},
    ),
    "aws:apigateway/restApi:RestApi": gateway.rest_api,
    "aws:apigateway/resource:Resource": gateway.rest_resource,
    "aws:apigateway/method:Method": gateway.rest_method,
    "aws:apigateway/integration:Integration": gateway.below_method(
        "aws:apigateway/integration:Integration",
        type="MOCK",
        requestTemplates={"application/json": '{"statusCode": 200}'},
    ),
    "aws:apigateway/methodResponse:MethodResponse": gateway.below_method(
        "aws:apigateway/methodResponse:MethodResponse", statusCode="200", responseModels={"application/json": "Empty"}
    ),
    "aws:apigateway/integrationResponse:IntegrationResponse": gateway.below_method(
        "aws:apigateway/integrationResponse:IntegrationResponse",
        statusCode="200",
        responseTemplates={"application/json": "ok"},
    ),
    "aws:apigateway/deployment:Deployment": gateway.rest_deployment,
    "aws:apigateway/stage:Stage": gateway.rest_stage,
    "aws:apigateway/methodSettings:MethodSettings": gateway.rest_settings,
    "aws:apigatewayv2/api:Api": gateway.http_api,
    "aws:apigatewayv2/integration:Integration": gateway.http_integration,
    "aws:apigatewayv2/route:Route": gateway.http_route,
    "aws:apigatewayv2/stage:Stage": gateway.http_stage,
    "aws:apigatewayv2/deployment:Deployment": lambda h: h.create(
        "aws:apigatewayv2/deployment:Deployment",
        "dep2",
        apiId=gateway.http_route(h).state["apiId"],
        triggers={"v": "1"},
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": metric_alarm,
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": composite_alarm,
    "aws:cloudwatch/dashboard:Dashboard": lambda h: h.create(
        "aws:cloudwatch/dashboard:Dashboard", "board", dashboardName="board", dashboardBody=json.dumps({"widgets": []})
    ),
    "aws:cloudwatch/logGroup:LogGroup": log_group,
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": metric_filter,
    "aws:cloudwatch/eventRule:EventRule": event_rule,
    "aws:cloudwatch/eventTarget:EventTarget": event_target,
    "aws:sns/topic:Topic": lambda h: h.create("aws:sns/topic:Topic", "topic", displayName="d", tags={"a": "b"}),
    "aws:sns/topicSubscription:TopicSubscription": subscription,
    "aws:sns/topicPolicy:TopicPolicy": lambda h: h.create(
        "aws:sns/topicPolicy:TopicPolicy", "tp", arn=topic(h).state["arn"], policy=POLICY
    ),
    "aws:iam/role:Role": lambda h: h.create(
        "aws:iam/role:Role",
        "role",
        assumeRolePolicy=TRUST,
        description="d",
        tags={"a": "b"},
        inlinePolicies=[{"name": "in", "policy": POLICY}],
    ),
    "aws:iam/rolePolicy:RolePolicy": lambda h: h.create(
        "aws:iam/rolePolicy:RolePolicy", "inline", role=role(h).id, policy=POLICY
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": attachment,
    "aws:iam/policy:Policy": lambda h: h.create("aws:iam/policy:Policy", "managed", policy=POLICY, tags={"a": "b"}),
    "aws:iam/instanceProfile:InstanceProfile": lambda h: h.create(
        "aws:iam/instanceProfile:InstanceProfile", "profile", role=role(h).state["name"], tags={"a": "b"}
    ),
    "aws:codedeploy/application:Application": application,
    "aws:codedeploy/deploymentConfig:DeploymentConfig": lambda h: h.create(
        "aws:codedeploy/deploymentConfig:DeploymentConfig",
        "canary",
        deploymentConfigName="canary-20-2",
        computePlatform="Lambda",
        trafficRoutingConfig={"type": "TimeBasedCanary", "timeBasedCanary": {"interval": 2, "percentage": 20}},
    ),
    "aws:codedeploy/deploymentGroup:DeploymentGroup": deployment_group,
    "aws:ssm/parameter:Parameter": lambda h: h.create(
        "aws:ssm/parameter:Parameter", "param", type="String", value="v", description="d", tags={"a": "b"}
    ),
    "aws:secretsmanager/secret:Secret": secret,
    "aws:secretsmanager/secretVersion:SecretVersion": lambda h: h.create(
        "aws:secretsmanager/secretVersion:SecretVersion", "version", secretId=secret(h).id, secretString="s3cret"
    ),
    "aws:kms/key:Key": lambda h: h.create(
        "aws:kms/key:Key", "key", description="d", enableKeyRotation=True, tags={"a": "b"}
    ),
    "aws:kms/alias:Alias": lambda h: h.create(
        "aws:kms/alias:Alias", "alias", name="alias/mine", targetKeyId=h.create("aws:kms/key:Key", "key").state["keyId"]
    ),
    "aws:ec2/securityGroup:SecurityGroup": lambda h: h.create(
        "aws:ec2/securityGroup:SecurityGroup",
        "group",
        description="d",
        ingress=[{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8"]}],
        egress=[{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}],
        tags={"a": "b"},
    ),
}
