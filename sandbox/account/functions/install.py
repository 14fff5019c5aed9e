"""The Lambda API in front of the runtime: puts what this package does in place of what moto does."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import unquote

from moto.awslambda import models
from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.responses import LambdaResponse

from sandbox.account import functions
from sandbox.account.functions import event_settings, layers, mappings, queued, targets, versions

__all__ = ["queued"]

Answer = tuple[int, dict[str, Any], Any]


def refusal(status: int, kind: str, message: str, **more: str) -> Answer:
    """Return an error as Lambda's API sends it."""
    body = {"Type": "User", "Message": message, "message": message, **more}
    return status, {"status": status, "x-amzn-errortype": kind, "content-type": "application/json"}, json.dumps(body)


def _invoke(self: Any) -> Answer:
    name = unquote(self.path.rsplit("/", 2)[-2])
    qualifier = self.querystring.get("Qualifier", [None])[0]
    kind = self.headers.get("X-Amz-Invocation-Type") or "RequestResponse"
    try:
        raw = self.body.decode() if isinstance(self.body, bytes) else self.body
        payload = json.loads(raw) if raw else {}
    except ValueError as error:
        text = f"Could not parse request body into json: {error}"
        return refusal(400, "InvalidRequestContentException", text)
    try:
        target = targets.find(name, self.region, qualifier)
        if kind == "DryRun":
            return 204, {"status": 204}, ""
        asynchronous = kind == "Event"
        outcome = functions.invoke(name, payload, region=self.region, qualifier=qualifier, asynchronous=asynchronous)
    except functions.NotFound as error:
        return refusal(404, "ResourceNotFoundException", str(error))
    if asynchronous:
        return 202, {"status": 202, "X-Amz-Executed-Version": target.version}, ""
    if outcome.throttled:
        reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
        return refusal(429, "TooManyRequestsException", "Rate Exceeded.", Reason=reason)
    headers: dict[str, Any] = {"content-type": "application/json", "X-Amz-Executed-Version": outcome.executed_version}
    if outcome.error:
        headers["X-Amz-Function-Error"] = outcome.error
    if self.headers.get("X-Amz-Log-Type") == "Tail":
        headers["X-Amz-Log-Result"] = base64.b64encode(outcome.log_tail.encode()).decode()
    return 200, headers, json.dumps(outcome.payload)


def _function_invoke(self: Any, body: str, _: Any, response_headers: Any) -> str:
    """Run a function that another service of moto's calls (SNS, logs subscriptions)."""
    payload = json.loads(body) if body else {}
    qualifier = None if str(self.version) == targets.LATEST else str(self.version)
    outcome = functions.invoke(self.function_name, payload, region=self.region, qualifier=qualifier)
    if outcome.error:
        response_headers["x-amz-function-error"] = outcome.error
    return json.dumps(outcome.payload)


def _backend_invoke(
    self: Any, function_name: str, qualifier: str | None, body: Any, _: Any, response_headers: Any
) -> str:
    payload = json.loads(body) if body else {}
    outcome = functions.invoke(function_name, payload, region=self.region_name, qualifier=qualifier)
    if outcome.error:
        response_headers["x-amz-function-error"] = outcome.error
    return json.dumps(outcome.payload)


def _publish_version(self: Any) -> Answer:
    name = unquote(self.path.split("/")[-2])
    wanted = json.loads(self.body) if self.body else {}
    latest = self.backend.get_function(name)
    if wanted.get("CodeSha256") not in (None, "", latest.code_sha_256):
        text = f"CodeSHA256 ({wanted['CodeSha256']}) is different from current CodeSHA256 in $LATEST"
        return refusal(400, "InvalidParameterValueException", f"{text} ({latest.code_sha_256}).")
    if wanted.get("RevisionId") not in (None, "", latest.revision_id):
        return _other_revision()
    made = self.backend.publish_version(name, wanted.get("Description") or "")
    return 201, {"status": 201}, json.dumps(made.get_configuration())


def _other_revision() -> Answer:
    text = "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API"
    return refusal(412, "PreconditionFailedException", f"{text} to retrieve the latest Revision Id")


_update_alias = LambdaResponse.update_alias


def _checked_update_alias(self: Any) -> Any:
    wanted = json.loads(self.body).get("RevisionId")
    name, alias = unquote(self.path.rsplit("/")[-3]), unquote(self.path.rsplit("/", 2)[-1])
    if wanted and wanted != self.backend.get_alias(name=alias, function_name=name).revision_id:
        return _other_revision()
    status, headers, body = _update_alias(self)
    return 200 if status == 201 else status, headers, body


def _put_concurrency(self: Any) -> Answer:
    name = unquote(self.path.rsplit("/", 2)[-2])
    wanted = json.loads(self.body)["ReservedConcurrentExecutions"]
    self.backend.get_function(name)
    self.backend.put_function_concurrency(name, int(wanted))
    return 200, {}, json.dumps({"ReservedConcurrentExecutions": int(wanted)})


def _get_concurrency(self: Any) -> Answer:
    reserved = self.backend.get_function(unquote(self.path.rsplit("/", 2)[-2])).reserved_concurrency
    return 200, {}, json.dumps({} if reserved is None else {"ReservedConcurrentExecutions": int(reserved)})


def _split(path: str, position: int) -> str:
    return unquote(path.split("/")[position])


def _add_permission(self: Any) -> Any:
    name, qualifier = _split(self.path, -2), self.querystring.get("Qualifier", [None])[0]
    policy = versions.policy_of(self.backend, name, qualifier)
    sid = json.loads(self.body).get("StatementId")
    if any(statement.get("Sid") == sid for statement in policy.statements):
        text = f"The statement id ({sid}) provided already exists. Please provide a new statement id, or remove"
        return refusal(409, "ResourceConflictException", f"{text} the existing statement.")
    statement, _ = policy.add_statement(self.body, qualifier)
    return 201, {"status": 201}, json.dumps({"Statement": json.dumps(statement)})


def _get_policy(self: Any) -> Any:
    qualifier = self.querystring.get("Qualifier", [None])[0]
    policy = versions.policy_of(self.backend, _split(self.path, -2), qualifier)
    if not policy.statements:
        raise LambdaClientError("ResourceNotFoundException", "The resource you requested does not exist.")
    return policy.wire_format()


def _remove_permission(self: Any) -> Answer:
    name, sid = _split(self.path, -3), unquote(self.path.split("/")[-1].split("?")[0])
    qualifier = self.querystring.get("Qualifier", [None])[0]
    revision = self.querystring.get("RevisionId", [""])[0]
    versions.policy_of(self.backend, name, qualifier).del_statement(sid, revision)
    return 204, {"status": 204}, ""


def install() -> None:
    """Put the runtime behind the Lambda API."""
    versions.install()
    layers.install()
    mappings.install()
    event_settings.install()
    models.LambdaFunction.invoke = _function_invoke
    models.LambdaBackend.invoke = _backend_invoke
    replaced = {
        "invoke": _invoke,
        "publish_version": _publish_version,
        "update_alias": _checked_update_alias,
        "put_function_concurrency": _put_concurrency,
        "get_function_concurrency": _get_concurrency,
        "add_permission": _add_permission,
        "get_policy": _get_policy,
        "remove_permission": _remove_permission,
    }
    for name, method in replaced.items():
        setattr(LambdaResponse, name, method)


install()
