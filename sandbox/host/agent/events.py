"""One lifecycle event of one deployment: what is done for it, and what is reported of it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.host.agent import appspec, bundle, installing
from sandbox.host.agent.appspec import AppSpec, AppSpecError
from sandbox.host.agent.records import SCRIPT_LOG, Records
from sandbox.host.agent.scripts import Runner, ScriptError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LAST_EVENT = "ValidateService"

Command = Mapping[str, Any]
"""What CodeDeploy asks for; see `sandbox.account.codedeploy.hosts`."""


@dataclass(frozen=True)
class Result:
    """How an event went."""

    status: str
    diagnostics: dict[str, str]


@dataclass(frozen=True)
class Place:
    """Where events happen.

    root: the folder that plays "/". records: the agent's own folder. environment: the variables that scripts have
    besides the agent's. ending: set when the host ends.
    """

    root: Path
    records: Path
    environment: Mapping[str, str]
    ending: threading.Event


def carry_out(command: Command, group_id: str, place: Place, s3: S3Client) -> Result:
    """Do what an event is about; a problem is a failed result. Raises CancelledError when the host ends meanwhile."""
    records = Records(place.records, group_id)
    event, deployment_id = str(command["event"]), str(command["deploymentId"])
    runner: Runner | None = None
    try:
        if event == "DownloadBundle":
            records.remove_old()
            bundle.fetch(s3, dict(command["revision"]), records.archive(deployment_id))
        elif event == "Install":
            spec = _spec(records.archive(deployment_id))
            installing.install(spec, records.archive(deployment_id), place.root, records.cleanup)
        else:
            # The revision before is the one that knows how to stop what it started.
            source = records.last_successful if event == "ApplicationStop" else deployment_id
            if source is not None:
                archive = records.archive(source)
                log = records.deployment(deployment_id) / SCRIPT_LOG
                runner = Runner(
                    archive, _environment(command, group_id, place), place.records.parent, log, place.ending
                )
                runner.run(event, _spec(archive).hooks.get(event, ()))
    except ScriptError as error:
        return failed(str(error), error.code, error.script, error.tail)
    except (AppSpecError, bundle.BundleError, installing.InstallError, OSError) as error:
        return failed(str(error))
    if event == LAST_EVENT:
        records.succeeded(deployment_id)
    tail = runner.tail if runner else ""
    return Result("Succeeded", {"errorCode": "Success", "scriptName": "", "message": "Succeeded", "logTail": tail})


def failed(message: str, code: str = "UnknownError", script: str = "", tail: str = "") -> Result:
    """Return a failure with its diagnostics; code: an errorCode of the API."""
    return Result("Failed", {"errorCode": code, "scriptName": script, "message": message, "logTail": tail})


def _spec(archive: Path) -> AppSpec:
    file = archive / appspec.FILE
    if not file.is_file():
        raise AppSpecError(f"the revision has no {appspec.FILE} in its root")
    return appspec.parse(file.read_text(encoding="utf-8"))


def _environment(command: Command, group_id: str, place: Place) -> dict[str, str]:
    """User guide, "AppSpec 'hooks' section", environment variable availability."""
    location = command["revision"].get("s3Location") or {}
    return {
        **place.environment,
        "LIFECYCLE_EVENT": str(command["event"]),
        "DEPLOYMENT_ID": str(command["deploymentId"]),
        "APPLICATION_NAME": str(command["applicationName"]),
        "DEPLOYMENT_GROUP_NAME": str(command["deploymentGroupName"]),
        "DEPLOYMENT_GROUP_ID": group_id,
        "BUNDLE_BUCKET": str(location.get("bucket", "")),
        "BUNDLE_KEY": str(location.get("key", "")),
        "BUNDLE_VERSION": str(location.get("version") or ""),
        "BUNDLE_ETAG": str(location.get("eTag") or ""),
    }
