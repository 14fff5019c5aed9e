"""Resources as the engine sends them over the Analyzer protocol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policies.subject import UNKNOWN, Resource


def struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(encoded(properties))
    return message


def encoded(value: Any) -> Any:
    if value is UNKNOWN:
        return UNKNOWN_STRING_VALUE
    if isinstance(value, Mapping):
        return {key: encoded(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [encoded(each) for each in value]
    return value


def request(resource: Resource) -> Any:
    """Before the resource is made."""
    return _message(analyzer_pb2.AnalyzeRequest, resource)


def stack_request(resources: Iterable[Resource]) -> Any:
    """All of a stack, at its end."""
    return analyzer_pb2.AnalyzeStackRequest(
        resources=[
            _message(
                analyzer_pb2.AnalyzerResource,
                each,
                parent=each.parent or "",
                dependencies=each.dependencies,
                propertyDependencies={
                    path: analyzer_pb2.AnalyzerPropertyDependencies(urns=urns) for path, urns in each.sources.items()
                },
            )
            for each in resources
        ]
    )


def _message(kind: Any, resource: Resource, **more: Any) -> Any:
    message = kind(
        type=resource.type,
        name=resource.name,
        urn=resource.urn,
        properties=struct(resource.props),
        options=analyzer_pb2.AnalyzerResourceOptions(
            protect=resource.protect,
            deleteBeforeReplace=bool(resource.delete_before_replace),
            deleteBeforeReplaceDefined=resource.delete_before_replace is not None,
            ignoreChanges=resource.ignore_changes,
            parent=resource.parent or "",
        ),
        **more,
    )
    if resource.custom:
        message.provider.type = "pulumi:providers:aws"
    return message
