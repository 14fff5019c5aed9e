"""CodeDeploy's side of security-assistant: application, role, and a deployment group per function.

Source: SAM, "Deploying serverless applications gradually" (what DeploymentPreference expands to).
"""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

from components.common import codedeploy
from components.common.context import Context
from components.common.function import Shift
from components.security_assistant.names import SYSTEM, function_name
from components.security_assistant.observability import Observability
from stacks.function import Wanted
from stacks.security_assistant import FUNCTIONS, SecurityAssistantSettings

EVENTS = ("DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST")
"""What makes CodeDeploy go back by itself."""


class Shifting(pulumi.ComponentResource):
    """The application, its role, and the groups."""

    def __init__(
        self,
        context: Context,
        settings: SecurityAssistantSettings,
        observed: Observability,
        release: str,
        back: bool,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("rollback:security-assistant:Shifting", f"{SYSTEM}-shifting", None, opts)
        self.context, self.settings, self.observed = context, settings, observed
        self.release, self.back = release, back
        self.application = aws.codedeploy.Application(
            f"{SYSTEM}-application",
            name=f"{SYSTEM}-{context.stack}",
            compute_platform="Lambda",
            tags=context.tags(SYSTEM),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.role = self._role()
        self.groups = {name: self._group(name) for name in FUNCTIONS}
        self.register_outputs({})

    def group_name(self, function: str) -> str:
        """The name of a function's deployment group."""
        return function_name(self.context.stack, function)

    def of(self, function: str) -> Shift:
        """How a function's alias moves; its hooks decide with it (runbook security-assistant, automatic rollback)."""
        stack = self.context.stack
        hooks = {
            "BeforeAllowTraffic": function_name(stack, "pre_traffic"),
            "AfterAllowTraffic": function_name(stack, "post_traffic"),
        }
        wanted = Wanted(SYSTEM, function, self.release)
        group = self.group_name(function)
        hook = self.context.hooks.shift_alias(f"{SYSTEM}-{stack}", group, hooks, self.back, wanted)
        return Shift(hook, [self.groups[function]])

    def _role(self) -> aws.iam.Role:
        context = self.context
        role = aws.iam.Role(
            f"{SYSTEM}-codedeploy-role",
            name=f"{SYSTEM}-codedeploy-{context.stack}",
            assume_role_policy=codedeploy.ASSUME,
            tags=context.tags(SYSTEM),
            opts=pulumi.ResourceOptions(parent=self),
        )
        region, account = context.settings.region, context.account.id
        document = pulumi.Output.all(account, self.observed.topic.arn).apply(
            lambda found: json.dumps(
                {"Version": "2012-10-17", "Statement": _rights(region, found[0], context.stack, found[1])},
                sort_keys=True,
            )
        )
        aws.iam.RolePolicy(
            f"{SYSTEM}-codedeploy-policy",
            name="move-own-aliases",
            role=role.name,
            policy=document,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return role

    def _group(self, function: str) -> aws.codedeploy.DeploymentGroup:
        guards = self.observed.guards[function]
        return aws.codedeploy.DeploymentGroup(
            f"{SYSTEM}-{function}-group",
            app_name=self.application.name,
            deployment_group_name=self.group_name(function),
            service_role_arn=self.role.arn,
            deployment_config_name=f"CodeDeployDefault.Lambda{self.settings.deployment}",
            deployment_style=aws.codedeploy.DeploymentGroupDeploymentStyleArgs(
                deployment_type="BLUE_GREEN", deployment_option="WITH_TRAFFIC_CONTROL"
            ),
            alarm_configuration=aws.codedeploy.DeploymentGroupAlarmConfigurationArgs(
                enabled=True, alarms=[alarm.name for alarm in guards]
            ),
            auto_rollback_configuration=aws.codedeploy.DeploymentGroupAutoRollbackConfigurationArgs(
                enabled=True, events=list(EVENTS)
            ),
            trigger_configurations=[codedeploy.tell(self.observed.topic.arn)],
            tags=self.context.tags(SYSTEM),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _rights(region: str, account: str, stack: str, topic: str) -> list[dict[str, object]]:
    """What CodeDeploy may do: move these two aliases, ask these two hooks, look at alarms, tell the topic."""
    functions = f"arn:aws:lambda:{region}:{account}:function"
    aliases = [f"{functions}:{function_name(stack, name)}" for name in FUNCTIONS]
    hooks = [f"{functions}:{function_name(stack, name)}" for name in ("pre_traffic", "post_traffic")]
    return [
        {
            "Effect": "Allow",
            "Action": ["lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"],
            "Resource": [*aliases, *(f"{alias}:*" for alias in aliases)],
        },
        {"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": hooks},
        {"Effect": "Allow", "Action": ["cloudwatch:DescribeAlarms"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["sns:Publish"], "Resource": topic},
    ]
