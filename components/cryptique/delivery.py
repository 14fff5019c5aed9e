"""How revisions come to the hosts: CodeDeploy's application and group, and the topic that hears of it."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

from components.common import codedeploy
from components.common.context import Context
from stacks.cryptique import CryptiqueSettings

SYSTEM = "cryptique"
EVENTS = ("DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST")
"""What makes CodeDeploy bring the last good revision back by itself."""
RIGHTS = [
    {"Effect": "Allow", "Action": ["ec2:DescribeInstances", "ec2:DescribeInstanceStatus"], "Resource": "*"},
    {"Effect": "Allow", "Action": ["tag:GetResources"], "Resource": "*"},
]
"""What an in-place deployment needs to find its hosts; none of these actions knows resources."""


class Delivery(pulumi.ComponentResource):
    """Application, role, group, topic."""

    def __init__(self, context: Context, settings: CryptiqueSettings, opts: pulumi.ResourceOptions) -> None:
        super().__init__("rollback:cryptique:Delivery", f"{SYSTEM}-delivery", None, opts)
        self.context, self.child = context, pulumi.ResourceOptions(parent=self)
        self.name = f"{SYSTEM}-{context.stack}"
        tags = context.tags(SYSTEM)
        self.topic = aws.sns.Topic(f"{SYSTEM}-alarms", name=f"{self.name}-deployments", tags=tags, opts=self.child)
        self.application = aws.codedeploy.Application(
            f"{SYSTEM}-application", name=self.name, compute_platform="Server", tags=tags, opts=self.child
        )
        self.group = self._group(settings, self._role())
        self.register_outputs({})

    def hook(self) -> pulumi.ResourceHook:
        """Brings a revision to the hosts before the parameter that names it is written."""
        return self.context.hooks.deploy_revision(self.name, self.name)

    def _role(self) -> aws.iam.Role:
        role = aws.iam.Role(
            f"{SYSTEM}-codedeploy-role",
            name=f"{SYSTEM}-codedeploy-{self.context.stack}",
            assume_role_policy=codedeploy.ASSUME,
            tags=self.context.tags(SYSTEM),
            opts=self.child,
        )
        aws.iam.RolePolicy(
            f"{SYSTEM}-codedeploy-policy",
            name="find-hosts",
            role=role.name,
            policy=self.topic.arn.apply(
                lambda topic: json.dumps(
                    {
                        "Version": "2012-10-17",
                        "Statement": [*RIGHTS, {"Effect": "Allow", "Action": ["sns:Publish"], "Resource": topic}],
                    },
                    sort_keys=True,
                )
            ),
            opts=self.child,
        )
        return role

    def _group(self, settings: CryptiqueSettings, role: aws.iam.Role) -> aws.codedeploy.DeploymentGroup:
        wanted = {"system": SYSTEM, "stack": self.context.stack}
        ec2 = settings.hosts == "ec2"
        return aws.codedeploy.DeploymentGroup(
            f"{SYSTEM}-group",
            app_name=self.application.name,
            deployment_group_name=self.name,
            service_role_arn=role.arn,
            deployment_config_name=f"CodeDeployDefault.{settings.deployment}",
            deployment_style=aws.codedeploy.DeploymentGroupDeploymentStyleArgs(
                deployment_type="IN_PLACE", deployment_option="WITHOUT_TRAFFIC_CONTROL"
            ),
            # Filters of one list are alternatives; a host has to bear both tags, so EC2 gets two sets of one each.
            ec2_tag_sets=[
                aws.codedeploy.DeploymentGroupEc2TagSetArgs(
                    ec2_tag_filters=[
                        aws.codedeploy.DeploymentGroupEc2TagSetEc2TagFilterArgs(
                            key=key, value=value, type="KEY_AND_VALUE"
                        )
                    ]
                )
                for key, value in wanted.items()
            ]
            if ec2
            else None,
            # The provider knows no sets for on-premises hosts: the tag that only this group's hosts bear has to do.
            on_premises_instance_tag_filters=None
            if ec2
            else [
                aws.codedeploy.DeploymentGroupOnPremisesInstanceTagFilterArgs(
                    key=f"{SYSTEM}-stack", value=self.context.stack, type="KEY_AND_VALUE"
                )
            ],
            auto_rollback_configuration=aws.codedeploy.DeploymentGroupAutoRollbackConfigurationArgs(
                enabled=True, events=list(EVENTS)
            ),
            trigger_configurations=[codedeploy.tell(self.topic.arn)],
            tags=self.context.tags(SYSTEM),
            opts=self.child,
        )
