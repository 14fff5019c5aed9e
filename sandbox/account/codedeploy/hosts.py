"""In-place deployments to on-premises instances, as far as CodeDeploy's own side goes.

An agent on the host asks for its next lifecycle event, runs it, and reports:

    GET  /_sandbox/codedeploy/agent/<instance>    {} or {"deploymentId", "event", "revision", ...}
    POST the same                                 {"deploymentId", "event", "status", "diagnostics"}; answers like GET

A GET with ?wait=SECONDS is answered as soon as there is something to do, so that an agent need not ask each second.
Asking again gives the same event until it was reported, so that an agent may crash. An event has an emulated hour.
Source: CodeDeploy user guide, "AppSpec 'hooks' section for an EC2/On-Premises deployment" and "Deployment
configurations on an EC2/on-premises compute platform".
"""

from __future__ import annotations

import json
import math
import time
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.account import background
from sandbox.account.codedeploy import completion, instances, triggers
from sandbox.account.codedeploy.model import Deployment, Host, Instance, LifecycleEvent, backends, now, table
from sandbox.account.codedeploy.revisions import RevisionError, check_object
from sandbox.account.routes import route

PATH = "/_sandbox/codedeploy/agent/"
EVENTS = (
    "ApplicationStop",
    "DownloadBundle",
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "ApplicationStart",
    "ValidateService",
)
LONGEST_WAIT = 25.0
EVENT_SECONDS = 3600.0
"""Emulated seconds that an instance has for a lifecycle event, from when it could have asked for it."""


def _chosen(backend: Any, settings: dict[str, Any]) -> list[Instance]:
    """Return the registered instances that a group's tags choose: all sets, and of each set any filter."""
    sets = (settings.get("onPremisesTagSet") or {}).get("onPremisesTagSetList") or []
    if filters := settings.get("onPremisesInstanceTagFilters"):
        sets = [*sets, filters]
    return [
        found
        for _, found in sorted(table(backend, instances.TABLE).items())
        if sets
        and found.deregister_time is None
        and all(any(instances.matches(found.tags, one) for one in filters) for filters in sets)
    ]


def start(backend: Any, deployment: Deployment) -> None:
    """Choose the instances of a deployment; raises RevisionError where it can't begin."""
    check_object(backend, deployment.request["revision"])
    chosen = _chosen(backend, deployment.settings)
    if not chosen:
        text = "The deployment failed because no instances were found for your deployment group."
        raise RevisionError("NO_INSTANCES", text)
    if _healthy(deployment.config, len(chosen)) >= len(chosen):
        text = "The deployment failed because its configuration wants all instances healthy at all times."
        raise RevisionError("HEALTH_CONSTRAINTS_INVALID", text)
    deployment.hosts = [Host(found.instance_name, [LifecycleEvent(name) for name in EVENTS]) for found in chosen]


