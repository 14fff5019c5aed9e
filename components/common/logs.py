"""The log groups of a system's functions: of every function that any release has, so that no rollback takes logs away.

Runbook async-rag, level 2, removes functions; its part on the root cause then asks what their logs say.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.common.context import Context


class FunctionLogs(pulumi.ComponentResource):
    """One log group a function. Args: functions: physical name by the runbook's; days: how long events are kept."""

    def __init__(
        self,
        system: str,
        functions: Mapping[str, str],
        days: int,
        context: Context,
        parent: pulumi.Resource,
    ) -> None:
        super().__init__("rollback:parts:FunctionLogs", f"{system}-logs", None, pulumi.ResourceOptions(parent=parent))
        tags = context.tags(system)
        self.of = {
            name: aws.cloudwatch.LogGroup(
                f"{system}-{name}-logs",
                name=f"/aws/lambda/{physical_name}",
                retention_in_days=days,
                tags=tags,
                opts=pulumi.ResourceOptions(parent=self, aliases=[pulumi.Alias(parent=_before(parent, system, name))]),
            )
            for name, physical_name in sorted(functions.items())
        }
        self.register_outputs({})


def _before(parent: pulumi.Resource, system: str, name: str) -> pulumi.Output[str]:
    """The function's own component, below which its log group was declared until 2026-11-26."""
    return parent.urn.apply(lambda urn: f"{urn.rpartition('::')[0]}$rollback:parts:VersionedFunction::{system}-{name}")
