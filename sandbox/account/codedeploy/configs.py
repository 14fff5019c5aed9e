"""Deployment configurations: those that AWS brings along, and custom ones.

Source: CodeDeploy user guide, "Working with deployment configurations", and the API reference.
"""

from __future__ import annotations

import copy
import math
import uuid
from typing import Any

from sandbox.account.codedeploy.model import Refusal, now, required, table

DEFAULTS = {
    "Lambda": "CodeDeployDefault.LambdaAllAtOnce",
    "ECS": "CodeDeployDefault.ECSAllAtOnce",
    "Server": "CodeDeployDefault.OneAtATime",
}
"""What a deployment group gets that names none, by compute platform."""

TABLE = "deployment_configs"


def _made(name: str, platform: str, **more: Any) -> dict[str, Any]:
    return {"deploymentConfigName": f"CodeDeployDefault.{name}", "computePlatform": platform, **more}


def _canary(percent: int, minutes: int) -> dict[str, Any]:
    block = {"canaryPercentage": percent, "canaryInterval": minutes}
    return {"trafficRoutingConfig": {"type": "TimeBasedCanary", "timeBasedCanary": block}}


def _linear(percent: int, minutes: int) -> dict[str, Any]:
    block = {"linearPercentage": percent, "linearInterval": minutes}
    return {"trafficRoutingConfig": {"type": "TimeBasedLinear", "timeBasedLinear": block}}


def _hosts(kind: str, value: int) -> dict[str, Any]:
    return {"minimumHealthyHosts": {"type": kind, "value": value}}


_AT_ONCE = {"trafficRoutingConfig": {"type": "AllAtOnce"}}

PREDEFINED = {
    config["deploymentConfigName"]: config
    for config in (
        *(_made(f"LambdaCanary10Percent{n}Minutes", "Lambda", **_canary(10, n)) for n in (5, 10, 15, 30)),
        _made("LambdaLinear10PercentEvery1Minute", "Lambda", **_linear(10, 1)),
        *(_made(f"LambdaLinear10PercentEvery{n}Minutes", "Lambda", **_linear(10, n)) for n in (2, 3, 10)),
        _made("LambdaAllAtOnce", "Lambda", **_AT_ONCE),
        *(_made(f"ECSCanary10Percent{n}Minutes", "ECS", **_canary(10, n)) for n in (5, 15)),
        *(_made(f"ECSLinear10PercentEvery{n}Minutes", "ECS", **_linear(10, n)) for n in (1, 3)),
        _made("ECSAllAtOnce", "ECS", **_AT_ONCE),
        _made("OneAtATime", "Server", **_hosts("HOST_COUNT", 1)),
        _made("HalfAtATime", "Server", **_hosts("FLEET_PERCENT", 50)),
        _made("AllAtOnce", "Server", **_hosts("HOST_COUNT", 0)),
    )
}
"""The configurations that every account has, by name."""


def find(backend: Any, name: str) -> dict[str, Any]:
    """Return a configuration; refuses with DeploymentConfigDoesNotExistException where there's none."""
    found = PREDEFINED.get(name) or table(backend, TABLE).get(name)
    if found is None:
        raise Refusal("DeploymentConfigDoesNotExistException", f"No Deployment Configuration found for name: {name}")
    return found


def steps(config: dict[str, Any]) -> list[tuple[float, float]]:
    """Return when the new version gets how much traffic: (emulated seconds after the start, percent), in order."""
    routing = config.get("trafficRoutingConfig") or {}
    if canary := routing.get("timeBasedCanary"):
        return [(0.0, float(canary["canaryPercentage"])), (60.0 * canary["canaryInterval"], 100.0)]
    if linear := routing.get("timeBasedLinear"):
        percent, minutes = linear["linearPercentage"], linear["linearInterval"]
        return [(60.0 * minutes * n, min(100.0, percent * (n + 1.0))) for n in range(math.ceil(100 / percent))]
    return [(0.0, 100.0)]


def create(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    """CreateDeploymentConfig."""
    name = required(given, "deploymentConfigName")
    if name in PREDEFINED or name in table(backend, TABLE):
        text = f"Deployment Configuration name {name} already exists."
        raise Refusal("DeploymentConfigAlreadyExistsException", text)
    if name.startswith("CodeDeployDefault."):
        raise Refusal("InvalidDeploymentConfigNameException", "Names that begin with CodeDeployDefault. are reserved.")
    platform = given.get("computePlatform") or "Server"
    if platform not in DEFAULTS:
        raise Refusal("InvalidComputePlatformException", f"{platform} isn't a compute platform.")
    kept = {key: value for key, value in given.items() if value is not None}
    if platform == "Server":
        _check_hosts(given.get("minimumHealthyHosts") or {})
    else:
        kept["trafficRoutingConfig"] = _checked_routing(given.get("trafficRoutingConfig") or {"type": "AllAtOnce"})
    identity = str(uuid.uuid4())
    info = {**kept, "computePlatform": platform, "deploymentConfigId": identity, "createTime": now()}
    table(backend, TABLE)[name] = info
    return {"deploymentConfigId": identity}


def _check_hosts(hosts: dict[str, Any]) -> None:
    kind, value = hosts.get("type"), hosts.get("value")
    if kind not in ("HOST_COUNT", "FLEET_PERCENT") or not isinstance(value, int) or value < 0:
        text = "minimumHealthyHosts takes a type, HOST_COUNT or FLEET_PERCENT, and a value of 0 or more."
        raise Refusal("InvalidMinimumHealthyHostValueException", text)


def _checked_routing(routing: dict[str, Any]) -> dict[str, Any]:
    kind = routing.get("type")
    if kind == "AllAtOnce":
        return dict(routing)
    for name, block, word in (
        ("TimeBasedCanary", "timeBasedCanary", "canary"),
        ("TimeBasedLinear", "timeBasedLinear", "linear"),
    ):
        if kind == name:
            values = routing.get(block) or {}
            percent, minutes = values.get(f"{word}Percentage", 0), values.get(f"{word}Interval", 0)
            if 0 < percent < 100 and 0 < minutes <= 2880:
                return copy.deepcopy(routing)
            text = f"{block} takes a percentage between 1 and 99 and an interval of 1 to 2880 minutes."
            raise Refusal("InvalidTrafficRoutingConfigurationException", text)
    raise Refusal("InvalidTrafficRoutingConfigurationException", f"{kind} isn't a type of traffic routing.")


def get(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    """GetDeploymentConfig; a predefined configuration's id is made from its name, the same everywhere."""
    found = find(backend, required(given, "deploymentConfigName"))
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, found["deploymentConfigName"]))
    return {"deploymentConfigInfo": {"deploymentConfigId": identity, **found}}


def names(backend: Any, _: dict[str, Any]) -> dict[str, Any]:
    """ListDeploymentConfigs."""
    return {"deploymentConfigsList": sorted([*PREDEFINED, *table(backend, TABLE)])}


def delete(backend: Any, given: dict[str, Any]) -> None:
    """DeleteDeploymentConfig; one that doesn't exist is no error."""
    name = required(given, "deploymentConfigName")
    if name in PREDEFINED:
        raise Refusal("InvalidOperationException", f"{name} is predefined and can't be deleted.")
    groups = [group for named in backend.deployment_groups.values() for group in named.values()]
    if any(group.settings.get("deploymentConfigName") == name for group in groups):
        raise Refusal("DeploymentConfigInUseException", f"The deployment configuration {name} is still in use.")
    table(backend, TABLE).pop(name, None)
