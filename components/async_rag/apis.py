"""The two APIs of async-rag: WebSocket for progress, HTTP for queries.

The HTTP API has the stage ``$default``, so that paths reach the function as they were asked for; a WebSocket API must
have a named one.

The APIs and their stages stay in every release, so that their addresses never change; the routes come and go with
the functions behind them.
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.common.context import Context
from components.common.function import VersionedFunction

SOCKET_ROUTES = {
    "$connect": "websocket_connect",
    "$disconnect": "websocket_disconnect",
    "subscribe": "websocket_subscribe",
    "$default": "websocket_default",
}
QUERY_ROUTES = ("POST /query", "GET /health", "GET /version")


class Api(pulumi.ComponentResource):
    """One API with one stage."""

    def __init__(self, kind: str, protocol: str, stage: str, context: Context, opts: pulumi.ResourceOptions) -> None:
        super().__init__("rollback:async-rag:Api", f"async-rag-{kind}", None, opts)
        self.kind, self.context = kind, context
        tags = context.tags("async-rag")
        self.api = aws.apigatewayv2.Api(
            f"async-rag-{kind}-api",
            name=f"amplify-rag-{context.stack}-{kind}",
            protocol_type=protocol,
            route_selection_expression="$request.body.action" if protocol == "WEBSOCKET" else None,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.stage = aws.apigatewayv2.Stage(
            f"async-rag-{kind}-stage",
            api_id=self.api.id,
            name=stage,
            auto_deploy=True,
            default_route_settings=aws.apigatewayv2.StageDefaultRouteSettingsArgs(
                throttling_burst_limit=500, throttling_rate_limit=200
            ),
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        below = "" if stage == "$default" else f"/{stage}"
        self.url: pulumi.Output[str] = self.api.api_endpoint.apply(lambda base: base + below)
        self.register_outputs({"url": self.url})

    def route(self, keys: tuple[str, ...], function: VersionedFunction) -> None:
        """Send the routes named by ``keys`` to a function's live alias."""
        name = f"async-rag-{self.kind}-{function.spec.name}"
        child = pulumi.ResourceOptions(parent=self)
        integration = aws.apigatewayv2.Integration(
            f"{name}-integration",
            api_id=self.api.id,
            integration_type="AWS_PROXY",
            integration_method="POST",
            integration_uri=function.invoke_arn,
            payload_format_version="1.0",
            opts=child,
        )
        for key in keys:
            aws.apigatewayv2.Route(
                f"{name}-{key.replace(' /', '-').lower().lstrip('$')}",
                api_id=self.api.id,
                route_key=key,
                target=integration.id.apply(lambda identifier: f"integrations/{identifier}"),
                opts=child,
            )
        aws.lambda_.Permission(
            f"{name}-from-api",
            statement_id=f"from-{self.kind}-api",
            action="lambda:InvokeFunction",
            function=function.function.name,
            qualifier=function.alias.name,
            principal="apigateway.amazonaws.com",
            source_arn=self.api.execution_arn.apply(lambda arn: f"{arn}/*"),
            opts=child,
        )


def management_endpoint(socket: Api) -> pulumi.Output[str]:
    """Where a function posts to open connections: the WebSocket API's HTTPS face."""
    return socket.url.apply(lambda url: url.replace("wss://", "https://", 1).replace("ws://", "http://", 1))


def declare_routes(socket: Api, query: Api, functions: dict[str, VersionedFunction]) -> None:
    """The routes of both APIs to the functions that this release has."""
    query.route(QUERY_ROUTES, functions["query_handler"])
    for key, name in SOCKET_ROUTES.items():
        if name in functions:
            socket.route((key,), functions[name])
