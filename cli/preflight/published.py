"""Published versions: which the account has, and which of those that the stack remembers are gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from core.state import outputs_of, resources_of_type
from stacks.artifact_objects import FUNCTION, artifact_objects, code_hash
from stacks.selection import Selected
from stacks.settings import StackSettings

SIDE_BY_SIDE = 8
Versions = Mapping[str, str]
"""Number -> CodeSha256."""


def existing(state: Mapping[str, Any], client: Any) -> dict[str, Versions | None]:
    """Function -> its published versions; None where the account doesn't have it. Raises what boto3 raises.

    ``state``: names the functions. ``client``: of Lambda.
    """
    names = [str((each.get("outputs") or {}).get("name")) for each in resources_of_type(state, FUNCTION)]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        return dict(zip(names, pool.map(lambda name: _versions(client, name), names), strict=True))


def _versions(client: Any, name: str) -> Versions | None:
    try:
        pages = list(client.get_paginator("list_versions_by_function").paginate(FunctionName=name))
    except client.exceptions.ResourceNotFoundException:
        return None
    found = [version for page in pages for version in page["Versions"]]
    if not found:  # every function has $LATEST
        return None
    return {each["Version"]: each["CodeSha256"] for each in found if each["Version"].isdigit()}


def gone(
    settings: StackSettings,
    selected: Mapping[str, Selected],
    state: Mapping[str, Any],
    outputs: Mapping[str, Any],
    existing: Mapping[str, Versions | None],
) -> Iterator[str]:
    """A line for each function whose remembered version is gone, where no other version has the selected code.

    The program itself looks at what each version holds, and publishes it anew; this says so before it begins.
    ``state``: names the functions. ``outputs``: the stack's own. ``existing``: what the account has.
    """
    memory = outputs.get("published")
    for item in artifact_objects(settings, selected):
        if item.type != FUNCTION:
            continue
        name = str((outputs_of(state, FUNCTION, item.resource) or {}).get("name"))
        if (versions := existing.get(name)) is None:
            continue
        entry = memory.get(name) if isinstance(memory, Mapping) else None
        numbers = entry.get("versions") if isinstance(entry, Mapping) else None
        lost = sorted(set(map(str, numbers.values())) - set(versions)) if isinstance(numbers, Mapping) else []
        if lost and code_hash(item.sha256) not in versions.values():
            release = selected[item.system].version
            yield f"version {', '.join(lost)} of {name} is gone: what {release} runs of it is published anew"
