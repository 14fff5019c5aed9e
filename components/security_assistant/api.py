"""The REST API of security-assistant, with the one stage that SAM makes of it.

The API, its routes and its stage are alike in every release: what changes is the version behind the alias ``live``.
"""

from __future__ import annotations

import hashlib
import json

import pulumi
import pulumi_aws as aws

from components.common.context import Context
from components.common.function import VersionedFunction
from components.security_assistant.names import SYSTEM
from stacks.security_assistant import SecurityAssistantSettings

ROUTES = (("health", "GET"), ("jobs", "POST"), ("jobs/{job_id}", "GET"))
"""Paths below the stage, parents first, with the method of each."""


class Api(pulumi.ComponentResource):
    """API, routes, deployment, stage with throttles."""

    def __init__(
        self,
        context: Context,
        settings: SecurityAssistantSettings,
        function: VersionedFunction,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("rollback:security-assistant:Api", f"{SYSTEM}-api-gateway", None, opts)
        self.context, self.function = context, function
        self.child = pulumi.ResourceOptions(parent=self)
        self.api = aws.apigateway.RestApi(
            f"{SYSTEM}-rest-api",
            name=f"{SYSTEM}-{context.stack}",
            endpoint_configuration=aws.apigateway.RestApiEndpointConfigurationArgs(types="REGIONAL"),
            tags=context.tags(SYSTEM),
            # Names of APIs may repeat, so a new one answers before the old one goes (CKV_AWS_237).
            opts=pulumi.ResourceOptions.merge(self.child, pulumi.ResourceOptions(delete_before_replace=False)),
        )
        self._permit()
        deployment = self._deployment(self._routes())
        self.stage = aws.apigateway.Stage(
            f"{SYSTEM}-stage",
            rest_api=self.api.id,
            deployment=deployment.id,
            stage_name=context.stack,
            tags=context.tags(SYSTEM),
            opts=self.child,
        )
        self._throttle(settings)
        self.url: pulumi.Output[str] = self.stage.invoke_url
        self.register_outputs({"url": self.url})

    def _permit(self) -> None:
        aws.lambda_.Permission(
            f"{SYSTEM}-api-from-gateway",
            statement_id="from-rest-api",
            action="lambda:InvokeFunction",
            function=self.function.function.name,
            qualifier=self.function.alias.name,
            principal="apigateway.amazonaws.com",
            source_arn=self.api.execution_arn.apply(lambda arn: f"{arn}/*"),
            opts=self.child,
        )

    def _routes(self) -> list[pulumi.Resource]:
        """A resource per part of every path, a method and an integration per route."""
        parts: dict[str, pulumi.Output[str]] = {"": self.api.root_resource_id}
        made: list[pulumi.Resource] = []
        for path, verb in ROUTES:
            above, _, last = path.rpartition("/")
            name = f"{SYSTEM}-{path.replace('/', '-').strip('{}').replace('{', '')}"
            resource = aws.apigateway.Resource(
                f"{name}-resource", rest_api=self.api.id, parent_id=parts[above], path_part=last, opts=self.child
            )
            parts[path] = resource.id
            method = aws.apigateway.Method(
                f"{name}-{verb.lower()}",
                rest_api=self.api.id,
                resource_id=resource.id,
                http_method=verb,
                authorization="NONE",
                opts=self.child,
            )
            made.append(
                aws.apigateway.Integration(
                    f"{name}-{verb.lower()}-integration",
                    rest_api=self.api.id,
                    resource_id=resource.id,
                    http_method=method.http_method,
                    type="AWS_PROXY",
                    integration_http_method="POST",
                    uri=self.function.invoke_arn,
                    opts=self.child,
                )
            )
        return made

    def _deployment(self, routes: list[pulumi.Resource]) -> aws.apigateway.Deployment:
        """What the stage serves: frozen, and made anew only when the routes are others."""
        digest = hashlib.sha256(json.dumps(ROUTES).encode()).hexdigest()
        return aws.apigateway.Deployment(
            f"{SYSTEM}-deployment",
            rest_api=self.api.id,
            triggers={"routes": digest},
            opts=pulumi.ResourceOptions(parent=self, depends_on=routes),
        )

    def _throttle(self, settings: SecurityAssistantSettings) -> None:
        """Stopped (runbook security-assistant, scenario 3) means a rate of 0: every request is answered with 429."""
        limits = settings.throttle
        aws.apigateway.MethodSettings(
            f"{SYSTEM}-throttle",
            rest_api=self.api.id,
            stage_name=self.stage.stage_name,
            method_path="*/*",
            settings=aws.apigateway.MethodSettingsSettingsArgs(
                throttling_rate_limit=0 if settings.stopped else limits.rate,
                throttling_burst_limit=0 if settings.stopped else limits.burst,
                metrics_enabled=True,
            ),
            opts=self.child,
        )
