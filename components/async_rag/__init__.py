"""async-rag: documents put into a bucket are processed through queues, with a synchronous path beside.

Level 1 of its runbook is the setting ``async-rag:route=legacy``; level 2 is a release without the async path. Both
are plain stack updates that keep every durable store.

Source: runbook async-rag (docs/runbooks/async-rag.md).
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.async_rag import functions as declared
from components.async_rag.apis import Api, declare_routes, management_endpoint
from components.async_rag.observability import Observability
from components.async_rag.routing import Routing, takes_async_path
from components.async_rag.stores import Stores
from components.common.context import Context
from stacks.async_rag import AsyncRagRelease, AsyncRagSettings
from stacks.selection import Manifests, Selected


class AsyncRag(pulumi.ComponentResource):
    """The whole system at one release."""

    def __init__(
        self,
        context: Context,
        selected: Selected,
        _manifests: Manifests,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("rollback:systems:AsyncRag", "async-rag", None, opts)
        release = selected.release
        assert isinstance(release, AsyncRagRelease)
        settings = context.settings.of(AsyncRagSettings)
        child = pulumi.ResourceOptions(parent=self)
        stores = Stores(context, settings, child)
        socket = Api("websocket", "WEBSOCKET", context.stack, context, child)
        query = Api("query", "HTTP", "$default", context, child)
        functions = declared.declare(context, settings, selected, release, stores, management_endpoint(socket), self)
        Routing(context, settings, release, stores, functions, child)
        declare_routes(socket, query, functions)
        observed = Observability(context, settings, stores, functions, child)
        asynchronous = takes_async_path(settings, release)
        self.published: dict[str, pulumi.Output[Mapping[str, object]]] = {
            function.spec.physical_name: function.memory for function in functions.values()
        }
        self.summary: dict[str, pulumi.Input[object]] = {
            "release": context.reached(selected, (each.touched for each in functions.values())),
            "pinned": selected.pinned,
            "route": "async" if asynchronous else "legacy",
            "health": query.url.apply(lambda url: f"{url}/health"),
            "endpoints": {"query": query.url, "websocket": socket.url},
            "stores": stores.names(),
            "functions": {name: function.arn for name, function in sorted(functions.items())},
            "alarms": observed.topic.arn,
            "dashboard": f"amplify-rag-{context.stack}",
            "frontend": {"REACT_APP_USE_WEBSOCKET": str(asynchronous and settings.websocket_in_frontend).lower()},
        }
        self.register_outputs(self.summary)
