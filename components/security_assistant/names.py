"""The names of runbook security-assistant: ``security-assistant-api-prod`` and its like."""

from __future__ import annotations

SYSTEM = "security-assistant"


def function_name(stack: str, function: str) -> str:
    """The deployed name of a function; hooks bear the prefix under which SAM lets CodeDeploy invoke them."""
    if function.endswith("_traffic"):
        return f"CodeDeployHook_{SYSTEM}-{function.removesuffix('_traffic')}-{stack}"
    return f"{SYSTEM}-{function}-{stack}"
