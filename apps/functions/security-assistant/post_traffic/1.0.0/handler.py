"""After the traffic has moved: the alias serves the new version and nothing else, and passes the smoke test."""

from __future__ import annotations

import time
from typing import Any

from assistant import aws, lifecycle, smoke
from assistant.lifecycle import Context, HookError, Target

# Lambda moves an alias within seconds, not at once.
_ATTEMPTS = 5
_PAUSE_SECONDS = 1.0


def handler(event: dict[str, Any], context: Context) -> dict[str, str]:
    """Answer CodeDeploy's AfterAllowTraffic."""
    return lifecycle.run(event, context, _check)


def _check(target: Target, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    for attempt in range(_ATTEMPTS):
        found = _serving(target)
        if found == target.version:
            break
        if attempt == _ATTEMPTS - 1:
            raise HookError(f"{target.function}:{target.alias} serves {found}, not version {target.version}")
        time.sleep(_PAUSE_SECONDS)
    smoke.check(target.function, target.alias, target.version, deadline - time.monotonic())


def _serving(target: Target) -> str:
    """The versions behind the alias, in words."""
    alias = aws.client("lambda").get_alias(FunctionName=target.function, Name=target.alias)
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return " and ".join([alias["FunctionVersion"], *(f"{share:.0%} {version}" for version, share in weights.items())])
