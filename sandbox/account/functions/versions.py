"""Versions, aliases and configuration where moto differs from Lambda.

Differences fixed (AWS Lambda API reference, the operations of the same names):
a published version keeps its own code, environment and policy; publishing without a change gives the existing version;
a version's number is never used again; UpdateFunctionCode honours Publish, DryRun, S3ObjectVersion and Architectures;
more configuration is kept (dead letters, tracing, logging, storage); functions and aliases have a RevisionId that
changes with them; each qualifier has its own resource policy.
"""

from __future__ import annotations

import copy
import hashlib
import json
import uuid
from typing import Any

from moto.awslambda import models
from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.policy import Policy
from moto.core.utils import iso_8601_datetime_with_nanoseconds
from moto.s3.exceptions import S3ClientError

KEPT = ("DeadLetterConfig", "LoggingConfig", "FileSystemConfigs", "SnapStart")
"""Settings that moto drops and that are echoed as they were given."""

SETTINGS = {"TracingConfig": "tracing_config", "KMSKeyArn": "kms_key_arn"}
"""Settings that moto takes at creation only, and where it keeps them."""

PASSING = ("LastModified", "RevisionId", "Version", "FunctionArn", "State", "LastUpdateStatus")
OWN = ("code", "environment_vars", "layers", "_vpc_config", "tracing_config", "kept_settings")

_init = models.LambdaFunction.__init__
_get_configuration = models.LambdaFunction.get_configuration
_get_code = models.LambdaFunction.get_code
_update_configuration = models.LambdaFunction.update_configuration
_alias_update = models.LambdaAlias.update


def describe(function: Any) -> str:
    """Return a checksum of a function's code and configuration, equal for equal behaviour."""
    settings = {key: value for key, value in function.get_configuration().items() if key not in PASSING}
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()


def _function_init(self: Any, account_id: str, spec: dict[str, Any], region: str, version: Any = 1) -> None:
    self.kept_settings = {key: spec[key] for key in KEPT if spec.get(key)}
    self.revision_id = str(uuid.uuid4())
    _init(self, account_id, spec, region, version)


def _touch(function: Any) -> None:
    function.revision_id = str(uuid.uuid4())
    function.last_modified = iso_8601_datetime_with_nanoseconds()


def _configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
    shown: dict[str, Any] = _get_configuration(self, on_create)
    shown["LastUpdateStatus"] = "Successful"
    shown["RevisionId"] = self.revision_id
    shown.update(self.kept_settings)
    shown.setdefault("LoggingConfig", {"LogFormat": "Text", "LogGroup": self.logs_group_name})
    return shown


def _code(self: Any) -> dict[str, Any]:
    shown: dict[str, Any] = _get_code(self)
    if self.reserved_concurrency is not None:  # moto leaves out a reservation of 0, the emergency stop
        shown["Concurrency"] = {"ReservedConcurrentExecutions": int(self.reserved_concurrency)}
    return shown


def _update_function_configuration(self: Any, updates: dict[str, Any]) -> dict[str, Any]:
    environment = updates.get("Environment")
    if environment is not None and "Variables" not in environment:
        updates = {**updates, "Environment": {"Variables": {}}}
    _update_configuration(self, updates)
    for key, attribute in SETTINGS.items():
        if key in updates:
            setattr(self, attribute, updates[key])
    if updates.get("EphemeralStorage"):
        self.ephemeral_storage = updates["EphemeralStorage"]["Size"]
    if updates.get("ImageConfig"):
        self.image_config = models.ImageConfig(updates["ImageConfig"])
    self.kept_settings = {**self.kept_settings, **{key: updates[key] for key in KEPT if key in updates}}
    self.kept_settings = {key: value for key, value in self.kept_settings.items() if value}
    _touch(self)
    return self.get_configuration()  # type: ignore[no-any-return]


_set_code = models.LambdaFunction._set_function_code


