"""The Kubernetes cluster that a stack lives in."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as k8s

from components.common.memory import Memory, refuse_other
from components.common.waiting import begin


class Cluster(pulumi.ComponentResource):
    """The stack's own cluster, known by the uid of its ``kube-system`` namespace."""

    def __init__(self, memory: Memory) -> None:
        super().__init__("rollback:parts:Cluster", "cluster")
        home = k8s.core.v1.Namespace.get("cluster-identity", "kube-system", opts=pulumi.ResourceOptions(parent=self))
        remembered = memory.target.get("cluster")
        self.id: pulumi.Output[str] = home.metadata.uid.apply(
            lambda found: refuse_other("cluster", remembered, str(found))
        )
        self.register_outputs({"id": self.id})
        begin(self)
