"""What may name a Lambda function in order to invoke it, and where.

Every type of the AWS SDK with a property that its documentation calls a function's ARN or URI is here or in
``NOT_CALLED``; a test reads the SDK for new ones. Texts anywhere below a property count, whole JSON documents too.
"""

from __future__ import annotations

from collections.abc import Mapping

PERMISSION = "aws:lambda/permission:Permission"
EVENT_SOURCE = "aws:lambda/eventSourceMapping:EventSourceMapping"
FUNCTION_URL = "aws:lambda/functionUrl:FunctionUrl"
INVOCATION = "aws:lambda/invocation:Invocation"
STATE_MACHINE = "aws:sfn/stateMachine:StateMachine"
SCHEDULE = "aws:scheduler/schedule:Schedule"
MAINTENANCE = "aws:ssm/maintenanceWindowTask:MaintenanceWindowTask"

FIREHOSE = tuple(
    f"{kind}Configuration"
    for kind in (
        "elasticsearch",
        "extendedS3",
        "httpEndpoint",
        "iceberg",
        "opensearch",
        "opensearchserverless",
        "redshift",
        "snowflake",
        "splunk",
    )
)

INVOKERS: Mapping[str, tuple[str, ...]] = {
    PERMISSION: ("function",),
    EVENT_SOURCE: ("functionName",),
    FUNCTION_URL: ("functionName",),
    INVOCATION: ("functionName",),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": ("destinationConfig",),
    "aws:alb/targetGroupAttachment:TargetGroupAttachment": ("targetId",),
    "aws:apigateway/authorizer:Authorizer": ("authorizerUri",),
    "aws:apigateway/integration:Integration": ("uri",),
    "aws:apigateway/restApi:RestApi": ("body",),
    "aws:apigatewayv2/api:Api": ("body", "target"),
    "aws:apigatewayv2/authorizer:Authorizer": ("authorizerUri",),
    "aws:apigatewayv2/integration:Integration": ("integrationUri",),
    "aws:appconfig/configurationProfile:ConfigurationProfile": ("validators",),
    "aws:appconfig/extension:Extension": ("actionPoints",),
    "aws:appsync/api:Api": ("eventConfig",),
    "aws:appsync/dataSource:DataSource": ("lambdaConfig",),
    "aws:appsync/function:Function": ("syncConfig",),
    "aws:appsync/graphQLApi:GraphQLApi": ("additionalAuthenticationProviders", "lambdaAuthorizerConfig"),
    "aws:appsync/resolver:Resolver": ("syncConfig",),
    "aws:arcregionswitch/plan:Plan": ("workflows",),
    "aws:athena/dataCatalog:DataCatalog": ("parameters",),
    "aws:autoscaling/group:Group": ("terminationPolicies",),
    "aws:autoscaling/lifecycleHook:LifecycleHook": ("notificationTargetArn",),
    "aws:bedrock/agentAgent:AgentAgent": ("promptOverrideConfiguration",),
    "aws:bedrock/agentAgentActionGroup:AgentAgentActionGroup": ("actionGroupExecutor",),
    "aws:bedrock/agentDataSource:AgentDataSource": ("vectorIngestionConfiguration",),
    "aws:bedrock/agentFlow:AgentFlow": ("definition",),
    "aws:bedrock/agentcoreEvaluator:AgentcoreEvaluator": ("evaluatorConfig",),
    "aws:bedrock/agentcoreGateway:AgentcoreGateway": ("interceptorConfigurations",),
    "aws:bedrock/agentcoreGatewayTarget:AgentcoreGatewayTarget": ("targetConfiguration",),
    "aws:cfg/organizationCustomRule:OrganizationCustomRule": ("lambdaFunctionArn",),
    "aws:cfg/rule:Rule": ("source",),
    "aws:chime/sdkvoiceSipMediaApplication:SdkvoiceSipMediaApplication": ("endpoints",),
    "aws:chimesdkmediapipelines/mediaInsightsPipelineConfiguration:MediaInsightsPipelineConfiguration": ("elements",),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": ("alarmActions", "insufficientDataActions", "okActions"),
    "aws:cloudwatch/eventTarget:EventTarget": ("arn",),
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": ("destinationArn",),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("alarmActions", "insufficientDataActions", "okActions"),
    "aws:codecommit/trigger:Trigger": ("triggers",),
    "aws:cognito/userPool:UserPool": ("lambdaConfig",),
    "aws:ec2clientvpn/endpoint:Endpoint": ("clientConnectOptions",),
    "aws:ecs/service:Service": ("deploymentConfiguration",),
    "aws:iot/authorizer:Authorizer": ("authorizerFunctionArn",),
    "aws:iot/provisioningTemplate:ProvisioningTemplate": ("preProvisioningHook",),
    "aws:iot/topicRule:TopicRule": ("errorAction", "lambdas"),
    "aws:ivschat/room:Room": ("messageReviewHandler",),
    "aws:kendra/dataSource:DataSource": ("customDocumentEnrichmentConfiguration",),
    "aws:kinesis/analyticsApplication:AnalyticsApplication": ("inputs", "outputs"),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": FIREHOSE,
    "aws:kinesisanalyticsv2/application:Application": ("applicationConfiguration",),
    "aws:lb/targetGroupAttachment:TargetGroupAttachment": ("targetId",),
    "aws:lex/botAlias:BotAlias": ("conversationLogs",),
    "aws:lex/intent:Intent": ("dialogCodeHook", "fulfillmentActivity"),
    "aws:mailmanager/ruleSet:RuleSet": ("rules",),
    "aws:pinpoint/app:App": ("campaignHook",),
    "aws:pipes/pipe:Pipe": ("enrichment", "target"),
    "aws:s3/bucketNotification:BucketNotification": ("lambdaFunctions",),
    "aws:s3control/objectLambdaAccessPoint:ObjectLambdaAccessPoint": ("configuration",),
    "aws:sagemaker/labelingJob:LabelingJob": ("humanTaskConfig",),
    SCHEDULE: ("target",),
    "aws:secretsmanager/secretRotation:SecretRotation": ("rotationLambdaArn",),
    "aws:ses/receiptRule:ReceiptRule": ("lambdaActions",),
    STATE_MACHINE: ("definition",),
    "aws:ssm/document:Document": ("content",),
    "aws:sns/topicSubscription:TopicSubscription": ("endpoint",),
    MAINTENANCE: ("taskArn",),
    "aws:transfer/server:Server": ("function",),
    "aws:transfer/workflow:Workflow": ("onExceptionSteps", "steps"),
    "aws:vpclattice/targetGroupAttachment:TargetGroupAttachment": ("target",),
}
"""Type -> the properties in which it names functions that it invokes."""
EDGES: Mapping[str, tuple[str, ...]] = {
    "aws:cloudfront/distribution:Distribution": ("defaultCacheBehavior", "orderedCacheBehaviors"),
    "aws:cloudfront/multitenantDistribution:MultitenantDistribution": ("cacheBehaviors", "defaultCacheBehavior"),
}
"""CloudFront takes a version's number and no alias (CloudFront Developer Guide, "Restrictions on Lambda@Edge")."""
NAMED: Mapping[str, str] = {
    PERMISSION: "function",
    EVENT_SOURCE: "functionName",
    FUNCTION_URL: "functionName",
    INVOCATION: "functionName",
}
"""Properties that take a function's bare name as well as its ARN."""
QUALIFIERS: Mapping[str, str] = {
    PERMISSION: "qualifier",
    FUNCTION_URL: "qualifier",
    INVOCATION: "qualifier",
    MAINTENANCE: "taskInvocationParameters.lambdaParameters.qualifier",
}
"""These name the alias in a property of its own."""
NOT_CALLED: Mapping[str, str] = {
    "aws:connect/lambdaFunctionAssociation:LambdaFunctionAssociation": "takes the function without a qualifier alone",
    "aws:synthetics/canary:Canary": "makes a function of its own",
    "aws:sagemaker/model:Model": "a provider of credentials for a private registry",
    "aws:sagemaker/trainingJob:TrainingJob": "a provider of credentials for a private registry",
    "aws:cloudtrail/trail:Trail": "which calls are recorded",
}
"""Types that name a function and don't take its traffic, with the reason."""
