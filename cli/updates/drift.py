"""Before an update: what was changed by hand is read anew, so that the update sees it and puts it right.

The engine compares the program with its own state; what somebody changed since it doesn't know. Only the resources that
drifted are refreshed, never a store: one that is gone would otherwise be made anew, and empty.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.engine import Engine, Snapshot
from cli.health import shifts
from cli.health.serving import Drift
from cli.health.status import drifted
from cli.pulumi_command import EngineError
from cli.updates import alarms as ringing
from core.state import resources_of
from stacks.settings import StackSettings


def prepare(engine: Engine, settings: StackSettings, known: Mapping[str, Any]) -> None:
    """Have the state say what is really there, of all that drifted, and stop deployments that lead elsewhere.

    ``known``: the outputs by which the update was decided. Says what it found. Raises ``EngineError`` where another
    update has moved a system since, where the engine can't read a resource, and where an alarm rings that would stop a
    deployment (``cli.updates.alarms``).
    """
    state = engine.state()
    outputs = Snapshot(state, []).outputs
    _refuse_moved(settings.stack, known, outputs)
    ringing.refuse(settings, outputs)
    _stop_others(settings, outputs)
    found = [drift for drift in drifted(settings, outputs) if drift.resources]
    for drift in found:
        print(f"{settings.stack}: not as the settings ask, this update puts it right: {drift.what}", file=sys.stderr)
    if urns := urns_of(state, found):
        engine.refresh(urns)


def _refuse_moved(stack: str, known: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
    """Raise ``EngineError`` where a system runs another release than when this update was decided on."""
    then, now = _releases(known), _releases(outputs)
    moved = [f"{name} from {then.get(name)} to {now[name]}" for name in now if now[name] != then.get(name)]
    if moved:
        raise EngineError(
            f"another update of {stack} has moved {', '.join(moved)} meanwhile: nothing was changed; see `rollback "
            f"status -s {stack}`, then run this again"
        )


def _releases(outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: (told or {}).get("release") for name, told in (outputs.get("systems") or {}).items()}


def urns_of(state: Mapping[str, Any], drift: Sequence[Drift]) -> list[str]:
    """The URNs of the resources that drifted, as the state has them, each once."""
    resources = resources_of(state)
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
                            f"{', '.join(releases) or 'no release'}: it is stopped and rolled back",
                            file=sys.stderr,
                        )
                        shifts.stop(str(identifier), settings.region)
            except (BotoCoreError, ClientError) as error:
                print(f"{settings.stack}: the deployments of {group.name} can't be looked at: {error}", file=sys.stderr)
