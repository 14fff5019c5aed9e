"""Stages of REST APIs: the patches they take.

Source: API Gateway API reference, "UpdateStage" and its table of patch operations.
"""

from __future__ import annotations

import re
from typing import Any

from moto.apigateway import models
from moto.apigateway.exceptions import BadRequestException

from sandbox.account.gateway import deployments

_apply = models.Stage.apply_operations
_update = models.APIGatewayBackend.update_stage

STAGE_THROTTLE = {
    "/throttle/rateLimit": "/*/*/throttling/rateLimit",
    "/throttle/burstLimit": "/*/*/throttling/burstLimit",
}
"""The paths that the emergency stop uses (runbook security-assistant, scenario 3), as API Gateway documents them."""

_SETTING = (
    r"metrics/enabled|logging/(loglevel|dataTrace)|throttling/(burstLimit|rateLimit)"
    r"|caching/(enabled|ttlInSeconds|dataEncrypted|requireAuthorizationForCacheControl"
    r"|unauthorizedCacheControlHeaderStrategy)"
)
PATHS = re.compile(
    r"/(deploymentId|description|tracingEnabled|cacheClusterEnabled|cacheClusterSize|clientCertificateId"
    r"|documentationVersion|webAclArn|variables/.+|accessLogSettings(/(destinationArn|format))?|canarySettings(/.+)?"
    rf"|[^/]+/(\*|ANY|GET|PUT|POST|DELETE|OPTIONS|HEAD|PATCH)(/({_SETTING}))?)"
)
"""What a patch may name; a method's settings stand below its path and verb, "/" as "~1" (/jobs~1{id}/GET/...)."""

ACCOUNT_LIMITS = {"throttlingRateLimit": 10_000.0, "throttlingBurstLimit": 5_000}
"""Requests a second, and at once: what a stage has where it sets none (API Gateway, "Quotas")."""

_default_settings = models.Stage._get_default_method_settings


def _apply_operations(self: Any, patch_operations: list[dict[str, Any]]) -> Any:
    """Apply patches to a stage; removing a method setting works too, and an unknown path is refused."""
    kept = []
    for operation in patch_operations:
        path = STAGE_THROTTLE.get(operation["path"], operation["path"])
        if not PATHS.fullmatch(path):
            raise BadRequestException(f"Invalid patch path '{path}' specified for op '{operation['op']}'")
        parts = path.split("/", 3)
        key = "/".join(parts[1:3])
        if operation["op"] == "remove" and key in self.method_settings:
            if len(parts) < 4:
                del self.method_settings[key]
            else:
                name = self._method_settings_translations(parts[3])
                self.method_settings[key].pop(name, None)
            continue
        kept.append({**operation, "path": path})
    return _apply(self, kept)


def _checked_update(self: Any, function_id: str, stage_name: str, patch_operations: Any) -> Any:
    api = self.get_rest_api(function_id)
    for operation in patch_operations or []:
        if operation["path"] == "/deploymentId":
            deployments.check(api, operation.get("value") or "")
    return _update(self, function_id, stage_name, patch_operations or [])


def _defaults(self: Any) -> dict[str, Any]:
    return {**_default_settings(self), **ACCOUNT_LIMITS}


def install() -> None:
    """Put the fixed behaviour in place of moto's."""
    models.Stage.apply_operations = _apply_operations
    models.Stage._get_default_method_settings = _defaults
    models.APIGatewayBackend.update_stage = _checked_update
