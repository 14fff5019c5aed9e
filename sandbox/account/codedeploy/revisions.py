"""Revisions: where an AppSpec comes from, and what a Lambda AppSpec says.

Source: CodeDeploy user guide, "AppSpec file structure for AWS Lambda deployments"; API reference, RevisionLocation.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import yaml
from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends

from sandbox.account.codedeploy.model import Refusal, Target, required

EVENTS = ("BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic")
"""The phases of a Lambda deployment; all but AllowTraffic may have a hook."""

MEMBERS = {
    "S3": "s3Location",
    "GitHub": "gitHubLocation",
    "String": "string",
    "AppSpecContent": "appSpecContent",
}
INVALID = (
    "The deployment failed because the AppSpec file that specifies the AWS Lambda deployment configuration is missing"
    " or has an invalid configuration."
)


class RevisionError(Exception):
    """A revision that a deployment fails with: a code of the API's ErrorCode, and its message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class AppSpec:
    """What an AppSpec asks for: the aliases to move, and the hook functions by event."""

    targets: list[Target]
    hooks: dict[str, str]


def check(given: dict[str, Any], platform: str) -> dict[str, Any]:
    """Return the revision of a CreateDeployment request; refuses what can't be one."""
    revision: dict[str, Any] = required(given, "revision")
    kind = revision.get("revisionType")
    if kind not in MEMBERS or not revision.get(MEMBERS[kind]):
        text = f"The revision needs a revisionType ({', '.join(MEMBERS)}) and the location of that type."
        raise Refusal("InvalidRevisionException", text)
    if platform == "Lambda" and kind == "GitHub":
        raise Refusal("InvalidRevisionException", "Lambda deployments don't take GitHub revisions.")
    if platform == "Server" and kind not in ("S3", "GitHub"):
        raise Refusal("InvalidRevisionException", "Deployments to instances take S3 and GitHub revisions only.")
    if kind in ("String", "AppSpecContent"):
        block = revision[MEMBERS[kind]]
        content = block.get("content") or ""
        if block.get("sha256") not in (None, "", hashlib.sha256(content.encode()).hexdigest()):
            raise Refusal("InvalidRevisionException", "The sha256 isn't that of the revision's content.")
        _document(content)
    return revision


def _document(content: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise Refusal("InvalidRevisionException", f"The AppSpec is neither YAML nor JSON: {error}") from error
    if not isinstance(found, dict):
        raise Refusal("InvalidRevisionException", "The AppSpec is empty or isn't a mapping.")
    return found


def read(backend: Any, revision: dict[str, Any]) -> AppSpec:
    """Return what a revision's AppSpec asks for; raises RevisionError."""
    kind = revision["revisionType"]
    block = revision[MEMBERS[kind]]
    content = _content(backend, block).decode("utf-8", "replace") if kind == "S3" else block["content"]
    try:
        document = _document(content)
    except Refusal as error:
        raise RevisionError("INVALID_REVISION", str(error)) from error
    targets = [_target(resource) for named in _list(document, "Resources") for resource in named.values()]
    if not targets:
        raise RevisionError("INVALID_LAMBDA_CONFIGURATION", f"{INVALID} It names no resources.")
    hooks = {event: str(function) for entry in _list(document, "Hooks") for event, function in entry.items()}
    if unknown := sorted(set(hooks) - {"BeforeAllowTraffic", "AfterAllowTraffic"}):
        raise RevisionError("INVALID_LAMBDA_CONFIGURATION", f"{INVALID} Unknown hooks: {', '.join(unknown)}.")
    return AppSpec(targets, hooks)


def _list(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = document.get(name) or []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise RevisionError("INVALID_LAMBDA_CONFIGURATION", f"{INVALID} {name} isn't a list of mappings.")
    return found


def _target(resource: Any) -> Target:
    properties = resource.get("Properties") if isinstance(resource, dict) else None
    if not isinstance(properties, dict) or resource.get("Type") != "AWS::Lambda::Function":
        text = "A resource needs the Type AWS::Lambda::Function, and Properties."
        raise RevisionError("INVALID_LAMBDA_CONFIGURATION", f"{INVALID} {text}")
    values = [str(properties.get(name) or "") for name in ("Name", "Alias", "CurrentVersion", "TargetVersion")]
    if not all(values):
        text = "A function needs Name, Alias, CurrentVersion and TargetVersion."
        raise RevisionError("INVALID_LAMBDA_CONFIGURATION", f"{INVALID} {text}")
    name, alias, current, target = values
    if current == target:
        raise RevisionError("INVALID_LAMBDA_CONFIGURATION", INVALID)
    return Target(name.rpartition(":function:")[2].partition(":")[0], alias, current, target)


def _content(backend: Any, location: dict[str, Any]) -> bytes:
    bucket, key = location.get("bucket"), location.get("key")
    try:
        found = s3_backends[backend.account_id][backend.partition].get_object(
            bucket, key, version_id=location.get("version")
        )
    except S3ClientError:
        found = None  # there's no such bucket
    if found is None or not hasattr(found, "value"):
        text = f"The deployment failed because the revision s3://{bucket}/{key} doesn't exist."
        raise RevisionError("REVISION_MISSING", text)
    return bytes(found.value)


def check_object(backend: Any, revision: dict[str, Any]) -> None:
    """Raise RevisionError where a revision lies in S3, but isn't there; GitHub isn't looked into."""
    if revision["revisionType"] == "S3":
        _content(backend, revision["s3Location"])


def reverse(targets: list[Target]) -> dict[str, Any]:
    """Return the revision that puts aliases back on the versions from before."""
    resources = [
        {
            target.function: {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Name": target.function,
                    "Alias": target.alias,
                    "CurrentVersion": target.target,
                    "TargetVersion": target.before,
                },
            }
        }
        for target in targets
    ]
    content = json.dumps({"version": 0.0, "Resources": resources})
    digest = hashlib.sha256(content.encode()).hexdigest()
    return {"revisionType": "AppSpecContent", "appSpecContent": {"content": content, "sha256": digest}}
