"""Lambda: what has no name of its own."""

from __future__ import annotations

from cli.resources.account import Account, Inputs, Search, text
from cli.resources.awslambda import consumers


def _consumer(inputs: Inputs, account: Account) -> list[str]:
    """With the qualifier that the inputs name: a consumer with another is another's."""
    return [str(each["UUID"]) for each in consumers(inputs, account)]


def _layer_version(inputs: Inputs, account: Account) -> list[str]:
    """Versions of the layer that hold the same content and say the same of it, the newest first."""
    name, content = text(inputs, "layerName"), text(inputs, "sourceCodeHash")
    versions = [
        each
        for each in account.pages("lambda", "list_layer_versions", "LayerVersions", LayerName=name)
        if (each.get("Description") or "") == (inputs.get("description") or "")
        and set(each.get("CompatibleRuntimes") or ()) == set(inputs.get("compatibleRuntimes") or ())
    ]
    found = []
    for each in sorted(versions, key=lambda version: int(version["Version"]), reverse=True):
        version = account.call("lambda", "get_layer_version", LayerName=name, VersionNumber=int(each["Version"]))
        if version["Content"].get("CodeSha256") == content:
            found.append(str(version["LayerVersionArn"]))
    return found


LOOKED_UP: dict[str, Search[str]] = {
    "aws:lambda/eventSourceMapping:EventSourceMapping": _consumer,
    "aws:lambda/layerVersion:LayerVersion": _layer_version,
}

REPEATABLE = frozenset(LOOKED_UP)
