"""A service of security-assistant's shape as a Pulumi program, for takeovers: what a team writes that comes from SAM.

The file ``said.json`` beside it changes what it declares, so that one program serves for all tests.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import pulumi
import pulumi_aws as aws

SAID = json.loads(Path(__file__).with_name("said.json").read_text())
STAGE = SAID.get("stage", "prod")
TAGS = {"system": "security-assistant"}
LAMBDA = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
ASSUME = json.dumps({"Version": "2012-10-17", "Statement": [LAMBDA]})
ROUTES = (("health", "GET"), ("jobs", "POST"), ("jobs/{job_id}", "GET"))


class Account(pulumi.ComponentResource):
    """The provider lies in a component, as in the project."""

    def __init__(self) -> None:
        super().__init__("trial:parts:Account", "account")
        number = aws.get_caller_identity(opts=pulumi.InvokeOptions(parent=self)).account_id
        self.provider = aws.Provider(
            "aws",
            region="us-east-1",
            allowed_account_ids=[number],
            default_tags=aws.ProviderDefaultTagsArgs(tags={"project": "trial"}),
            opts=pulumi.ResourceOptions(parent=self),
        )


class Function(pulumi.ComponentResource):
    """Role, log group, function, alias."""

    def __init__(
        self,
        name: str,
        physical: str,
        code: str,
        environment: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("trial:parts:Function", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs", name=f"/aws/lambda/{physical}", retention_in_days=30, tags=TAGS, opts=child
        )
        role = aws.iam.Role(f"{name}-role", name=physical, assume_role_policy=ASSUME, tags=TAGS, opts=child)
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            name="own",
            role=role.name,
            policy=logs.arn.apply(
                lambda arn: json.dumps(
                    {
                        "Version": "2012-10-17",
                        "Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": f"{arn}:*"}],
                    }
                )
            ),
            opts=child,
        )
        self.function = aws.lambda_.Function(
            f"{name}-function",
            name=physical,
            role=role.arn,
            runtime="python3.11",
            handler="handler.handler",
            s3_bucket="code",
            s3_key=code,
            memory_size=256,
            timeout=30,
            environment=aws.lambda_.FunctionEnvironmentArgs(variables=environment),
            publish=True,
            tags=TAGS,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

        def moved(args: pulumi.ResourceHookArgs) -> None:
            pulumi.log.info(f"alias of {physical} moves to {(args.new_inputs or {})['functionVersion']}")

        hook = pulumi.ResourceHook(f"shift {name}", moved)
        self.alias = aws.lambda_.Alias(
            f"{name}-live",
            name="live",
            function_name=self.function.name,
            function_version=self.function.version,
            opts=pulumi.ResourceOptions(parent=self, hooks=pulumi.ResourceHookBinding(before_update=[hook])),
        )


class Api(pulumi.ComponentResource):
    """API, routes, deployment, stage."""

    def __init__(self, function: Function, opts: pulumi.ResourceOptions) -> None:
        super().__init__("trial:parts:Api", "api-gateway", None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.api = aws.apigateway.RestApi(
            "rest-api",
            name=f"security-assistant-{STAGE}",
            endpoint_configuration=aws.apigateway.RestApiEndpointConfigurationArgs(types="REGIONAL"),
            tags=TAGS,
            opts=child,
        )
        aws.lambda_.Permission(
            "from-gateway",
            statement_id="from-rest-api",
            action="lambda:InvokeFunction",
            function=function.function.name,
            qualifier=function.alias.name,
            principal="apigateway.amazonaws.com",
            source_arn=self.api.execution_arn.apply(lambda arn: f"{arn}/*"),
            opts=child,
        )
        parts, made = {"": self.api.root_resource_id}, []
        for path, verb in ROUTES:
            above, _, last = path.rpartition("/")
            resource = aws.apigateway.Resource(
                f"{path}-resource", rest_api=self.api.id, parent_id=parts[above], path_part=last, opts=child
            )
            parts[path] = resource.id
            where = {"rest_api": self.api.id, "resource_id": resource.id, "http_method": verb}
            method = aws.apigateway.Method(f"{path}-method", **where, authorization="NONE", opts=child)
            integration = aws.apigateway.Integration(
                f"{path}-integration",
                **where,
                type="AWS_PROXY",
                integration_http_method="POST",
                uri=function.alias.invoke_arn,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[method]),
            )
            made.append(integration)
        deployment = aws.apigateway.Deployment(
            "deployment",
            rest_api=self.api.id,
            triggers={"routes": str(len(ROUTES))},
            opts=pulumi.ResourceOptions(parent=self, depends_on=made),
        )
        self.stage = aws.apigateway.Stage(
            "stage", rest_api=self.api.id, deployment=deployment.id, stage_name=STAGE, tags=TAGS, opts=child
        )
        aws.apigateway.MethodSettings(
            "throttle",
            rest_api=self.api.id,
            stage_name=self.stage.stage_name,
            method_path="*/*",
            settings=aws.apigateway.MethodSettingsSettingsArgs(throttling_rate_limit=50, throttling_burst_limit=100),
            opts=child,
        )


class Service(pulumi.ComponentResource):
    """The whole."""

    def __init__(self, provider: aws.Provider) -> None:
        super().__init__("trial:systems:Service", "service", None, pulumi.ResourceOptions(providers=[provider]))
        child = pulumi.ResourceOptions(parent=self)
        store = pulumi.ResourceOptions(parent=self, protect=SAID.get("protect", True))
        table = aws.dynamodb.Table(
            "jobs",
            name=f"security-assistant-jobs-{STAGE}",
            billing_mode="PAY_PER_REQUEST",
            hash_key=SAID.get("key", "job_id"),
            attributes=[aws.dynamodb.TableAttributeArgs(name=SAID.get("key", "job_id"), type="S")],
            tags=TAGS,
            opts=store,
        )
        dead = aws.sqs.Queue(
            "dead-letters",
            name=f"security-assistant-processing-dlq-{STAGE}",
            message_retention_seconds=1209600,
            tags=TAGS,
            opts=store,
        )
        queue = aws.sqs.Queue(
            "processing",
            name=f"security-assistant-processing-{STAGE}",
            visibility_timeout_seconds=180,
            redrive_policy=dead.arn.apply(lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})),
            tags=TAGS,
            opts=store,
        )
        topic = aws.sns.Topic("alarms", name=f"security-assistant-alarms-{STAGE}", tags=TAGS, opts=child)
        environment = {"STAGE": STAGE, "JOBS_TABLE": table.name}
        told = {**environment, "PROCESSING_QUEUE_URL": queue.url}
        api = Function("api", f"security-assistant-api-{STAGE}", "api.zip", told, child)
        worker = Function("worker", f"security-assistant-worker-{STAGE}", "worker.zip", environment, child)
        aws.lambda_.EventSourceMapping(
            "consumer", event_source_arn=queue.arn, function_name=worker.alias.arn, batch_size=5, tags=TAGS, opts=child
        )
        Api(api, child)
        watched = {"api": api, "worker": worker}
        alarms = {name: self.alarm(name, function, topic) for name, function in watched.items()}
        self.shifting(alarms)

    def alarm(self, name: str, function: Function, topic: aws.sns.Topic) -> aws.cloudwatch.MetricAlarm:
        return aws.cloudwatch.MetricAlarm(
            f"{name}-errors",
            name=f"security-assistant-{STAGE}-{name}-error-rate",
            namespace="AWS/Lambda",
            metric_name="Errors",
            dimensions={"FunctionName": function.function.name},
            statistic="Sum",
            period=300,
            evaluation_periods=1,
            threshold=10,
            comparison_operator="GreaterThanThreshold",
            alarm_actions=[topic.arn],
            tags=TAGS,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def shifting(self, alarms: dict[str, aws.cloudwatch.MetricAlarm]) -> None:
        child = pulumi.ResourceOptions(parent=self)
        application = aws.codedeploy.Application(
            "application", name=f"security-assistant-{STAGE}", compute_platform="Lambda", tags=TAGS, opts=child
        )
        role = aws.iam.Role("codedeploy", name="codedeploy", assume_role_policy=ASSUME, tags=TAGS, opts=child)
        for name, alarm in alarms.items():
            aws.codedeploy.DeploymentGroup(
                f"{name}-group",
                app_name=application.name,
                deployment_group_name=f"security-assistant-{name}-{STAGE}",
                service_role_arn=role.arn,
                deployment_config_name="CodeDeployDefault.LambdaAllAtOnce",
                deployment_style=aws.codedeploy.DeploymentGroupDeploymentStyleArgs(
                    deployment_type="BLUE_GREEN", deployment_option="WITH_TRAFFIC_CONTROL"
                ),
                alarm_configuration=aws.codedeploy.DeploymentGroupAlarmConfigurationArgs(
                    enabled=True, alarms=[alarm.name]
                ),
                tags=TAGS,
                opts=child,
            )


Service(Account().provider)
pulumi.export("release", SAID.get("release", "v1"))
