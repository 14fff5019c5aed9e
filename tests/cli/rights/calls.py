"""Which API operations code calls, and which IAM action each of them needs."""

from __future__ import annotations

import ast
import dataclasses
import functools
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from botocore import xform_name
from botocore.session import Session

from sandbox.providers.aws.model import Type

ACTIONS = {
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:HeadObject": "s3:GetObject",
    "s3:CopyObject": "s3:PutObject",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:DeleteBucketTagging": "s3:PutBucketTagging",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "lambda:Invoke": "lambda:InvokeFunction",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}
"""Operations whose action has another name (Service Authorization Reference); the others have the operation's own."""
METHODS = {"Create": "POST", "Get": "GET", "Update": "PATCH", "Put": "PUT", "Delete": "DELETE"}
"""API Gateway's actions are methods of HTTP."""


def action(operation: str) -> str:
    """The IAM action of ``service:Operation``, where the service is botocore's."""
    service, _, name = operation.partition(":")
    if service in ("apigateway", "apigatewayv2"):
        named = {"TagResource": "PUT", "UntagResource": "DELETE"}
        return f"apigateway:{named.get(name) or next(verb for head, verb in METHODS.items() if name.startswith(head))}"
    return ACTIONS.get(operation, operation)


@functools.cache
def known_services() -> tuple[Session, frozenset[str]]:
    """botocore, and the services that it knows: half a second, once."""
    session = Session()
    return session, frozenset(session.get_available_services())


@functools.cache
def operations(service: str) -> dict[str, str]:
    """Method -> operation of a service, as botocore has them; none where it knows no such service."""
    session, services = known_services()
    if service not in services:
        return {}
    return {xform_name(name): name for name in session.get_service_model(service).operation_names}


def of_type(kind: Type) -> set[str]:
    """The operations (``service:Operation``) that the sandbox's plugin calls for a type.

    Those of its row, and those whose names stand in its hooks or in functions of the same room that these call.
    """
    words = {kind.create, kind.read, kind.delete, *kind.update}
    seen: set[FunctionType] = set()
    for field in dataclasses.fields(kind):
        value = getattr(kind, field.name)
        for each in _functions(value):
            words |= set(_words(each, seen))
    own = {f"{kind.service}:{name}" for word, name in operations(kind.service).items() if word in words}
    others = [word for word in words if word != kind.service and operations(word)]
    known = operations(kind.service)
    return own | {
        f"{other}:{name}" for other in others for word, name in operations(other).items() if word in words - set(known)
    }


def _functions(value: Any) -> Iterator[FunctionType]:
    if isinstance(value, FunctionType):
        yield value
    elif isinstance(value, dict):
        yield from (each for each in value.values() if isinstance(each, FunctionType))
    elif isinstance(value, tuple):
        for part in value:
            found = (getattr(part, "write", None), getattr(part, "read", None))
            yield from (each for each in found if isinstance(each, FunctionType))


def _words(function: FunctionType, seen: set[FunctionType]) -> Iterator[str]:
    if function in seen:
        return
    seen.add(function)
    yield from _constants(function.__code__)
    for cell in function.__closure__ or ():
        held = cell.cell_contents
        if isinstance(held, str):
            yield held
        elif isinstance(held, FunctionType):
            yield from _words(held, seen)
    for name in _names(function.__code__):
        called = function.__globals__.get(name)
        if isinstance(called, FunctionType) and called.__module__.startswith("sandbox.providers.aws.types"):
            yield from _words(called, seen)


def _constants(code: CodeType) -> Iterator[str]:
    for each in code.co_consts:
        if isinstance(each, str):
            yield each
        elif isinstance(each, CodeType):
            yield from _constants(each)
        elif isinstance(each, tuple):
            yield from (word for word in each if isinstance(word, str))


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _names(each)


SERVICES = (
    *("apigateway", "apigatewayv2", "cloudwatch", "codedeploy", "dynamodb", "ec2", "iam", "kms", "lambda", "logs"),
    *("rds", "s3", "secretsmanager", "sns", "sqs", "ssm", "sts", "efs"),
)


def in_source(folder: Path) -> dict[str, list[str]]:
    """Where a folder's code calls an operation or names one: method -> the files.

    A method's name says nothing of its service: that several have it is for the reader to bear.
    """
    known = {word for service in SERVICES for word in operations(service) if "_" in word}
    found: dict[str, list[str]] = {}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            word = ""
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                word = node.func.attr
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                word = node.value
            if word in known:
                found.setdefault(word, []).append(str(path))
    return found


def meant(method: str) -> set[str]:
    """The actions that a method's name may mean, one for each service that has it."""
    return {action(f"{each}:{operations(each)[method]}") for each in SERVICES if method in operations(each)}
