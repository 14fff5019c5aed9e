"""The resource types, one file a service; a file is loaded when its first type is asked for."""

from __future__ import annotations

import importlib
import threading
from typing import Final

from sandbox.providers.aws.model import Type

_FILES: Final = {
    "s3": "s3",
    "lambda": "lambda_",
    "sqs": "sqs",
    "dynamodb": "dynamodb",
    "rds": "rds",
    "apigateway": "apigateway",
    "apigatewayv2": "apigatewayv2",
    "cloudwatch": "cloudwatch",
    "sns": "sns",
    "iam": "iam",
    "codedeploy": "codedeploy",
    "ssm": "ssm",
    "secretsmanager": "secretsmanager",
    "kms": "kms",
    "ec2": "ec2",
}
"""Pulumi module -> file here. CloudWatch's module holds alarms, logs and events, as it does in Pulumi."""

_EXTRA: Final = {
    "apigateway": ("apigateway_stages",),
    "cloudwatch": ("logs", "events"),
    "lambda": ("lambda_links",),
    "s3": ("s3_objects",),
}
"""Further files of a module."""

_loaded: dict[str, Type] = {}
_lock = threading.Lock()


class UnknownTypeError(LookupError):
    """A resource type that the sandbox doesn't emulate."""


def find(token: str) -> Type:
    """The type of a Pulumi token as ``aws:sqs/queue:Queue``. Raises `UnknownTypeError`."""
    module = token.split(":")[1].split("/", maxsplit=1)[0] if token.count(":") == 2 else ""
    with _lock:
        if token not in _loaded and module in _FILES:
            _load(module)
    if token not in _loaded:
        raise UnknownTypeError(f"the sandbox's aws provider has no resource type {token}")
    return _loaded[token]


def everything() -> list[Type]:
    """All types, sorted by token."""
    with _lock:
        for module in _FILES:
            _load(module)
    return [_loaded[token] for token in sorted(_loaded)]


def _load(module: str) -> None:
    for name in (_FILES[module], *_EXTRA.get(module, ())):
        for kind in importlib.import_module(f"{__name__}.{name}").TYPES:
            _loaded[kind.token] = kind
