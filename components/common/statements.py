"""IAM statements: single actions on single resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

Statement = Mapping[str, Any]

CONSUME = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"]
"""What Lambda needs of a queue whose messages it hands to a function."""


def allow(actions: list[str], resource: pulumi.Input[str]) -> pulumi.Output[Statement]:
    """Allow the actions on one resource."""
    return pulumi.Output.from_input(resource).apply(lambda arn: {"Effect": "Allow", "Action": actions, "Resource": arn})


def all_of(*statements: pulumi.Output[Statement]) -> pulumi.Output[Sequence[Statement]]:
    """Statements of one policy."""
    return pulumi.Output.all(*statements)
