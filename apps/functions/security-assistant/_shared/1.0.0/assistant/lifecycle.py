"""A CodeDeploy lifecycle hook: find out what is deployed, check it, report.

Source: CodeDeploy user guide, "AppSpec 'hooks' section for an AWS Lambda deployment". A hook that never reports holds
its deployment up for an hour, so this one reports whatever happens, and before its own function is timed out.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError

from assistant import aws
from assistant.log import say

_RESERVE_SECONDS = 5.0
"""Kept back of the function's time for the report itself."""
_REPORT_READ_SECONDS = 2
_REPORT_ATTEMPTS = 3
_TOLD_ALREADY = "LifecycleEventAlreadyCompletedException"


@dataclass(frozen=True)
class Target:
    """A function that a deployment moves to a version."""

    function: str
    alias: str
    version: str


class Context(Protocol):
    """What of Lambda's context object is used here."""

    def get_remaining_time_in_millis(self) -> int: ...


class HookError(Exception):
    """Why a deployment must not go on."""


Check = Callable[[Target, float], None]
"""Raises where a target isn't as it should be; its second argument is how long it may take, in seconds."""


def run(event: dict[str, Any], context: Context, check: Check) -> dict[str, str]:
    """Check every target of the deployment that calls, report the outcome to CodeDeploy, and return it."""
    deployment, execution = event["DeploymentId"], event["LifecycleEventHookExecutionId"]
    seconds = context.get_remaining_time_in_millis() / 1000 - _RESERVE_SECONDS
    problem = _watched(lambda: _check_all(deployment, check, time.monotonic() + seconds), seconds)
    status = "Failed" if problem else "Succeeded"
    say("Hook finished", deployment=deployment, status=status, problem=problem)
    _report(deployment, execution, status)
    return {"status": status, "problem": problem}


def targets(deployment: str) -> list[Target]:
    """Return what a deployment moves.

    The AppSpec says it; where that can't be read here (YAML, or in a bucket) CodeDeploy's own list of targets does.

    Raises:
        HookError: the deployment names no function.
        botocore.exceptions.ClientError: CodeDeploy refuses to tell.
    """
    info = aws.client("codedeploy").get_deployment(deploymentId=deployment)["deploymentInfo"]
    revision = info.get("revision") or {}
    content = (revision.get("appSpecContent") or revision.get("string") or {}).get("content") or ""
    found = _from_appspec(content) or _from_targets(deployment)
    if not found:
        raise HookError(f"the deployment {deployment} names no function, alias and target version")
    return found


def _from_appspec(content: str) -> list[Target]:
    try:
        document = json.loads(content)
    except ValueError:
        return []
    resources = [resource for named in document.get("Resources") or [] for resource in named.values()]
    properties = [resource["Properties"] for resource in resources]
    return [Target(_name(found["Name"]), found["Alias"], str(found["TargetVersion"])) for found in properties]


def _from_targets(deployment: str) -> list[Target]:
    codedeploy = aws.client("codedeploy")
    names = codedeploy.list_deployment_targets(deploymentId=deployment)["targetIds"]
    listed = codedeploy.batch_get_deployment_targets(deploymentId=deployment, targetIds=names)["deploymentTargets"]
    functions = [target["lambdaTarget"]["lambdaFunctionInfo"] for target in listed if "lambdaTarget" in target]
    return [Target(found["functionName"], found["functionAlias"], found["targetVersion"]) for found in functions]


def _name(function: str) -> str:
    """The plain name of a function that may be given as an ARN."""
    return function.rpartition(":function:")[2].partition(":")[0]


def _check_all(deployment: str, check: Check, deadline: float) -> None:
    for target in targets(deployment):
        check(target, deadline - time.monotonic())


def _watched(work: Callable[[], None], seconds: float) -> str:
    """Do the work in a thread and return what is wrong, "" where nothing is; work that hangs is left behind."""
    seconds = max(0.0, seconds)
    problems = [f"the check took longer than {seconds:.1f} seconds"]

    def attempt() -> None:
        try:
            work()
            problems[0] = ""
        except Exception as error:
            # Whatever went wrong, CodeDeploy has to be told.
            problems[0] = f"{type(error).__name__}: {error}"

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(seconds)
    return problems[0]


def _report(deployment: str, execution: str, status: str) -> None:
    """Tell CodeDeploy; an error goes on, so that Lambda tries the event again.

    Raises:
        botocore.exceptions.ClientError: CodeDeploy refuses, other than because it was told already.
    """
    try:
        codedeploy = aws.connect("codedeploy", _REPORT_READ_SECONDS, _REPORT_ATTEMPTS)
        codedeploy.put_lifecycle_event_hook_execution_status(
            deploymentId=deployment, lifecycleEventHookExecutionId=execution, status=status
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != _TOLD_ALREADY:
            raise
        say("Already reported", deployment=deployment)
