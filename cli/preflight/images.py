"""The images that an update has nodes pull."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from apps import registry
from cli.release.places import by_files
from cli.targets import is_local
from core.state import resources_of_type
from stacks.artifacts import Pinned
from stacks.selection import Selected, deployed_artifacts
from stacks.settings import StackSettings

DEPLOYMENT = "kubernetes:apps/v1:Deployment"


def missing(
    settings: StackSettings, selected: Mapping[str, Selected], state: Mapping[str, Any]
) -> tuple[list[str], list[str]]:
    """The images that the update needs and no registry has, and lines about those that nobody could look at.

    Nodes have what the state says is deployed, and ask with credentials of their own: a registry that refuses or
    doesn't answer whoever makes the update may still answer them, so that is said and refuses nothing.
    """
    running = set(_running(state))
    gone, untold = [], []
    for reference in wanted(settings, selected):
        if reference in running or (is_local() and reference.rpartition(":")[2] in by_files()):
            continue
        try:
            if not registry.present(reference):
                gone.append(reference)
        except registry.RegistryError as error:
            untold.append(f"whether nodes find {reference} can't be told: {error}")
    return gone, untold


def missing_line(stack: str, references: list[str]) -> str:
    """What to say of images that no registry has, in one line."""
    what = "image isn't" if len(references) == 1 else "images aren't"
    return (
        f"{len(references)} {what} in the registry: {', '.join(references)}. Nothing was touched. Bring it there with "
        f"`rollback release publish -s {stack}` where it was built, or choose another release"
    )


def wanted(settings: StackSettings, selected: Mapping[str, Selected]) -> list[str]:
    """The images of the pinned releases, by digest, the canary's besides."""
    return [item.place for item in _images(settings, selected)]


def system_of(reference: str, settings: StackSettings, selected: Mapping[str, Selected]) -> Selected:
    """The system that runs an image of ``wanted``."""
    return selected[next(item.system for item in _images(settings, selected) if item.place == reference)]


def _images(settings: StackSettings, selected: Mapping[str, Selected]) -> Iterator[Pinned]:
    deployed = (item for each in selected.values() for item in deployed_artifacts(settings, each))
    return (item for item in deployed if item.kind == "images")


def _running(state: Mapping[str, Any]) -> Iterator[str]:
    for each in resources_of_type(state, DEPLOYMENT):
        template = ((each.get("outputs") or {}).get("spec") or {}).get("template") or {}
        for container in (template.get("spec") or {}).get("containers") or ():
            yield str(container.get("image"))
