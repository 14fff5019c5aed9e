"""Whether an alarm rings that would stop the deployment which an update is about to begin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.health import shifts
from cli.pulumi_command import EngineError
from codedeploy import alarms, served
from core.aws import client
from stacks.direction import returns
from stacks.releases import window
from stacks.selection import Selected, select
from stacks.settings import StackSettings


def refuse(settings: StackSettings, outputs: Mapping[str, Any]) -> None:
    """Raise ``EngineError`` where a function would go forward under an alarm that rings; the way back is exempt.

    What can't be asked refuses nothing: the hook asks again, right before the deployment.
    """
    for system, chosen in select(settings).items():
        told = (outputs.get("systems") or {}).get(system) or {}
        functions = told.get("functions") or {}
        for group in shifts.groups(told, system, settings.stack):
            if group.name not in functions:
                continue
            try:
                found = _ringing(group, chosen, told, settings.region)
            except (BotoCoreError, ClientError):
                continue
            if found:
                raise EngineError(
                    f"{group.name} of {system} can't go forward to {chosen.version}: {'; '.join(found)}, which would "
                    "stop the deployment. Nothing was changed: see to the alarm first"
                )


def _ringing(group: shifts.Group, chosen: Selected, told: Mapping[str, Any], region: str) -> list[str]:
    lambdas, known = client("lambda", region), window(chosen.system)
    function, _, alias = str(told["functions"][group.name]).rpartition(":")
    shares = served.shares(lambdas, function, alias, group.name, known)
    back = returns(str(told.get("release") or "") or None, chosen.version)
    arrived = len(shares) == 1 and chosen.version in shares[0].releases
    # The version that the update will publish isn't known yet.
    if arrived or served.goes_back(shares, "", chosen.version, back):
        return []
    names = alarms.of_group(client("codedeploy", region), group.application, group.group)
    return alarms.ringing(client("cloudwatch", region), names)
