"""Before an update: what was changed by hand is read anew, so that the update sees it and puts it right.

The engine compares the program with its own state; what somebody changed since it doesn't know. Only the resources that
drifted are refreshed, never a store: one that is gone would otherwise be made anew, and empty.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scripts import ringing
from scripts.engine import Engine, Left
from scripts.running import drifted
from scripts.systems import shifts
from scripts.systems.serving import Drift
from stacks.settings import StackSettings


def prepare(engine: Engine, settings: StackSettings, state: Mapping[str, Any]) -> None:
    """Have the state say what is really there, of all that drifted, and stop deployments that lead elsewhere.

    ``state``: the whole of it, as it is now. Says what it found. Raises ``EngineError`` where the engine can't read a
    resource, and where an alarm rings that would stop a deployment (``scripts.ringing``).
    """
    outputs = Left(dict(state), []).outputs
    ringing.refuse(settings, outputs)
    _stop_others(settings, outputs)
    found = [drift for drift in drifted(settings, outputs) if drift.resources]
    for drift in found:
        print(f"{settings.stack}: not as the settings ask, this update puts it right: {drift.what}", file=sys.stderr)
    if urns := urns_of(state, found):
        engine.refresh(urns)


def urns_of(state: Mapping[str, Any], drift: Sequence[Drift]) -> list[str]:
    """The URNs of the resources that drifted, as the state has them, each once."""
    resources = (state.get("deployment") or {}).get("resources") or []
    wanted = {(each.type, each.property, each.value) for found in drift for each in found.resources}
    return [
        str(resource["urn"])
        for resource in resources
        if any(
            resource["type"] == kind
            and value == str(resource.get("id") if name == "id" else (resource.get("outputs") or {}).get(name))
            for kind, name, value in wanted
        )
    ]


def _stop_others(settings: StackSettings, outputs: Mapping[str, Any]) -> None:
    """Stop what is under way to another release than the pinned one: no change of the program's would end it."""
    for system, told in (outputs.get("systems") or {}).items():
        if system not in settings.project.systems:
            continue
        for group in shifts.groups(told or {}, system, settings.stack):
            try:
                for deployment in shifts.under_way(group, settings.region):
                    releases = shifts.releases(deployment, system, settings.region)
                    if releases is not None and settings.pin(system) not in releases:
                        identifier = deployment["deploymentId"]
                        print(
                            f"{settings.stack}: deployment {identifier} of {group.name} leads to "
                            f"{', '.join(releases) or 'no release'}: it is stopped and taken back",
                            file=sys.stderr,
                        )
                        shifts.stop(str(identifier), settings.region)
            except (BotoCoreError, ClientError) as error:
                print(f"{settings.stack}: the deployments of {group.name} can't be looked at: {error}", file=sys.stderr)
