"""Machines whose image or launch template floats.

Sources: EC2 Auto Scaling API, LaunchTemplateSpecification, LaunchTemplateOverrides; EC2 API,
LaunchTemplateSpecification; EC2 User Guide, "Use a Systems Manager parameter instead of an AMI ID"; Image Builder API,
CreateImageRecipe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from policies.images import placed
from policies.subject import Resource, dig

TEMPLATES: Final[Mapping[str, tuple[str, ...]]] = {
    "aws:autoscaling/group:Group": (
        "launchTemplate",
        "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification",
        "mixedInstancesPolicy.launchTemplate.overrides[].launchTemplateSpecification",
    ),
    "aws:batch/computeEnvironment:ComputeEnvironment": ("computeResources.launchTemplate",),
    "aws:ec2/fleet:Fleet": ("launchTemplateConfigs[].launchTemplateSpecification",),
    "aws:ec2/instance:Instance": ("launchTemplate",),
    "aws:ec2/spotFleetRequest:SpotFleetRequest": ("launchTemplateConfigs[].launchTemplateSpecification",),
    "aws:eks/nodeGroup:NodeGroup": ("launchTemplate",),
}
"""Where a launch template is named."""
AMIS: Final[Mapping[str, str]] = {
    "aws:ec2/launchTemplate:LaunchTemplate": "imageId",
    "aws:ec2/instance:Instance": "ami",
}
"""Where a machine image is named."""
RECIPES: Final[Mapping[str, tuple[str, ...]]] = dict.fromkeys(
    ("aws:imagebuilder/containerRecipe:ContainerRecipe", "aws:imagebuilder/imageRecipe:ImageRecipe"),
    ("parentImage", "components[].componentArn"),
)
"""Where EC2 Image Builder takes an image or a component by its version, or by any that fits (``1.x.x``)."""
ANY_VERSION: Final = re.compile(r"arn:.*/(?=[\d.]*x)[\dx]+\.[\dx]+\.[\dx]+(/.*)?")
MOVED: Final = ("$Latest", "$Default")
"""Versions of a launch template that whoever changes the template moves. Left out, a version is the default one."""
PARAMETER: Final = re.compile(r"resolve:ssm:(?P<name>[^:]+)(:[^:]+)?")
NAMED: Final = frozenset({*TEMPLATES, *AMIS, *RECIPES})
"""The types that name a launch template or a machine image."""


def floating(resource: Resource) -> Iterator[str]:
    """Launch templates without a version of their own, machine images that somebody else chooses."""
    for path in TEMPLATES.get(resource.type, ()):
        for _, found in placed(resource.props, path):
            version = dig(found, "version")
            if version in MOVED:
                yield f"{resource.name}: {path} points at version {version}"
            elif version in (None, "") and isinstance(found, Mapping):
                yield f"{resource.name}: {path} names no version, and takes the default one"
    image = resource.get(AMIS[resource.type]) if resource.type in AMIS else None
    match = PARAMETER.fullmatch(image) if isinstance(image, str) else None
    if match is not None and match[2] is None:
        yield f"{resource.name} takes the machine image that {match['name']} names at the time"
    for path in RECIPES.get(resource.type, ()):
        for _, arn in placed(resource.props, path):
            if isinstance(arn, str) and ANY_VERSION.fullmatch(arn):
                yield f"{resource.name}: {path} takes the newest version that fits {arn}"
