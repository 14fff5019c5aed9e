"""The AWS plugin as one process for many engines and providers: ``python -m tests.guard.plugin``.

An engine that joins a plugin (``PULUMI_DEBUG_PROVIDERS``) opens a connection for each provider of the program and
configures it there. The sandbox's plugin is one provider, as every plugin that an engine starts itself; this one keeps
one for each connection. Starting a plugin costs 0.3 s of CPU a provider, and a sequence of the fuzz has ten.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import cache
from typing import Any

from sandbox.providers import plugin
from sandbox.providers.aws.api import Api
from sandbox.providers.aws.service import AwsProvider

CONNECTIONS = 64
"""Of which a provider is kept; engines that have ended leave theirs behind."""


class Configured(AwsProvider):
    """A provider that shares its clients with all others of its region."""

    def Configure(self, request: Any, context: Any) -> Any:
        """As the plugin does it."""
        answer = super().Configure(request, context)
        self._api = _shared(self.api.endpoint, self.api.region)
        return answer


class Providers:
    """Hands each call to the provider of its connection."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, Configured] = OrderedDict()
        self._lock = threading.Lock()

    def __getattr__(self, method: str) -> Any:
        return lambda request, context: getattr(self._provider(context.peer()), method)(request, context)

    def _provider(self, peer: str) -> Configured:
        with self._lock:
            found = self._of.pop(peer, None) or Configured()
            self._of[peer] = found
            while len(self._of) > CONNECTIONS:
                self._of.popitem(last=False)
            return found


@cache
def _shared(endpoint: str, region: str) -> Api:
    return Api(endpoint, region)


if __name__ == "__main__":
    plugin.serve(Providers())
