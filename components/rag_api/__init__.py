"""rag-api: a Kubernetes Deployment with a canary beside it, behind an Istio VirtualService.

The pod template depends on the release and the settings alone, so going back to a release gives the very
ReplicaSet it had, which Kubernetes scales up again without making anything anew.

Source: runbook rag-api (docs/runbooks/rag-api.md).
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s

from components.common.context import Context
from components.rag_api.traffic import Traffic
from components.rag_api.workload import APP, Workload
from stacks.rag_api import RagApiRelease, RagApiSettings
from stacks.selection import Manifests, Selected
from stacks.system import SystemRelease


class RagApi(pulumi.ComponentResource):
    """The whole system at one release, with what its canary runs.

    The ConfigMaps of every release that can be gone back to are kept, so that an old ReplicaSet
    (``kubectl rollout undo``) finds its configuration.
    """

    def __init__(
        self,
        context: Context,
        selected: Selected,
        manifests: Manifests,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("rollback:systems:RagApi", APP, None, opts)
        assert isinstance(selected.release, RagApiRelease)
        settings = context.settings.of(RagApiSettings)
        namespace = k8s.core.v1.Namespace(
            "rag-api-namespace",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=context.namespace(settings.namespace),
                labels={"istio-injection": "enabled", "rollback-stack/stack": context.stack},
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        child = pulumi.ResourceOptions(parent=self)
        window = rag_api_only({**manifests.window, selected.version: selected.release})
        canary = rag_api_only(manifests.named).get("canary")
        workload = Workload(context, selected, canary, window, namespace.metadata.name, child)
        Traffic(settings, namespace.metadata.name, child)
        host = settings.hosts[0]
        image = workload.stable.spec.apply(lambda spec: spec.template.spec.containers[0].image)
        touched = image.apply(lambda name: name == selected.release.image)
        self.summary: dict[str, pulumi.Input[object]] = {
            "release": context.reached(selected, [touched]),
            "pinned": selected.pinned,
            "image": selected.release.image,
            "canary": settings.canary.model_dump(by_alias=True) if settings.canary else None,
            "health": f"https://{host}/health",
            "endpoints": {"api": f"https://{host}", "version": f"https://{host}/version"},
            "ingress": settings.ingress_service,
            "namespace": namespace.metadata.name,
            "deployment": workload.stable.metadata.name,
            "replicas": settings.replicas,
        }
        self.published: dict[str, pulumi.Output[Mapping[str, object]]] = {}
        self.register_outputs(self.summary)


def rag_api_only(releases: Mapping[str, SystemRelease]) -> dict[str, RagApiRelease]:
    """Releases, narrowed to this system's type."""
    return {key: release for key, release in releases.items() if isinstance(release, RagApiRelease)}
