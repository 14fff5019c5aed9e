"""What the state has and the account doesn't: deleted by hand, or by an update that was refused half-way.

An update doesn't look, so it would end well with nothing behind the alias. Forgotten by the state, it is made anew.
Only functions and layers, which hold no data: nothing else may be forgotten without a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cli.preflight.published import Versions
from core.state import live_resources_of, resources_of_type
from stacks.artifact_objects import FUNCTION, LAYER

LAMBDA = "aws:lambda/"


def lost_resources(state: Mapping[str, Any], existing: Mapping[str, Versions | None], client: Any) -> list[str]:
    """The URNs of functions and layer versions that are gone, and of what goes with a function: aliases, permissions.

    Raises what boto3 raises.
    """
    gone = [
        each["urn"]
        for each in resources_of_type(state, FUNCTION)
        if existing[str((each.get("outputs") or {}).get("name"))] is None
    ]
    layers = [each["urn"] for each in resources_of_type(state, LAYER) if _is_gone(client, str(each.get("id")))]
    return [*_with_dependents(state, gone), *layers]


def _is_gone(client: Any, arn: str) -> bool:
    layer, _, number = arn.rpartition(":")
    if not number.isdigit():
        return False  # a creation that was cut off; ``cli.killed_updates`` looks after those
    try:
        client.get_layer_version(LayerName=layer, VersionNumber=int(number))
    except client.exceptions.ResourceNotFoundException:
        return True
    return False


def _with_dependents(state: Mapping[str, Any], gone: Iterable[str]) -> list[str]:
    """The functions, and what Lambda itself has of them; the state lists what others depend on before them."""
    found = dict.fromkeys(gone)
    if not found:
        return []
    for resource in live_resources_of(state):
        if resource["type"].startswith(LAMBDA) and set(resource.get("dependencies") or ()) & set(found):
            found[resource["urn"]] = None
    return list(found)
