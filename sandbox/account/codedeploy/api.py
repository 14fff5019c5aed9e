"""Puts CodeDeploy's operations in the place of moto's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.codedeploy.responses import CodeDeployResponse
from moto.core.responses import ActionResult

from sandbox.account import background
from sandbox.account.codedeploy import configs, deployments, groups, instances

Operation = Callable[[Any, dict[str, Any]], dict[str, Any] | None]

OPERATIONS: dict[str, Operation] = {
    "create_application": groups.create_application,
    "get_application": groups.get_application,
    "batch_get_applications": groups.batch_get_applications,
    "list_applications": groups.list_applications,
    "update_application": groups.update_application,
    "delete_application": groups.delete_application,
    "create_deployment_group": groups.create_group,
    "get_deployment_group": groups.get_group,
    "batch_get_deployment_groups": groups.batch_get_groups,
    "list_deployment_groups": groups.list_groups,
    "update_deployment_group": groups.update_group,
    "delete_deployment_group": groups.delete_group,
    "create_deployment_config": configs.create,
    "get_deployment_config": configs.get,
    "list_deployment_configs": configs.names,
    "delete_deployment_config": configs.delete,
    "create_deployment": deployments.create,
    "get_deployment": deployments.get,
    "batch_get_deployments": deployments.batch_get,
    "list_deployments": deployments.names,
    "stop_deployment": deployments.stop,
    "continue_deployment": deployments.go_on,
    "put_lifecycle_event_hook_execution_status": deployments.put_hook_status,
    "list_deployment_targets": deployments.target_names,
    "get_deployment_target": deployments.get_target,
    "batch_get_deployment_targets": deployments.batch_get_targets,
    "register_on_premises_instance": instances.register,
    "deregister_on_premises_instance": instances.deregister,
    "add_tags_to_on_premises_instances": instances.add_tags,
    "remove_tags_from_on_premises_instances": instances.remove_tags,
    "get_on_premises_instance": instances.get,
    "batch_get_on_premises_instances": instances.batch_get,
    "list_on_premises_instances": instances.names,
}
"""By the name of the method that moto looks for; an operation gets the region's backend and the request's fields."""


def _method(operation: Operation) -> Callable[[Any], ActionResult]:
    def answer(self: Any) -> ActionResult:
        # Outside the gate: the saver holds the lock while it waits for the requests inside.
        with background.GATE.outside(), background.LOCK:
            return ActionResult(operation(self.codedeploy_backend, dict(self._get_params())) or {})

    return answer


def install() -> None:
    """Put the operations in place; tags stay moto's."""
    for name, operation in OPERATIONS.items():
        setattr(CodeDeployResponse, name, _method(operation))
