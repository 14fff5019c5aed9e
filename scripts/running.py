"""What really runs, asked of the account and the cluster themselves, beside what is pinned and what was deployed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from stacks.releases import AsyncRagRelease, RagApiRelease
from stacks.selection import Selected, select
from stacks.settings import StackSettings


@dataclass(frozen=True)
class Running:
    """One system, seen from three sides."""

    system: str
    pinned: str
    deployed: str
    runs: str
    """The release that the live artifacts belong to, or what they are instead."""
    health: str
    endpoints: Mapping[str, str]
    look: str
    """A command that shows it."""

    @property
    def differs(self) -> bool:
        """Whether anything else runs than what is pinned."""
        return self.runs != self.pinned

    def as_dict(self) -> dict[str, Any]:
        """For machines to read."""
        return {**asdict(self), "differs": self.differs}


def look(settings: StackSettings, outputs: Mapping[str, Any]) -> list[Running]:
    """The deployed systems of a stack. Raises what boto3 and the Kubernetes client raise."""
    deployed = outputs.get("systems") or {}
    return [_look_at(chosen, deployed[name], settings) for name, chosen in select(settings).items() if name in deployed]


def _look_at(chosen: Selected, told: Mapping[str, Any], settings: StackSettings) -> Running:
    if isinstance(chosen.release, AsyncRagRelease):
        runs = _functions(chosen, chosen.release, told, settings.region)
        look = f"aws logs tail /aws/lambda/amplify-rag-{settings.stack}-query_handler; curl {told['health']}"
    else:
        assert isinstance(chosen.release, RagApiRelease)
        runs = _deployment(chosen, chosen.release, told)
        look = f"kubectl -n {told['namespace']} get deployment,pods -l app=rag-api"
    return Running(
        chosen.system, chosen.version, str(told["release"]), runs, str(told["health"]), told["endpoints"], look
    )


def _functions(chosen: Selected, release: AsyncRagRelease, told: Mapping[str, Any], region: str) -> str:
    """The release, when every live alias runs the code that the release pins."""
    import base64

    import boto3

    client = boto3.client("lambda", region_name=region)
    for name, arn in told["functions"].items():
        function, _, alias = arn.rpartition(":")
        live = client.get_function_configuration(FunctionName=function, Qualifier=alias)["CodeSha256"]
        artifact = release.functions.get(name)
        if artifact is None or base64.b64decode(live).hex() != artifact.sha256:
            return f"other code in {name}"
    return chosen.version


def _deployment(chosen: Selected, release: RagApiRelease, told: Mapping[str, Any]) -> str:
    """The release, when the Deployment's pods all run its image and enough of them are ready."""
    from kubernetes import client, config

    config.load_kube_config()
    found = client.AppsV1Api().read_namespaced_deployment(told["deployment"], told["namespace"])
    image = found.spec.template.spec.containers[0].image
    if image != release.image:
        return f"image {image}"
    ready, wanted = found.status.ready_replicas or 0, max(found.spec.replicas or 0, int(told["replicas"]))
    if (found.status.updated_replicas or 0) < wanted or ready < wanted:
        return f"{ready}/{wanted} pods ready"
    return chosen.version
