"""security-assistant: the aliases of its functions, its health address, and a job that is worked on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from scripts.systems import web
from scripts.systems.functions import running
from scripts.systems.waiting import looks
from stacks.security_assistant import SecurityAssistantRelease
from stacks.selection import Selected

PATIENCE = 60.0
"""Seconds a job may take."""
DESIGN = "The upload bucket is public, and the admin page has no authentication."
"""A design with faults that every release finds."""


def runs(chosen: Selected, told: Mapping[str, Any], region: str) -> str:
    """The pinned release, when every live alias runs the code that it pins. Raises what boto3 raises."""
    assert isinstance(chosen.release, SecurityAssistantRelease)
    return running(chosen.version, told["functions"], chosen.release.functions, region)


def look(told: Mapping[str, Any]) -> str:
    """Its health, and the deployments of its API."""
    group = told["deploymentGroups"]["api"]
    application = group.replace("-api-", "-")
    return (
        f"curl {told['health']}; aws deploy list-deployments "
        f"--application-name {application} --deployment-group-name {group}"
    )


def health(told: Mapping[str, Any], _region: str) -> str:
    """The health address answers with the release that was deployed (seed 004, "System Health Checks")."""
    if told["stopped"]:
        return "stopped: security-assistant:stopped is set"
    return web.release_of(told)


def job(told: Mapping[str, Any], _region: str) -> str:
    """A job that is handed in is completed by the deployed release (seed 004, "Smoke Tests")."""
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
