"""Deployments of REST APIs: a stage serves what its deployment froze, whatever happens to the API afterwards.

Source: API Gateway Developer Guide, "Deploy REST APIs in API Gateway": "a deployment is a point-in-time snapshot".
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import Any

from moto.apigateway import models
from moto.apigateway.exceptions import DeploymentNotFoundException, StageStillActive
from moto.apigateway.responses import APIGatewayResponse

_create_deployment = models.RestAPI.create_deployment
_create_stage = models.RestAPI.create_stage


@dataclass(frozen=True)
class Frozen:
    """One resource of a REST API as it was when it was deployed; the methods are moto's."""

    id: str
    path: str
    methods: dict[str, Any]


def freeze(api: Any) -> list[Frozen]:
    """Return the resources of an API as they are now."""
    return [
        Frozen(resource.id, resource.get_path(), copy.deepcopy(resource.resource_methods))
        for resource in api.resources.values()
    ]


def served(api: Any, stage: Any) -> list[Frozen]:
    """Return what a stage serves; nothing where its deployment is gone."""
    deployment = api.deployments.get(stage.deployment_id)
    return list(deployment.frozen) if deployment else []


def check(api: Any, deployment_id: str) -> None:
    """Raise moto's DeploymentNotFoundException where an API has no such deployment."""
    if deployment_id not in api.deployments:
        raise DeploymentNotFoundException


class _Identifier(models.ApigwDeploymentIdentifier):  # type: ignore[misc]
    """Made-up ids with both letters and digits: what has only one of them, the account's export takes for a name."""

    def generate(self, *arguments: Any, **more: Any) -> str:
        """Return a new id."""
        while True:
            made = str(super().generate(*arguments, **more))
            if not made.isalpha() and not made.isdigit():
                return made


def _created(self: Any, name: str, description: str, stage_variables: Any = None) -> Any:
    """Freeze the API; a stage that exists keeps its settings, where moto would make it anew."""
    stage = self.stages.get(name) if name else None
    made = _create_deployment(self, name, description, stage_variables)
    made.frozen = freeze(self)
    if stage is not None:
        stage.deployment_id = made.id
        stage.variables.update(stage_variables or {})
        self.stages[name] = stage
    return made


def _found(self: Any, deployment_id: str) -> Any:
    check(self, deployment_id)
    return self.deployments[deployment_id]


def _deleted(self: Any, deployment_id: str) -> Any:
    check(self, deployment_id)
    if any(stage.deployment_id == deployment_id for stage in self.stages.values()):
        raise StageStillActive
    return self.deployments.pop(deployment_id)


def _staged(self: Any, name: str, deployment_id: str, *rest: Any, **more: Any) -> Any:
    check(self, deployment_id)
    return _create_stage(self, name, deployment_id, *rest, **more)


def _no_mocks(self: Any, stage_name: str) -> None:
    """Register nothing with the library `responses`: requests come to the account itself."""


def _updated(self: Any) -> Any:
    parts = self.path.split("/")
    found = self.backend.get_deployment(parts[2], parts[4])
    for operation in self._get_param("patchOperations") or []:
        if operation["op"] == "replace" and operation["path"] == "/description":
            found.description = operation["value"]
    return 200, {}, json.dumps(found.to_json())


def install() -> None:
    """Put the fixed behaviour in place of moto's."""
    models.ApigwDeploymentIdentifier = _Identifier
    models.RestAPI.create_deployment = _created
    models.RestAPI.get_deployment = _found
    models.RestAPI.delete_deployment = _deleted
    models.RestAPI.create_stage = _staged
    models.RestAPI.update_integration_mocks = _no_mocks
    APIGatewayResponse.update_deployment = _updated
