"""A deployment from Created to its end, a little further with every round; instances have a module of their own.

Source: CodeDeploy user guide, "Deployments on an AWS Lambda compute platform" and "AppSpec 'hooks' section for an
AWS Lambda deployment": a hook function is invoked asynchronously and has an hour to report its result.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

from sandbox.account import background, clock, functions
from sandbox.account.alarms import StateChange, on_state_change
from sandbox.account.codedeploy import alarms, completion, configs, hosts, revisions, traffic
from sandbox.account.codedeploy.model import ROLLBACK, Deployment, LifecycleEvent, backends, now

HOOK_SECONDS = 3600.0
"""Emulated seconds that a hook has to report in."""

SAVE_SECONDS = 2.0
"""Real seconds after which the progress of a deployment is saved, even if nothing else happens."""


LONGEST_ROUND = 1.0
"""Real seconds that count at most between two rounds: a stall of the machine must not cut a canary short."""


class _Clock:
    """When the last round was, on a clock that stands still while the account is down."""

    round = 0.0
    saved = 0.0


@background.every(0.1, "deployments")
def advance_all() -> float | None:
    """Take every active deployment further; rest where none is."""
    some = False
    real = time.monotonic()
    passed = clock.emulated_seconds(min(real - _Clock.round, LONGEST_ROUND)) if _Clock.round else 0.0
    _Clock.round = real
    for backend in backends():
        for deployment in list(backend.deployments.values()):
            if not deployment.active:
                continue
            some = True
            with background.LOCK:
                if deployment.active:
                    advance(backend, deployment, passed)
            if real - _Clock.saved > SAVE_SECONDS:
                _Clock.saved = real
                background.mark_changed()
    return None if some else background.UNTIL_CHANGED


@on_state_change
def heed(change: StateChange) -> None:
    """Stop the deployments that an alarm guards."""
    if change.new != "ALARM":
        return
    for backend in backends():
        if (backend.account_id, backend.region_name) != (change.backend.account_id, change.backend.region_name):
            continue
        with background.LOCK:
            for deployment in list(backend.deployments.values()):
                if deployment.status == "InProgress" and change.alarm.name in alarms.watched(deployment):
                    completion.stop(backend, deployment, "ALARM_ACTIVE", alarms.activated([change.alarm.name]))


def advance(backend: Any, deployment: Deployment, passed: float) -> None:
    """Take one deployment further; `passed` is the time since the last round, in emulated seconds."""
    try:
        if deployment.status == "Created":
            deployment.status = "Queued"
            background.mark_changed()
        elif deployment.status == "Queued":
            _start(backend, deployment)
        elif message := alarms.problem(backend, deployment):
            completion.stop(backend, deployment, "ALARM_ACTIVE", message)
        elif deployment.compute_platform == "Server":
            hosts.go_on(backend, deployment, passed)
        else:
            _go_on(backend, deployment, passed)
    except revisions.RevisionError as error:
        completion.fail(backend, deployment, error.code, str(error))
    except Exception as error:
        background.log.exception("the deployment %s failed in the account itself", deployment.deployment_id)
        completion.fail(backend, deployment, "INTERNAL_ERROR", f"The local account failed: {error}")


def _start(backend: Any, deployment: Deployment) -> None:
    deployment.status, deployment.start_time = "InProgress", now()
    background.mark_changed()
    if deployment.compute_platform == "Server":
        hosts.start(backend, deployment)
    else:
        _read(backend, deployment)
    if message := alarms.problem(backend, deployment):
        completion.stop(backend, deployment, "ALARM_ACTIVE", message)


def _read(backend: Any, deployment: Deployment) -> None:
    """Take from the AppSpec what is to be done, and look up where the aliases point."""
    spec = revisions.read(backend, deployment.request["revision"])
    deployment.hooks = spec.hooks
    deployment.events = [LifecycleEvent(name) for name in revisions.EVENTS]
    for target in spec.targets:
        traffic.look_up(backend, target)
    deployment.targets = spec.targets


def _go_on(backend: Any, deployment: Deployment, passed: float) -> None:
    """Work on the first phase that isn't over, and on those after it as far as they don't take time."""
    for event in deployment.events:
        if event.over:
            continue
        if event.status == "Pending":
            event.status, event.started = "InProgress", now()
            background.mark_changed()
            _begin(deployment, event, backend.region_name)
        else:
            event.passed += passed
        if not event.over:
            _work(backend, deployment, event)
        if not event.over or not deployment.active:
            return
    completion.succeed(backend, deployment)


def _begin(deployment: Deployment, event: LifecycleEvent, region: str) -> None:
    """Invoke the hook of a phase; a phase without one is over at once."""
    if event.name == "AllowTraffic":
        return
    hook = deployment.hooks.get(event.name)
    if hook is None or deployment.creator == ROLLBACK:
        event.end("Succeeded")
        return
    event.execution_id = str(uuid.uuid4())
    payload = {"DeploymentId": deployment.deployment_id, "LifecycleEventHookExecutionId": event.execution_id}
    try:
        functions.invoke(hook, payload, region=region, asynchronous=True)
    except functions.NotFound as error:
        event.end("Failed", errorCode="ScriptMissing", scriptName=hook, message=str(error))
        text = f"{event.name} hook failed: the function {hook} doesn't exist."
        raise revisions.RevisionError("HOOK_EXECUTION_FAILURE", text) from error


def _work(backend: Any, deployment: Deployment, event: LifecycleEvent) -> None:
    if event.name == "AllowTraffic":
        _shift(backend, deployment, event)
    elif event.passed > HOOK_SECONDS:
        hook = deployment.hooks[event.name]
        text = f"The function {hook} didn't report the result of {event.name} within one hour."
        event.end("Failed", errorCode="ScriptTimedOut", scriptName=hook, message=text)
        raise revisions.RevisionError("HOOK_EXECUTION_FAILURE", text)


def _shift(backend: Any, deployment: Deployment, event: LifecycleEvent) -> None:
    """Move the traffic as far as the deployment configuration says for the time that has passed."""
    steps = configs.steps(deployment.config)
    due = sum(1 for after, _ in steps if after <= event.passed)
    if due > event.step:
        for target in deployment.targets:
            traffic.shift(backend, target, steps[due - 1][1])
        event.step = due
        background.mark_changed()
    if event.step == len(steps):
        event.end("Succeeded")


def report(backend: Any, deployment: Deployment, event: LifecycleEvent, status: str) -> None:
    """Take the result that a hook function reports, Succeeded or Failed; call it with the lock held."""
    hook = deployment.hooks[event.name]
    if status == "Succeeded":
        event.end("Succeeded")
        background.mark_changed()
        return
    text = f"The overall deployment failed because the {event.name} hook function {hook} reported a failure."
    event.end("Failed", errorCode="ScriptFailed", scriptName=hook, message=text)
    completion.fail(backend, deployment, "HOOK_EXECUTION_FAILURE", text)
