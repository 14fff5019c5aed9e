"""Objects of the cluster, looked up by kind and name: no two of a kind have one name."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from cli.resources.account import Inputs


class Cluster:
    """The cluster that KUBECONFIG leads to; asked when the first object is looked up."""

    @cached_property
    def api(self) -> Any:
        """Its API. Raises what the Kubernetes client raises."""
        from kubernetes import config, dynamic

        return dynamic.DynamicClient(config.new_client_from_config())

    def named(self, inputs: Inputs) -> list[str]:
        """The import id of an object, where it exists; nothing for one whose name the cluster makes up.

        Raises what the Kubernetes client raises for anything but an absence.
        """
        from kubernetes.dynamic import exceptions

        metadata = inputs.get("metadata") or {}
        name, namespace = metadata.get("name"), metadata.get("namespace")
        if name is None or "kind" not in inputs:
            return []
        try:
            resource = self.api.resources.get(api_version=inputs["apiVersion"], kind=inputs["kind"])
            self.api.get(resource, name=name, namespace=namespace)
        except (exceptions.NotFoundError, exceptions.ResourceNotFoundError):
            return []
        return [f"{namespace}/{name}" if namespace else str(name)]
