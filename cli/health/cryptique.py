"""cryptique: the revision that the hosts run, the application's own health, and a document that can be found."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

from cli.health import shifts, web
from cli.health.serving import Serving, nearest
from cli.health.waiting import looks
from core.aws import client
from stacks.cryptique import CryptiqueRelease
from stacks.releases import window
from stacks.selection import Selected
from stacks.settings import StackSettings

SYSTEM = "cryptique"

PATIENCE = 60.0
"""Seconds within which a document can be found: the worker makes its vectors."""
PARAMETER = "ssm:"
"""Begins an address whose host is told by a parameter: ``ssm:/cryptique/prod/address/health``."""


def addresses(told: Mapping[str, Any], region: str) -> dict[str, str]:
    """The public addresses; one that a parameter tells is looked up. Raises what boto3 raises."""
    return {name: _resolved(url, region) for name, url in {"health": told["health"], **told["endpoints"]}.items()}


def serving(chosen: Selected, told: Mapping[str, Any], settings: StackSettings) -> Serving:
    """The revision that the application answers for, and the deployments of its hosts. Raises ``OSError``."""
    assert isinstance(chosen.release, CryptiqueRelease)
    region = settings.region
    (group,) = shifts.groups(told, SYSTEM, settings.stack)
    moving = [shifts.drift(group, each) for each in shifts.under_way(group, region)]
    failed = None if moving else shifts.failure(group, region)
    version = str(web.get(addresses(told, region)["health"]).get("version"))
    same = [name for name, release in window(SYSTEM).items() if _revision(release) == version]
    known = nearest(same, chosen.version, str(told.get("release")))
    return Serving(
        known,
        known or f"revision {version}, which no release brings",
        as_asked=version == chosen.release.revision.version,
        moving=tuple(moving),
        failures=(failed,) if failed else (),
    )


def _revision(release: object) -> str | None:
    return release.revision.version if isinstance(release, CryptiqueRelease) else None


def look(told: Mapping[str, Any]) -> str:
    """The deployments of its group."""
    return (
        f"aws deploy list-deployments --application-name {told['application']} "
        f"--deployment-group-name {told['deploymentGroup']}"
    )


def health(told: Mapping[str, Any], region: str) -> str:
    """Revision and database answer (runbook cryptique, application, step 4)."""
    known = addresses(told, region)
    found, status = web.get(known["health"]), web.get(f"{known['api']}/status")
    if found.get("version") != told["revision"]:
        raise AssertionError(f"{known['health']} answers for revision {found.get('version')}, not {told['revision']}")
    return f"{known['health']} answers for revision {found['version']}; database: {status.get('database')}"


def document(told: Mapping[str, Any], region: str) -> str:
    """A document that is handed in can be found by a query."""
    api, word = addresses(told, region)["api"], f"check{uuid.uuid4().hex[:12]}"
    # Twice: in revision 1.0.0's vectors of 256 places one word cancels out against another one of the sentence 0.55 %
    # of the time (2026-11-26), and the document then has no score.
    web.post(f"{api}/documents", {"text": f"The word is {word}, and {word} again."})
    began = time.monotonic()
    for _ in looks(PATIENCE):
        if word in str(web.post(f"{api}/query", {"query": word, "top_k": 3})["results"]):
            return f"a document was found by a query after {time.monotonic() - began:.1f} s"
    raise TimeoutError(f"the document with {word} can't be found after {PATIENCE:.0f} s")


def _resolved(url: str, region: str) -> str:
    if not url.startswith(PARAMETER):
        return url
    head, mark, tail = url.removeprefix(PARAMETER).partition("/address")
    found = client("ssm", region).get_parameter(Name=head + mark)
    return str(found["Parameter"]["Value"]) + tail


CHECKS = {"health": health, "document": document}
