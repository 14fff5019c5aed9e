"""Every answer of the emulated account beside botocore's models: raw bodies, which no parser has cleaned.

A client that `watch` has seen raises on an answer that the service's model doesn't describe: a member that the model
lacks, a value of another type, a required member that is missing, an unknown value of an enumeration, a timestamp in
another format, an error code that neither the operation nor the API reference's common errors name. What is known and
stays is in `allowed.yaml`, with its reason.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import yaml

ALLOWED = Path(__file__).parents[1] / "sandbox" / "account" / "allowed.yaml"
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)")
COMMON = frozenset(
    {
        *("AccessDenied", "AccessDeniedException", "ExpiredToken", "IncompleteSignature", "InternalFailure"),
        *("InternalError", "InvalidAction", "InvalidParameterCombination", "InvalidParameterValue", "MissingParameter"),
        *("ServiceUnavailable", "SlowDown", "Throttling", "ThrottlingException", "UnrecognizedClientException"),
        *("ValidationError", "ValidationException", "InvalidRequest", "InvalidArgument", "SerializationException"),
        # the S3 API reference's list; the model has a few of them
        *("NoSuchBucket", "NoSuchKey", "NoSuchVersion", "BucketNotEmpty", "PreconditionFailed", "MalformedXML"),
        *("NoSuchBucketPolicy", "NoSuchLifecycleConfiguration", "NoSuchTagSet", "MethodNotAllowed", "BadDigest"),
        *(
            "NoSuchPublicAccessBlockConfiguration",
            "ServerSideEncryptionConfigurationNotFoundError",
            "InvalidBucketName",
        ),
        *(
            "BucketAlreadyExists",
            "BucketAlreadyOwnedByYou",
            "ConditionalRequestConflict",
            "InvalidRange",
            "NotModified",
        ),
        *("NoSuchCORSConfiguration", "NoSuchWebsiteConfiguration", "ReplicationConfigurationNotFoundError"),
        *(
            "ObjectLockConfigurationNotFoundError",
            "InvalidObjectState",
            "EntityTooSmall",
            "NoSuchUpload",
            "InvalidPart",
        ),
    }
)
"""Codes that the API references name for every operation, and S3's, whose model leaves most out."""


def watch(client: Any) -> Any:
    """Hold every answer that a client gets to the service's model; returns the client."""
    client.meta.events.register("before-parse", _check)
    return client


def _check(operation_model: Any, response_dict: Mapping[str, Any], **_: Any) -> None:
    found = [each for each in faults(operation_model, response_dict) if not is_allowed(each)]
    assert not found, "\n".join(found)


def is_allowed(fault: str) -> bool:
    """Whether a fault is one of those that are known."""
    return any(fnmatchcase(fault, pattern) for pattern in allowed())


@functools.cache
def allowed() -> dict[str, str]:
    """The known faults, as patterns, with the reasons."""
    return {entry["fault"]: entry["reason"] for entry in yaml.safe_load(ALLOWED.read_text()) or []}


