"""Deployments that stop for an alarm: the alarm is heeded, also when it can't be read, and the old release comes back.

Sources: CodeDeploy API, AlarmConfiguration, TrafficRoutingConfig, MinimumHealthyHosts; CodeDeploy User Guide, "Working
with deployment configurations"; ECS Developer Guide, "How the Amazon ECS deployment circuit breaker detects failures",
"How CloudWatch alarms detect Amazon ECS deployment failures"; ECS API, DeploymentConfiguration.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from core.model import Model
from policies.rule import NoConfig, PolicyContext, ResourceRule, Severity
from policies.subject import UNKNOWN, Resource, items
from policies.values import is_off, is_on, number

CONFIG = "aws:codedeploy/deploymentConfig:DeploymentConfig"
GROUP = "aws:codedeploy/deploymentGroup:DeploymentGroup"
SERVICE = "aws:ecs/service:Service"
OWN: Final = (None, "ECS")
"""Deployment controllers that are ECS's own; CodeDeploy and others bring their own way back."""


def heeded(group: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """A deployment group's alarms count, also where CodeDeploy can't read them."""
    alarms = [each for each in items(group.get("alarmConfiguration.alarms")) if each not in (None, "")]
    if is_on(group.get("alarmConfiguration.ignorePollAlarmFailure")):
        yield f"{group.name} goes on when its alarms can't be read (ignorePollAlarmFailure)"
    enabled = group.get("alarmConfiguration.enabled")
    if alarms and (enabled is None or is_off(enabled)):
        yield f"{group.name} names alarms and doesn't heed them: alarmConfiguration isn't enabled"
    if is_on(enabled) and not alarms:
        yield f"{group.name} heeds alarms and names none"


def brought_back(service: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """A service whose deployment fails goes back to the last one that was steady."""
    controller = service.get("deploymentController.type")
    if controller not in OWN or service.get("schedulingStrategy") is UNKNOWN:
        return
    for what, enabled in (("deploymentCircuitBreaker", "enable"), ("alarms", "enable")):
        found = service.get(what)
        on, back = service.get(f"{what}.{enabled}"), service.get(f"{what}.rollback")
        if what == "deploymentCircuitBreaker" and (found is None or is_off(on)):
            yield f"{service.name} goes on trying when its tasks don't start: deploymentCircuitBreaker isn't enabled"
        elif found is not None and is_on(on) and (back is None or is_off(back)):
            yield f"{service.name} stops a deployment that fails and stays there: {what}.rollback isn't set"
        elif what == "alarms" and found is not None and is_off(on):
            yield f"{service.name} names alarms and doesn't heed them: alarms aren't enabled"


class Steps(Model):
    """Whether a deployment may move everything at once."""

    all_at_once: bool = False
    """Whether a deployment may move everything at once."""


def gradual(resource: Resource, config: Steps, _facts: PolicyContext) -> Iterator[str]:
    """A deployment moves in steps, so that its alarms have something to stop."""
    if not config.all_at_once:
        yield from (f"{resource.name} moves everything at once ({why})" for why in _at_once(resource))


def _at_once(resource: Resource) -> Iterator[str]:
    name, routing = resource.get("deploymentConfigName"), resource.get("trafficRoutingConfig.type")
    if resource.type == GROUP:
        if isinstance(name, str) and name.endswith("AllAtOnce"):
            yield name
    elif resource.type == CONFIG:
        if routing == "AllAtOnce" or (routing is None and resource.get("computePlatform") in ("Lambda", "ECS")):
            yield "trafficRoutingConfig AllAtOnce"
        if number(resource.get("minimumHealthyHosts.value")) == 0:
            yield "minimumHealthyHosts 0"
    else:
        replicas = resource.get("schedulingStrategy") not in ("DAEMON", UNKNOWN)
        if replicas and number(resource.get("deploymentMinimumHealthyPercent")) == 0:
            yield "deploymentMinimumHealthyPercent 0"


RULES = (
    ResourceRule(
        name="deployment-gradual",
        description="A deployment moves in steps.",
        severity=Severity.HIGH,
        remedy=(
            "Use a canary or linear deploymentConfigName, leave some hosts or tasks healthy; or set allAtOnce in the "
            "stack's settings where nobody is served."
        ),
        types=frozenset({CONFIG, GROUP, SERVICE}),
        check=gradual,
        config=Steps,
    ),
    ResourceRule(
        name="deployment-alarms",
        description="A deployment stops for its alarms.",
        severity=Severity.HIGH,
        remedy=(
            "Enable alarmConfiguration, name its alarms, and leave ignorePollAlarmFailure false: no data is no success."
        ),
        types=frozenset({GROUP}),
        check=heeded,
    ),
    ResourceRule(
        name="service-deployment-rollback",
        description="A service whose deployment fails goes back by itself.",
        severity=Severity.HIGH,
        remedy=("Set enable and rollback of deploymentCircuitBreaker, and of alarms where the service has any."),
        types=frozenset({SERVICE}),
        check=brought_back,
    ),
)