def _set_function_code(self: Any, spec: dict[str, Any]) -> None:
    if "S3Bucket" not in spec or "S3Key" not in spec or spec.get("DryRun"):
        _set_code(self, spec)
        return
    problem = "NoSuchKey. S3 Error Message: The specified key does not exist."
    found = None
    try:
        found = models.s3_backends[self.account_id][self.partition].get_object(
            spec["S3Bucket"], spec["S3Key"], version_id=spec.get("S3ObjectVersion")
        )
    except S3ClientError as error:
        problem = f"{type(error).__name__}. S3 Error Message: {error}"
        if "Bucket" in type(error).__name__:
            problem = "NoSuchBucket. S3 Error Message: The specified bucket does not exist"
    if found is None:
        raise InvalidParameterValueException(f"Error occurred while GetObject. S3 Error Code: {problem}")
    self.code_bytes, self.code_size, self.code_sha_256, self.code_digest = models._s3_content(found)
    kept = {key: spec[key] for key in ("S3Bucket", "S3Key", "S3ObjectVersion") if spec.get(key)}
    self.code = kept


def _publish_version(self: Any, name_or_arn: str, description: str = "") -> Any:
    latest = self.get_function_by_name_or_arn_forbid_qualifier(name_or_arn)
    group = self._functions[latest.function_name]
    versions, mark = group["versions"], describe(latest)
    if versions and getattr(versions[-1], "published_from", None) == mark:
        return versions[-1]
    number = max([group.get("last_number", 0), *(int(version.version) for version in versions)]) + 1
    made = copy.copy(latest)
    for attribute in OWN:
        setattr(made, attribute, copy.deepcopy(getattr(latest, attribute)))
    made.policy = Policy(made)
    made.policies = {}
    made.event_settings = {}
    made.published_from = mark
    made.set_version(number)
    made.revision_id = str(uuid.uuid4())
    if description:
        made.description = description
    group["last_number"] = number
    versions.append(made)
    self._arns[made.function_arn] = made
    return made


def _update_function_code(
    self: Any, function_name: str, qualifier: str | None, body: dict[str, Any]
) -> dict[str, Any] | None:
    function = self.get_function(function_name, qualifier)
    if body.get("DryRun"):
        trial = copy.copy(function)
        trial.code = dict(function.code)
        trial._set_function_code({key: value for key, value in body.items() if key != "DryRun"})
        return trial.get_configuration()  # type: ignore[no-any-return]
    function._set_function_code(body)
    if body.get("Architectures"):
        function.architectures = body["Architectures"]
    _touch(function)
    if body.get("Publish"):
        function = self.publish_version(function_name)
    return function.get_configuration()  # type: ignore[no-any-return]


def _update_alias(self: Any, description: Any, function_version: Any, routing_config: Any) -> None:
    _alias_update(self, description, function_version, routing_config)
    self.revision_id = str(uuid.uuid4())


def policy_of(backend: Any, function_name: str, qualifier: str | None) -> Any:
    """Return the resource policy of a function or of one of its qualifiers; raises where there's no such qualifier."""
    backend.get_function(function_name, qualifier)
    latest = backend.get_function(function_name.rsplit(":function:", maxsplit=1)[-1].split(":", maxsplit=1)[0])
    if not qualifier or qualifier == "$LATEST":
        return latest.policy
    # In one step: of two calls at once, the second must not throw the first one's policy away.
    return vars(latest).setdefault("policies", {}).setdefault(qualifier, Policy(latest))


def install() -> None:
    """Put the fixed behaviour in place of moto's."""
    models.LambdaFunction.__init__ = _function_init
    models.LambdaFunction.get_configuration = _configuration
    models.LambdaFunction.get_code = _code
    models.LambdaFunction.update_configuration = _update_function_configuration
    models.LambdaFunction._set_function_code = _set_function_code
    models.LambdaStorage.publish_version = _publish_version
    models.LambdaBackend.update_function_code = _update_function_code
    models.LambdaAlias.update = _update_alias