def faults(operation: Any, answer: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with an answer, as ``service.Operation path: fault``."""
    head = f"{operation.service_model.service_name}.{operation.name}"
    body, status = answer["body"], answer["status_code"]
    if operation.has_event_stream_output or (operation.has_streaming_output and status < 300):
        return
    try:
        if status >= 300:
            found = _error(operation, answer)
        elif operation.output_shape is None or not body:
            found = iter(())
        elif _is_json(answer):
            found = _json_body(operation.output_shape, body)
        else:
            found = _xml_body(operation, body)
        for fault in found:
            yield f"{head} {fault}"
    except (ValueError, ElementTree.ParseError) as error:
        yield f"{head} body: not readable: {error}"


def _is_json(answer: Mapping[str, Any]) -> bool:
    return bool(answer["body"].lstrip()[:1] in (b"{", b"[")) or "json" in str(answer["headers"].get("Content-Type"))


# --- errors


def _error(operation: Any, answer: Mapping[str, Any]) -> Iterator[str]:
    if not answer["body"]:
        return
    code = _code(answer)
    modelled = {shape.error_code for shape in operation.error_shapes} | {shape.name for shape in operation.error_shapes}
    if code not in modelled | COMMON:
        yield f"error: {code} is none of the operation's"


def _code(answer: Mapping[str, Any]) -> str:
    if _is_json(answer):
        body = json.loads(answer["body"])
        named = answer["headers"].get("x-amzn-ErrorType") or body.get("__type") or body.get("code") or ""
        return str(named).partition(":")[0].rpartition("#")[2]
    root = ElementTree.fromstring(answer["body"])
    return next((each.text or "" for each in root.iter() if _plain(each) == "Code"), "")


# --- JSON


def _json_body(shape: Any, body: bytes) -> Iterator[str]:
    payload = shape.serialization.get("payload")
    if payload:
        shape = shape.members[payload]
        if shape.type_name != "structure":
            return
    yield from _json(shape, json.loads(body), "")


def _json(shape: Any, value: Any, path: str) -> Iterator[str]:
    if value is None or getattr(shape, "is_document_type", False):
        return
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        yield from _json_structure(shape, value, path)
    elif kind == "list" and isinstance(value, list):
        for item in value:
            yield from _json(shape.member, item, f"{path}[]")
    elif kind == "map" and isinstance(value, dict):
        for item in value.values():
            yield from _json(shape.value, item, f"{path}{{}}")
    elif not _json_fits(shape, value):
        yield f"{path}: {type(value).__name__} where the model has {kind}"
    elif kind == "string" and shape.enum and value not in shape.enum:
        yield f"{path}: {value} is none of the model's values"


def _json_structure(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[str]:
    inside = {name: each for name, each in shape.members.items() if not each.serialization.get("location")}
    known = {each.serialization.get("name", name): each for name, each in inside.items()}
    for name, item in value.items():
        if name in known:
            yield from _json(known[name], item, f"{path}.{name}")
        elif name != "__type":
            yield f"{path}.{name}: unknown to the model"
    for name in shape.required_members:
        if name in inside and inside[name].serialization.get("name", name) not in value:
            yield f"{path}.{name}: required and missing"


_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "blob": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
}


def _json_fits(shape: Any, value: Any) -> bool:
    if shape.type_name == "timestamp":
        if shape.serialization.get("timestampFormat") == "iso8601":
            return isinstance(value, str) and bool(ISO.fullmatch(value))
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    wanted = _JSON_TYPES.get(shape.type_name, ())
    return isinstance(value, wanted) and (not isinstance(value, bool) or bool in wanted)


# --- XML


def _plain(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _xml_body(operation: Any, body: bytes) -> Iterator[str]:
    shape, root = operation.output_shape, ElementTree.fromstring(body)
    wrapper = shape.serialization.get("resultWrapper")
    payload = shape.serialization.get("payload")
    if wrapper:
        root = next((each for each in root if _plain(each) == wrapper), ElementTree.Element(wrapper))
    elif payload:
        shape = shape.members[payload]
        if shape.type_name != "structure":
            return
    yield from _xml_structure(shape, root, "", {"requestId", "ResponseMetadata"})


def _xml_structure(shape: Any, element: Any, path: str, more: set[str] = frozenset()) -> Iterator[str]:  # type: ignore[assignment]
    inside = {name: each for name, each in shape.members.items() if not each.serialization.get("location")}
    known = {_xml_name(name, each): each for name, each in inside.items()}
    seen: dict[str, list[Any]] = {}
    for child in element:
        seen.setdefault(_plain(child), []).append(child)
    for name, children in seen.items():
        if name not in known:
            if name not in more:
                yield f"{path}.{name}: unknown to the model"
        elif known[name].serialization.get("flattened"):
            for child in children:
                yield from _xml_flat(known[name], child, f"{path}.{name}")
        else:
            yield from _xml(known[name], children[0], f"{path}.{name}")
    for name in shape.required_members:
        if name not in inside or inside[name].serialization.get("xmlAttribute"):
            continue
        if _xml_name(name, inside[name]) not in seen and inside[name].type_name not in ("list", "map"):
            yield f"{path}.{name}: required and missing"


def _xml_name(name: str, shape: Any) -> str:
    if shape.type_name == "list" and shape.serialization.get("flattened"):
        return str(shape.member.serialization.get("name", shape.serialization.get("name", name)))
    return str(shape.serialization.get("name", name))


def _xml_flat(shape: Any, child: Any, path: str) -> Iterator[str]:
    if shape.type_name == "list":
        yield from _xml(shape.member, child, f"{path}[]")


def _xml(shape: Any, element: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure":
        yield from _xml_structure(shape, element, path)
    elif kind == "list":
        name = shape.member.serialization.get("name", "member")
        for child in element:
            if _plain(child) == name:
                yield from _xml(shape.member, child, f"{path}[]")
            else:
                yield f"{path}.{_plain(child)}: unknown to the model"
    elif kind != "map" and (element.text or "").strip():
        yield from _xml_scalar(shape, (element.text or "").strip(), path)


def _xml_scalar(shape: Any, text: str, path: str) -> Iterator[str]:
    forms = {"integer": r"-?\d+", "long": r"-?\d+", "boolean": "true|false|True|False", "double": r"-?\d.*"}
    kind = shape.type_name
    if kind == "timestamp" and shape.serialization.get("timestampFormat", "iso8601") == "iso8601":
        if not ISO.fullmatch(text):
            yield f"{path}: {text} isn't a timestamp as the protocol has them"
    elif kind in forms and not re.fullmatch(forms[kind], text):
        yield f"{path}: {text} where the model has {kind}"
    elif kind == "string" and shape.enum and text not in shape.enum:
        yield f"{path}: {text} is none of the model's values"
