"""Before traffic: the new version, still without any, passes the smoke test."""

from __future__ import annotations

from typing import Any

from assistant import lifecycle, smoke
from assistant.lifecycle import Context, Target


def handler(event: dict[str, Any], context: Context) -> dict[str, str]:
    """Answer CodeDeploy's BeforeAllowTraffic."""
    return lifecycle.run(event, context, _check)


def _check(target: Target, seconds: float) -> None:
    smoke.check(target.function, target.version, target.version, seconds)
