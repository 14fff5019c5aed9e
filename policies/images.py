"""Container images: where a resource names one, and what an image's name says.

Sources: OCI image specification, "Descriptors" (digests); Kubernetes, "Images"; the API references of ECS, Batch,
Lambda, App Runner, SageMaker, CodeBuild, Lightsail, EMR Serverless, Bedrock AgentCore.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.pods import WORKLOADS, containers, workloads
from policies.subject import Resource, dig, items
from policies.values import decoded

FUNCTION = "aws:lambda/function:Function"
PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    FUNCTION: ("imageUri",),
    "aws:ecs/taskDefinition:TaskDefinition": ("containerDefinitions[].image",),
    "aws:batch/jobDefinition:JobDefinition": (
        "containerProperties.image",
        "nodeProperties.nodeRangeProperties[].container.image",
        "nodeProperties.nodeRangeProperties[].ecsProperties.taskProperties[].containers[].image",
        "ecsProperties.taskProperties[].containers[].image",
        "eksProperties.podProperties.containers[].image",
        "eksProperties.podProperties.initContainers[].image",
    ),
    "aws:apprunner/service:Service": ("sourceConfiguration.imageRepository.imageIdentifier",),
    "aws:sagemaker/model:Model": ("primaryContainer.image", "containers[].image"),
    "aws:sagemaker/imageVersion:ImageVersion": ("baseImage",),
    "aws:codebuild/project:Project": ("environment.image",),
    "aws:lightsail/containerServiceDeploymentVersion:ContainerServiceDeploymentVersion": ("containers[].image",),
    "aws:emrserverless/application:Application": (
        "imageConfiguration.imageUri",
        "imageConfigurations[].imageUri",
    ),
    "aws:bedrock/agentcoreAgentRuntime:AgentcoreAgentRuntime": (
        "agentRuntimeArtifact.containerConfiguration.containerUri",
    ),
    "aws:imagebuilder/containerRecipe:ContainerRecipe": ("parentImage",),
    "docker:index/container:Container": ("image",),
    "docker:index/service:Service": ("taskSpec.containerSpec.image",),
}
"""Type -> where it names images; ``[]`` goes into a list, and JSON in text is read as what it holds."""
DIGEST: Final = re.compile(r".*@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})", re.DOTALL)
STORED: Final = re.compile(r":[^/:]+\.[^/:]+\.\d+")
"""An image that was pushed to a Lightsail container service, which numbers each: ``:service.label.7``."""


class ImageTypes:
    """Every type that names images, as a container."""

    def __contains__(self, token: object) -> bool:
        return token in PLACES or token in WORKLOADS


def images(resource: Resource) -> Iterator[tuple[str, Any]]:
    """Every image that a resource names, with what messages call its place."""
    for path in PLACES.get(resource.type, ()):
        found = list(placed(resource.props, path))
        yield from ((f"{resource.name}/{name}" if name else resource.name, image) for name, image in found)
    for workload in workloads(resource):
        for container in containers(workload):
            yield container.name, container.get("image")
        for template in workload.templates:
            for volume in items(dig(template, "spec.volumes")):
                if (image := dig(volume, "image.reference")) is not None:
                    yield f"{workload.name}/{dig(volume, 'name')}", image


def pinned(image: str) -> bool:
    """Whether an image's name ends in a digest, so that it means the same for ever."""
    return DIGEST.fullmatch(image) is not None or STORED.fullmatch(image) is not None


def tag(image: str) -> str:
    """The tag of an image's name; the registry takes ``latest`` where none is given."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2] or "latest"


def placed(value: Any, path: str, name: object = None) -> Iterator[tuple[object, Any]]:
    """What lies at a path with ``[]`` for lists, with the name of the object that has it; text is read as JSON."""
    return _placed(value, path.split("."), name)


def _placed(value: Any, path: list[str], name: object = None) -> Iterator[tuple[object, Any]]:
    """What lies at a path, with the name of the object that has it."""
    value = decoded(value) if path else value
    if not path:
        if value is not None:
            yield name, value
        return
    part, rest = path[0], path[1:]
    inner = decoded(dig(value, part.removesuffix("[]")))
    if not part.endswith("[]"):
        yield from _placed(inner if rest else dig(value, part), rest, name)
        return
    for each in items(inner):
        label = dig(each, "name") or dig(each, "containerName") or dig(each, "containerHostname") or name
        yield from _placed(each, rest, label if isinstance(label, str) else name)
