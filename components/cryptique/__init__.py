"""cryptique: an application on hosts, brought there by in-place deployments of CodeDeploy.

The revision that is live is one parameter. The engine changes it only after CodeDeploy has brought the revision to
every host and the revision's own hooks found it healthy there; else the parameter, and the hosts, stay what they were.

Source: runbook cryptique (docs/runbooks/cryptique.md).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.common.context import Context
from components.cryptique.delivery import SYSTEM, Delivery
from stacks.artifacts import revision_key
from stacks.cryptique import CryptiqueRelease, CryptiqueSettings
from stacks.selection import Manifests, Selected


class Cryptique(pulumi.ComponentResource):
    """The whole system at one release."""

    def __init__(
        self,
        context: Context,
        selected: Selected,
        _manifests: Manifests,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("rollback:systems:Cryptique", SYSTEM, None, opts)
        release, settings = selected.release, context.settings.of(CryptiqueSettings)
        assert isinstance(release, CryptiqueRelease)
        delivery = Delivery(context, settings, pulumi.ResourceOptions(parent=self))
        bucket = context.settings.project.artifact_bucket
        hook = delivery.hook()
        live = aws.ssm.Parameter(
            f"{SYSTEM}-revision",
            name=f"/{SYSTEM}/{context.stack}/revision",
            type="String",
            description="The revision that the hosts run",
            insecure_value=json.dumps(
                {
                    "bucket": bucket,
                    "key": revision_key(SYSTEM, release.revision),
                    "release": selected.version,
                    "version": release.revision.version,
                },
                sort_keys=True,
            ),
            tags=context.tags(SYSTEM),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[delivery.group],
                hooks=pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook]),
            ),
        )
        self.published: dict[str, pulumi.Output[Mapping[str, object]]] = {}
        touched = live.insecure_value.apply(lambda text: revision_key(SYSTEM, release.revision) in str(text))
        told = f"ssm:/{SYSTEM}/{context.stack}/address"
        address = settings.address or told
        self.summary: dict[str, pulumi.Input[object]] = {
            "release": context.reached(selected, [touched]),
            "pinned": selected.pinned,
            "revision": release.revision.version,
            "health": f"{address}/health",
            "endpoints": {"api": f"{address}/api"},
            "parameter": live.name,
            "application": delivery.application.name,
            "deploymentGroup": delivery.group.deployment_group_name,
            "alarms": delivery.topic.arn,
        }
        self.register_outputs(self.summary)
