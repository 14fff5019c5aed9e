"""security-assistant: what a release pins of it; how its traffic moves, thresholds, throttles.

Source: runbook security-assistant (docs/runbooks/security-assistant.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.model import Model, one_of
from stacks.artifacts import Artifact, Pinned, pinned_functions
from stacks.function import FunctionSize, LogRetention, QueueSettings
from stacks.system import Names, Override, SystemRelease, SystemSettings

FUNCTIONS = ("api", "worker")
"""The functions that take traffic, and move through CodeDeploy."""
HOOKS = ("pre_traffic", "post_traffic")
"""The functions that CodeDeploy asks before and after it moves traffic."""

Preference = Literal[
    "AllAtOnce",
    "Canary10Percent5Minutes",
    "Canary10Percent10Minutes",
    "Canary10Percent15Minutes",
    "Canary10Percent30Minutes",
    "Linear10PercentEvery1Minute",
    "Linear10PercentEvery2Minutes",
    "Linear10PercentEvery3Minutes",
    "Linear10PercentEvery10Minutes",
]
"""SAM's DeploymentPreference types; each is CodeDeploy's predefined configuration ``CodeDeployDefault.Lambda…``."""

_CANARY = re.compile(r"Canary10Percent(\d+)Minutes")
_LINEAR = re.compile(r"Linear10PercentEvery(\d+)Minutes?")
LINEAR_WAITS = 9
"""Ten steps of ten percent, nine waits between them (CodeDeploy, "Deployment configurations on Lambda")."""

NAMES = Names(
    functions=("security-assistant-*-{stack}", "CodeDeployHook_security-assistant-*-{stack}"),
    queues=("security-assistant-processing*-{stack}",),
    tables=("security-assistant-jobs-{stack}",),
    topics=("security-assistant-alarms-{stack}",),
    alarms=("security-assistant-{stack}-*",),
    dashboards=("security-assistant-{stack}",),
    applications=("security-assistant-{stack}",),
    codedeploy_roles=("security-assistant-codedeploy-{stack}",),
)


class SecurityAssistantRelease(SystemRelease):
    """What a release pins of security-assistant."""

    functions: dict[str, Artifact]

    @model_validator(mode="after")
    def _whole(self) -> SecurityAssistantRelease:
        wanted = {*FUNCTIONS, *HOOKS}
        if missing := sorted(wanted - set(self.functions)):
            raise ValueError(f"functions lacks {one_of(missing)}")
        if extra := sorted(set(self.functions) - wanted):
            raise ValueError(f"functions has {one_of(extra)}; valid: {one_of(sorted(wanted))}")
        return self

    def pinned(self, system: str) -> Iterator[Pinned]:
        """The functions."""
        return pinned_functions(system, self.functions)


class RollbackAlarms(Model):
    """What stops a deployment and takes it back (runbook security-assistant, automatic rollback)."""

    error_rate_above: Annotated[float, Field(ge=0, le=100)] = 5.0
    """Percent of a function's runs that fail; 5 in prod, 10 in staging."""
    server_errors_above: Annotated[int, Field(ge=0, le=1_000_000)] = 5
    """Answers of 500 and above, within ``server_errors_minutes``."""
    server_errors_minutes: Annotated[int, Field(ge=1, le=60)] = 5
    """Minutes over which those answers are counted."""
    duration_above: Annotated[float, Field(ge=1, le=100)] = 80.0
    """Percent of a function's time limit, on average over five minutes."""
    queue_age_above: Annotated[int, Field(ge=1, le=345_600)] = 900
    """Seconds that the oldest job may wait."""


class Throttle(Model):
    """What the API's stage lets through."""

    rate: Annotated[float, Field(gt=0, le=10_000)] = 100.0
    """Requests a second."""
    burst: Annotated[int, Field(ge=1, le=5_000)] = 200
    """Requests at once, beyond the rate."""


class SecurityAssistantSettings(SystemSettings):
    """The settings under ``security-assistant:``."""

    deployment: Preference = "Canary10Percent5Minutes"
    """How the traffic moves to a new version. Going back to an earlier one is always done all at once."""
    stopped: bool = False
    """The API's stage lets nothing through and the worker pauses (runbook security-assistant, scenario 3)."""
    alarms: RollbackAlarms = RollbackAlarms()
    throttle: Throttle = Throttle()
    functions: dict[str, FunctionSize] = {}
    """Sizes of single functions, by name."""
    queue: QueueSettings = QueueSettings(visibility_timeout=360)
    log_retention_days: LogRetention = 30
    """Days that functions' logs are kept; the choices are those of CloudWatch Logs."""
    republish: bool = False
    """Publish the code anew instead of reusing a version that was published before."""

    def size(self, function: str) -> FunctionSize:
        """The size of one function."""
        return self.functions.get(function, FunctionSize())

    def overrides(self, pin: str) -> Iterator[Override]:  # noqa: ARG002 - of the base
        """The emergency stop."""
        if self.stopped:
            yield Override("stopped", "security-assistant is stopped, and answers nobody", other_release=False)

    def shift_minutes(self) -> int:
        """As the deployment preference says (runbook security-assistant)."""
        if found := _CANARY.fullmatch(self.deployment):
            return int(found[1])
        return LINEAR_WAITS * int(found[1]) if (found := _LINEAR.fullmatch(self.deployment)) else 0

    @model_validator(mode="after")
    def _worker_fits(self) -> SecurityAssistantSettings:
        if self.size("worker").timeout > self.queue.visibility_timeout:
            raise ValueError(
                "functions.worker.timeout is longer than queue.visibilityTimeout: "
                "a job would be delivered again while it is being worked on"
            )
        return self
