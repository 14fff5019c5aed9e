"""security-assistant: an API, a worker behind a queue, and CodeDeploy between a release and its traffic.

What SAM makes of such a template, as native resources: published versions behind the alias ``live``, a deployment
group per function with alarms and hook functions, a REST API with one stage.

Source: runbook security-assistant (docs/runbooks/security-assistant.md).
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.common.context import Context
from components.common.function import VersionedFunction
from components.security_assistant.api import Api
from components.security_assistant.functions import declare
from components.security_assistant.names import SYSTEM
from components.security_assistant.observability import Observability
from components.security_assistant.shifting import Shifting
from components.security_assistant.stores import Stores
from components.security_assistant.worker import consume
from stacks.security_assistant import SecurityAssistantRelease, SecurityAssistantSettings
from stacks.selection import Manifests, Selected


class SecurityAssistant(pulumi.ComponentResource):
    """The whole system at one release."""

    def __init__(
        self,
        context: Context,
        selected: Selected,
        _manifests: Manifests,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("rollback:systems:SecurityAssistant", SYSTEM, None, opts)
        release, settings = selected.release, context.settings.of(SecurityAssistantSettings)
        assert isinstance(release, SecurityAssistantRelease)
        child = pulumi.ResourceOptions(parent=self)
        stores = Stores(context, settings, child)
        observed = Observability(context, settings, stores, child)
        shifting = Shifting(context, settings, observed, selected.version, context.goes_back(selected), child)
        functions: dict[str, VersionedFunction] = declare(context, selected, release, stores, shifting, self)
        api = Api(context, settings, functions["api"], child)
        consume(context, settings, functions["worker"], stores, self)
        self.published: dict[str, pulumi.Output[Mapping[str, object]]] = {
            function.spec.physical_name: function.memory for function in functions.values()
        }
        self.summary: dict[str, pulumi.Input[object]] = {
            "release": context.reached(selected, (each.touched for each in functions.values())),
            "pinned": selected.pinned,
            "stopped": settings.stopped,
            "health": api.url.apply(lambda url: f"{url}/health"),
            "endpoints": {"api": api.url},
            "stores": stores.names(),
            "functions": {name: function.arn for name, function in sorted(functions.items())},
            "deploymentGroups": {name: shifting.group_name(name) for name in shifting.groups},
            "alarms": observed.topic.arn,
            "dashboard": f"{SYSTEM}-{context.stack}",
        }
        self.register_outputs(self.summary)
