"""Functions that take traffic: behind an alias that can be moved back, watched, and moved back by itself.

A function takes traffic when something of the stack invokes it through an alias (a permission, an event source, an
integration, a notification), or when CodeDeploy moves its alias.
Source: CodeDeploy User Guide, "Deployments on an AWS Lambda compute platform".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from core.model import Model
from policies.alarms import ALARM
from policies.functions import EVENT_SOURCE, FUNCTION, GROUP, functions_of, names
from policies.invokers import EDGES
from policies.queues import QUEUE, redrives
from policies.rule import NoConfig, PolicyContext, PolicyViolation, ResourceRule, Severity, StackRule
from policies.subject import UNKNOWN, Resource, Stack, items, known
from policies.values import is_off, is_on

FAILURE, ALARMED = "DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
IGNORES = "alarmConfiguration.ignorePollAlarmFailure"


class Groups(Model):
    """Which systems move their traffic through CodeDeploy."""

    require_deployment_group: tuple[str, ...] | None = None
    """Names of systems; left out, all of them. A system is what the tag ``system`` says, or the outermost component."""


def through_alias(stack: Stack, _config: NoConfig, _facts: PolicyContext) -> Iterator[PolicyViolation]:
    """Nothing invokes a function without a qualifier, or by the number of a version: CloudFront alone has to."""
    for call in functions_of(stack).calls:
        if call.invoker.type in EDGES:
            if call.qualifier is not None and not call.qualifier.isdigit():
                told = f"{_told(call.function)} as {call.qualifier}, and CloudFront takes a version's number alone"
                yield PolicyViolation(f"{call.invoker.name} invokes {told}", call.invoker)
            elif call.qualifier is None:
                yield PolicyViolation(
                    f"{call.invoker.name} invokes {_told(call.function)} without a version", call.invoker
                )
        elif call.qualifier is None:
            yield PolicyViolation(f"{call.invoker.name} invokes {_told(call.function)} without an alias", call.invoker)
        elif call.qualifier.isdigit() or call.qualifier == "$LATEST":
            yield PolicyViolation(
                f"{call.invoker.name} invokes version {call.qualifier} of {_told(call.function)}, not an alias",
                call.invoker,
            )


def grouped(stack: Stack, config: Groups, _facts: PolicyContext) -> Iterator[PolicyViolation]:
    """Every alias that takes traffic moves through a deployment group that watches alarms and goes back by itself.

    The engine moves an alias through the group that it depends on (``depends_on``): the group is ready before it.
    """
    alarms = {
        name
        for kind, path in ((ALARM, "name"), (COMPOSITE, "alarmName"))
        for alarm in stack.of(kind)
        if isinstance(name := alarm.get(path), str)
    }
    for function, aliases in functions_of(stack).taking_traffic.values():
        system = stack.system(function)
        if config.require_deployment_group is not None and system not in config.require_deployment_group:
            continue
        for alias in aliases:
            groups = stack.find(alias.dependencies, GROUP)
            if not groups:
                yield PolicyViolation(
                    f"{alias.name} takes traffic of {system} and depends on no deployment group", alias
                )
            for group in groups:
                yield from (PolicyViolation(f"{group.name}: {fault}", group) for fault in _faults(group, alarms))


def _faults(group: Resource, alarms: set[str]) -> Iterator[str]:
    """What keeps a deployment group from going back when its traffic fails."""
    watched = items(group.get("alarmConfiguration.alarms"))
    enabled = group.get("alarmConfiguration.enabled")
    if not watched or not (is_on(enabled) or enabled is UNKNOWN):
        yield "it watches no alarms"
    for name in watched:
        if isinstance(name, str) and name not in alarms:
            yield f"it watches the alarm {name}, which isn't in this stack"
    if is_on(group.get(IGNORES)):
        yield "it goes on where its alarms can't be read: ignorePollAlarmFailure is true"
    goes_back = group.get("autoRollbackConfiguration.enabled")
    events = items(group.get("autoRollbackConfiguration.events"))
    if goes_back is None or is_off(goes_back):
        yield "it doesn't go back by itself: autoRollbackConfiguration isn't enabled"
    elif all(known(event) for event in events):
        for event in (FAILURE, ALARMED):
            if event not in events:
                yield f"{event} doesn't take it back"


def auto_rollback(group: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """Every deployment group goes back by itself when a deployment fails; when an alarm rings, if it watches any."""
    enabled = group.get("autoRollbackConfiguration.enabled")
    if enabled is not UNKNOWN and not is_on(enabled):
        yield f"{group.name} doesn't go back by itself: autoRollbackConfiguration isn't enabled"
        return
    events = items(group.get("autoRollbackConfiguration.events"))
    watches = is_on(group.get("alarmConfiguration.enabled"))
    for event in (FAILURE, *([ALARMED] if watches else [])):
        if event not in events and all(known(each) for each in events):
            yield f"{group.name}: autoRollbackConfiguration lacks {event}"
    if watches and is_on(group.get(IGNORES)):
        yield f"{group.name} goes on where its alarms can't be read: ignorePollAlarmFailure is true"


def watched(stack: Stack, _config: NoConfig, _facts: PolicyContext) -> Iterator[PolicyViolation]:
    """An alarm watches every function that takes traffic, or the queue whose messages it works on.

    What a consumer can't work on waits, and ends among the dead letters: an alarm on either tells of it.
    """
    functions, queues = _alarmed(stack, "FunctionName", FUNCTION), _alarmed(stack, "QueueName", QUEUE)
    dead = {urn: [target.urn for target in redrive.targets] for urn, redrive in redrives(stack).items()}
    found = functions_of(stack)
    by_arn = {arn: queue for queue in stack.of(QUEUE) if isinstance(arn := queue.get("arn"), str)}
    feeding: dict[str, list[Resource]] = {}
    for call in found.calls:
        if call.invoker.type == EVENT_SOURCE and call.function is not None:
            feeding.setdefault(call.function.urn, []).extend(_sources(stack, call.invoker, by_arn))
    for urn, (function, _) in found.taking_traffic.items():
        told = [queue.urn for queue in feeding.get(urn, ())]
        told += [target for queue in list(told) for target in dead.get(queue, ())]
        if urn not in functions and not queues.intersection(told):
            yield PolicyViolation(
                f"{function.name} takes traffic, and no alarm watches it or a queue that feeds it", function
            )


def _alarmed(stack: Stack, dimension: str, kind: str) -> set[str]:
    """The URNs of the functions or queues that alarms watch."""
    by_name = {name: each.urn for each in stack.of(kind) if isinstance(name := each.get("name"), str)}
    urns: set[str] = set()
    for alarm in stack.of(ALARM):
        for name in names(alarm, dimension):
            if name in by_name:
                urns.add(by_name[name])
        for path in ("dimensions", "metricQueries"):
            urns |= {source.urn for source in stack.sources(alarm, path, kind)}
    return urns


def _sources(stack: Stack, mapping: Resource, by_arn: Mapping[str, Resource]) -> list[Resource]:
    """The queue that an event source mapping reads from."""
    arn = mapping.get("eventSourceArn")
    return [by_arn[arn]] if isinstance(arn, str) and arn in by_arn else stack.sources(mapping, "eventSourceArn", QUEUE)


def _told(function: Resource | None) -> str:
    return function.name if function is not None else "a function of another stack"


RULES = (
    StackRule(
        name="function-through-alias",
        description="Functions are invoked through an alias.",
        severity=Severity.HIGH,
        remedy=(
            "Use the alias's arn or invokeArn, and its name as the qualifier of a permission: what is invoked "
            "without one runs $LATEST, and no rollback moves it."
        ),
        check=through_alias,
    ),
    StackRule(
        name="traffic-deployment-group",
        description="Traffic moves through a deployment group that watches alarms and goes back by itself.",
        severity=Severity.HIGH,
        remedy=(
            "Declare a CodeDeploy deployment group with alarmConfiguration and autoRollbackConfiguration, and let "
            "the alias depend on it; or name the systems that need one in the stack's settings."
        ),
        check=grouped,
        config=Groups,
    ),
    ResourceRule(
        name="deployment-auto-rollback",
        description="Every deployment group goes back by itself.",
        severity=Severity.HIGH,
        remedy=(
            "Enable autoRollbackConfiguration with DEPLOYMENT_FAILURE, and with DEPLOYMENT_STOP_ON_ALARM where it "
            "watches alarms."
        ),
        types=frozenset({GROUP}),
        check=auto_rollback,
    ),
    StackRule(
        name="traffic-alarms",
        description="Every function that takes traffic is watched by an alarm.",
        severity=Severity.MEDIUM,
        remedy="Declare an alarm on the function's metrics, or on the queue whose messages it works on.",
        check=watched,
    ),
)
