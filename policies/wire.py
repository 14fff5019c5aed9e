"""What the engine sends over the Analyzer protocol, as the resources that policies look at.

Source: pulumi/analyzer.proto, and what pulumi-policy 1.21.0 makes of it (deserialize.py, policy.py). Properties are
converted when the first check looks at them, and once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy.deserialize import SPECIAL_ARCHIVE_SIG, SPECIAL_ASSET_SIG, SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY
from pulumi_policy.proxy import (
    UNKNOWN_ARCHIVE_VALUE,
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_ASSET_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE,
    UNKNOWN_STRING_VALUE,
)

from policies.subject import UNKNOWN, Resource, Stack

SENTINELS = frozenset(
    {
        UNKNOWN_ARCHIVE_VALUE,
        UNKNOWN_ARRAY_VALUE,
        UNKNOWN_ASSET_VALUE,
        UNKNOWN_BOOLEAN_VALUE,
        UNKNOWN_NUMBER_VALUE,
        UNKNOWN_OBJECT_VALUE,
        UNKNOWN_STRING_VALUE,
    }
)
"""What stands for a value that only an update will tell."""
PROVIDERS = ("aws:", "kubernetes:")


def resource(message: analyzer_pb2.AnalyzeRequest | analyzer_pb2.AnalyzerResource, **connections: Any) -> Resource:
    """A resource out of ``AnalyzeRequest`` or ``AnalyzerResource``; ``connections``: what only the latter knows."""
    options = message.options
    return Resource(
        type=message.type,
        name=message.name,
        urn=message.urn,
        given=message.properties,
        read=properties,
        protect=options.protect,
        delete_before_replace=options.deleteBeforeReplace if options.deleteBeforeReplaceDefined else None,
        ignore_changes=tuple(options.ignoreChanges),
        parent=options.parent or None,
        custom=message.HasField("provider") or message.type.startswith(PROVIDERS),
        **connections,
    )


def stack(message: analyzer_pb2.AnalyzeStackRequest) -> Stack:
    """All resources of a stack. What they depend on outside of it is left out, as pulumi-policy does."""
    urns = {each.urn for each in message.resources}
    return Stack(
        resource(
            each,
            dependencies=tuple(urn for urn in each.dependencies if urn in urns),
            sources={
                path: tuple(urn for urn in found.urns if urn in urns)
                for path, found in each.propertyDependencies.items()
            },
        )
        for each in message.resources
    )


def properties(message: struct_pb2.Struct) -> dict[str, Any]:
    """A resource's properties as plain data. Secrets are their values, and unknown values ``UNKNOWN``."""
    return {key: plain(value) for key, value in message.fields.items()}


def plain(value: struct_pb2.Value) -> Any:
    """A property as plain data. Numbers are floats, also those that JSON has no word for."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text in SENTINELS else text
    if kind == "struct_value":
        converted = properties(value.struct_value)
        return _marked(converted) if SPECIAL_SIG_KEY in converted else converted
    if kind == "list_value":
        return [plain(each) for each in value.list_value.values]
    if kind == "number_value":
        return value.number_value
    return value.bool_value if kind == "bool_value" else None


def _marked(value: Mapping[str, Any]) -> Any:
    """The secret, asset or archive that an object with a signature stands for; the object where it is none of these."""
    signature = value[SPECIAL_SIG_KEY]
    if signature == SPECIAL_SECRET_SIG:
        return value.get("value")
    if signature == SPECIAL_ASSET_SIG:
        return _first(value, path=pulumi.FileAsset, text=pulumi.StringAsset, uri=pulumi.RemoteAsset)
    if signature == SPECIAL_ARCHIVE_SIG:
        parts = value.get("assets")
        if isinstance(parts, Mapping) and all(
            isinstance(part, pulumi.Asset | pulumi.Archive) for part in parts.values()
        ):
            return pulumi.AssetArchive(dict(parts))
        return _first(value, path=pulumi.FileArchive, uri=pulumi.RemoteArchive)
    return value


def _first(value: Mapping[str, Any], **kinds: Any) -> Any:
    """The asset or archive that the first key which is there names."""
    return next((make(value[key]) for key, make in kinds.items() if isinstance(value.get(key), str)), value)