def _healthy(config: dict[str, Any], number: int) -> int:
    """Return how many of a number of instances have to stay healthy."""
    name, hosts = config["deploymentConfigName"], config["minimumHealthyHosts"]
    if name == "CodeDeployDefault.OneAtATime":
        return number - 1
    if name == "CodeDeployDefault.HalfAtATime":
        return number - max(1, number // 2)
    if hosts["type"] == "FLEET_PERCENT":
        return math.ceil(number * int(hosts["value"]) / 100)
    return int(hosts["value"])


def go_on(backend: Any, deployment: Deployment, passed: float) -> None:
    """Begin with as many instances as may be away at a time, and see whether the deployment is over."""
    for host in deployment.hosts:
        event = host.event
        if host.status == "InProgress" and event is not None:
            event.passed += passed
            if event.passed > EVENT_SECONDS:
                text = f"{host.name} didn't report the result of {event.name} within one hour."
                _close(backend, deployment, host, "Failed", errorCode="ScriptTimedOut", message=text)
    away = sum(host.status in ("InProgress", "Failed") for host in deployment.hosts)
    may_be_away = len(deployment.hosts) - _healthy(deployment.config, len(deployment.hosts))
    for host in deployment.hosts:
        if host.status == "Pending" and away < may_be_away:
            away += 1
            host.status, host.updated = "InProgress", now()
            triggers.tell_instance(backend, deployment, host, "InstanceStart")
            background.mark_changed()
    if not any(host.status == "InProgress" for host in deployment.hosts):
        _finish(backend, deployment)


def _finish(backend: Any, deployment: Deployment) -> None:
    states = [host.status for host in deployment.hosts]
    if "Pending" not in states and "Succeeded" in states:
        completion.succeed(backend, deployment)
        return
    text = (
        "The overall deployment failed because too many individual instances failed deployment, too few healthy"
        " instances are available for deployment, or some instances in your deployment group are experiencing problems."
    )
    completion.fail(backend, deployment, "HEALTH_CONSTRAINTS", text)


def _close(backend: Any, deployment: Deployment, host: Host, status: str, **diagnostics: str) -> None:
    """End an instance's current event, and with it the instance, where that failed or was the last one."""
    event = host.event
    if event is None:
        return
    event.end(status, **diagnostics)
    if status == "Failed":
        host.skip()
        host.status = "Failed"
        triggers.tell_instance(backend, deployment, host, "InstanceFailure")
    elif host.event is None:
        host.status = "Succeeded"
        triggers.tell_instance(backend, deployment, host, "InstanceSuccess")
    host.updated = now()
    background.mark_changed()


@route(PATH)
def agent(request: Request) -> Any:
    """Answer the agent of an instance; 404 for an unknown one, 409 for a report of what isn't its current event."""
    name = request.path.removeprefix(PATH)
    end = time.monotonic() + min(request.args.get("wait", 0.0, float), LONGEST_WAIT)
    with background.GATE.outside():
        while True:
            known = background.news()
            answer = _answer(name, request)
            left = end - time.monotonic()
            if answer != {} or request.method == "POST" or left <= 0 or background.stopping():
                return answer
            background.rest(known, left)


def _answer(name: str, request: Request) -> Any:
    with background.LOCK:
        for backend in backends():
            known = table(backend, instances.TABLE).get(name)
            if known is not None and known.deregister_time is None:
                return _report(backend, name, request) if request.method == "POST" else command(backend, name)
    return _problem(404, f"no instance {name} is registered")


def command(backend: Any, name: str) -> dict[str, Any]:
    """Return the lifecycle event that an instance is to run now, or {}."""
    found = _current(backend, name)
    if found is None:
        return {}
    deployment, host, event = found
    if event.status == "Pending":
        event.status, event.started, host.updated = "InProgress", now(), now()
        background.mark_changed()
    return {
        "deploymentId": deployment.deployment_id,
        "deploymentCreator": deployment.creator,
        "applicationName": deployment.application_name,
        "deploymentGroupName": deployment.deployment_group_name,
        "region": backend.region_name,
        "event": event.name,
        "revision": deployment.request["revision"],
    }


def _current(backend: Any, name: str) -> tuple[Deployment, Host, LifecycleEvent] | None:
    for deployment in list(backend.deployments.values()):
        for host in deployment.hosts if deployment.status == "InProgress" else []:
            if host.name == name and host.status == "InProgress" and host.event is not None:
                return deployment, host, host.event
    return None


def _report(backend: Any, name: str, request: Request) -> Any:
    try:
        given = json.loads(request.get_data())
        key, status = (given["deploymentId"], given["event"]), given["status"]
    except (ValueError, KeyError, TypeError):
        return _problem(400, "a report is JSON with deploymentId, event and status")
    if status not in ("Succeeded", "Failed"):
        return _problem(400, f"a status is Succeeded or Failed, not {status!r}")
    found = _current(backend, name)
    if found is None or key != (found[0].deployment_id, found[2].name):
        return _problem(409, f"{key[1]} of {key[0]} isn't what {name} is to run now")
    diagnostics = {str(field): str(value) for field, value in (given.get("diagnostics") or {}).items()}
    _close(backend, found[0], found[1], status, **diagnostics)
    return command(backend, name)


def _problem(status: int, text: str) -> Response:
    return Response(json.dumps({"error": text}) + "\n", status=status, mimetype="application/json")
