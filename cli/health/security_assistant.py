"""security-assistant: its aliases, deployments and throttle, its health address, and a job that is worked on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cli.health import functions, shifts, web
from cli.health.serving import Drift, DriftedResource, Serving
from cli.health.waiting import looks
from core.aws import client
from stacks.security_assistant import HOOKS, SecurityAssistantSettings
from stacks.selection import Selected
from stacks.settings import StackSettings

SYSTEM = "security-assistant"
THROTTLE = "aws:apigateway/methodSettings:MethodSettings"

PATIENCE = 60.0
"""Seconds a job may take."""
DESIGN = "The upload bucket is public, and the admin page has no authentication."
"""A design with faults that every release finds."""


def serving(chosen: Selected, told: Mapping[str, Any], settings: StackSettings) -> Serving:
    """What the live aliases serve, what moves them just now, and whether API and worker take anything."""
    own, region = settings.of(SecurityAssistantSettings), settings.region
    live = functions.look(SYSTEM, told["functions"], region)
    groups = shifts.groups(told, SYSTEM, settings.stack)
    moving = {group: deployments for group in groups if (deployments := shifts.under_way(group, region))}
    found = functions.serving(chosen, told, live, shifting=[group.name for group in moving], unseen=HOOKS)
    drift = [
        *functions.consumers(live, ("worker",), region, enabled=not own.stopped),
        *_throttle(own, settings),
    ]
    failed = [shifts.failure(group, region) for group in groups if group not in moving]
    return replace(
        found,
        drift=(*found.drift, *drift),
        moving=tuple(shifts.drift(group, each) for group, deployments in moving.items() for each in deployments),
        notes=("stopped: API and worker take nothing (security-assistant:stopped)",) if own.stopped else (),
        failures=tuple(each for each in failed if each),
    )


def _throttle(own: SecurityAssistantSettings, settings: StackSettings) -> list[Drift]:
    """What the API's stage lets through beside what it should."""
    api, name = client("apigateway", settings.region), f"{SYSTEM}-{settings.stack}"
    found = [each for each in api.get_rest_apis(limit=500)["items"] if each["name"] == name]
    if not found:
        return [
            Drift(
                f"there is no API {name}",
                f"`rollback audit -s {settings.stack}` first, then `pulumi up --refresh -s {settings.stack}`",
            )
        ]
    stage = api.get_stage(restApiId=found[0]["id"], stageName=settings.stack)
    rate = (stage.get("methodSettings") or {}).get("*/*", {}).get("throttlingRateLimit")
    wanted = 0.0 if own.stopped else own.throttle.rate
    if rate == wanted:
        return []
    resource = DriftedResource(THROTTLE, "restApi", str(found[0]["id"]))
    if rate == 0:
        return [Drift("the API answers nothing: its stage is throttled to 0", "", (resource,))]
    limit = "has no limit" if rate is None else f"lets {rate:g} requests a second through"
    return [Drift(f"the API {limit}; the settings ask for {wanted:g}", "", (resource,))]


def look(told: Mapping[str, Any]) -> str:
    """Its health, and the deployments of its API."""
    group = told["deploymentGroups"]["api"]
    application = group.replace("-api-", "-")
    return (
        f"curl {told['health']}; aws deploy list-deployments "
        f"--application-name {application} --deployment-group-name {group}"
    )


def logs(told: Mapping[str, Any]) -> str:
    """The logs of the functions whose traffic is shifted."""
    names = [str(arn).split(":")[-2] for name, arn in sorted(told["functions"].items()) if name not in HOOKS]
    return ", ".join(f"`aws logs tail /aws/lambda/{name}`" for name in names)


def health(told: Mapping[str, Any], _region: str) -> str:
    """The health address answers with the release that was deployed (runbook security-assistant, verification)."""
    if told["stopped"]:
        return "stopped: security-assistant:stopped is set"
    return web.release_of(told)


def job(told: Mapping[str, Any], _region: str) -> str:
    """A job that is handed in is completed by the deployed release (runbook security-assistant, smoke test)."""
    if told["stopped"]:
        return "stopped: security-assistant:stopped is set"
    api = told["endpoints"]["api"]
    identifier = web.post(f"{api}/jobs", {"design": DESIGN})["job_id"]
    began = time.monotonic()
    for _ in looks(PATIENCE):
        if (found := web.get(f"{api}/jobs/{identifier}"))["status"] in ("completed", "failed"):
            break
    else:
        raise TimeoutError(f"job {identifier} is still {found['status']} after {PATIENCE:.0f} s")
    if found["status"] == "failed" or not found["findings"]:
        raise AssertionError(f"job {identifier} is {found['status']} with {len(found.get('findings') or [])} findings")
    return f"job {identifier} has {len(found['findings'])} findings after {time.monotonic() - began:.1f} s"


CHECKS = {"health": health, "job": job}
