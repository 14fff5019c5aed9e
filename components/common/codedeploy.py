"""What every use of CodeDeploy shares: who may take its role, and what the topic hears."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

ASSUME = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "codedeploy.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
TOLD = ("DeploymentStart", "DeploymentSuccess", "DeploymentFailure", "DeploymentStop", "DeploymentRollback")


def tell(topic: pulumi.Input[str]) -> aws.codedeploy.DeploymentGroupTriggerConfigurationArgs:
    """Tell a topic of every start, end and rollback of a group's deployments."""
    return aws.codedeploy.DeploymentGroupTriggerConfigurationArgs(
        trigger_name="tell", trigger_target_arn=topic, trigger_events=list(TOLD)
    )
