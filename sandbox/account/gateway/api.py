"""API Gateway's own API where moto lacks something, and the addresses under which APIs are reached here."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from moto.apigateway import urls as rest_urls
from moto.apigatewayv2 import models as http
from moto.apigatewayv2 import urls
from moto.apigatewayv2.responses import ApiGatewayV2Response
from moto.core.exceptions import JsonRESTError

from sandbox.account import settings, state
from sandbox.account.gateway import deployments, openapi, stages, tags

_api_json = http.Api.to_json
_stage_json = http.Stage.to_json
STAGE_SETTINGS = {
    "accessLogSettings": "access_log_settings",
    "autoDeploy": "auto_deploy",
    "clientCertificateId": "client_certificate_id",
    "defaultRouteSettings": "default_route_settings",
    "description": "description",
    "routeSettings": "route_settings",
    "stageVariables": "stage_variables",
}


def _shown_api(self: Any) -> dict[str, Any]:
    chosen = settings.current()
    shown: dict[str, Any] = _api_json(self)
    shown["apiEndpoint"] = f"{chosen.endpoint}/_aws/execute-api/{self.api_id}"
    if self.protocol_type == "WEBSOCKET":
        shown["apiEndpoint"] = f"ws://127.0.0.1:{chosen.websocket_port}/{self.api_id}"
    return shown


def _shown_stage(self: Any) -> dict[str, Any]:
    shown: dict[str, Any] = _stage_json(self)
    if self.config.get("deploymentId"):
        shown["deploymentId"] = self.config["deploymentId"]
    return shown


def _update_stage(self: Any) -> Any:
    parts = unquote(self.path).split("/")
    stage = self.apigatewayv2_backend.get_stage(parts[-3], parts[-1])
    for name, value in json.loads(self.body or "{}").items():
        if name in STAGE_SETTINGS:
            setattr(stage, STAGE_SETTINGS[name], value)
        elif name == "deploymentId":
            stage.config["deploymentId"] = value
    stage.updated = datetime.now(UTC).replace(tzinfo=None)
    return 200, {}, json.dumps(stage.to_json())


def _deployments(api: str) -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, dict[str, Any]]] = state.kept("http-api-deployments", dict)
    return table.setdefault(api, {})


def _create_deployment(self: Any) -> Any:
    api, wanted = self.path.split("/")[-2], json.loads(self.body or "{}")
    backend = self.apigatewayv2_backend
    backend.get_api(api)
    made = {
        "autoDeployed": False,
        "createdDate": datetime.fromtimestamp(int(time.time()), UTC).isoformat(),
        "deploymentId": uuid.uuid4().hex[:6],
        "deploymentStatus": "DEPLOYED",
        "description": wanted.get("description", ""),
    }
    if wanted.get("stageName"):
        backend.get_stage(api, wanted["stageName"]).config["deploymentId"] = made["deploymentId"]
    _deployments(api)[str(made["deploymentId"])] = made
    return 201, {"status": 201}, json.dumps(made)


def _deployment(self: Any) -> dict[str, Any]:
    parts = self.path.split("/")
    found = _deployments(parts[-3]).get(parts[-1])
    if found is None:
        error = JsonRESTError("NotFoundException", f"Unable to find Deployment with id {parts[-1]}")
        error.code = 404
        raise error
    return found


def _get_deployment(self: Any) -> Any:
    return 200, {}, json.dumps(_deployment(self))


def _get_deployments(self: Any) -> Any:
    return 200, {}, json.dumps({"items": list(_deployments(self.path.split("/")[-2]).values())})


def _update_deployment(self: Any) -> Any:
    found = _deployment(self)
    found["description"] = json.loads(self.body or "{}").get("description", found["description"])
    return 200, {}, json.dumps(found)


def _delete_deployment(self: Any) -> Any:
    _deployment(self)
    parts = self.path.split("/")
    del _deployments(parts[-3])[parts[-1]]
    return 204, {"status": 204}, ""


def install() -> None:
    """Put the fixed behaviour in place of moto's."""
    deployments.install()
    stages.install()
    openapi.install()
    tags.install()
    http.Api.to_json = _shown_api
    http.Stage.to_json = _shown_stage
    for path in ("deployments$", "deployments/(?P<deployment_id>[^/]+)$"):
        # Both services have one host name: the table of the first holds a copy of the second's.
        for table in (rest_urls.url_paths, urls.url_paths):
            table["{0}/v2/apis/(?P<api_id>[^/]+)/" + path] = ApiGatewayV2Response.dispatch
    added = {
        "update_stage": _update_stage,
        "create_deployment": _create_deployment,
        "get_deployment": _get_deployment,
        "get_deployments": _get_deployments,
        "update_deployment": _update_deployment,
        "delete_deployment": _delete_deployment,
    }
    for name, method in added.items():
        setattr(ApiGatewayV2Response, name, method)


install()
