"""What CodeDeploy keeps: applications, deployment groups, deployments and registered instances.

All of it hangs on moto's backend of a region and is saved and exported with it. Names and fields are those of the
CodeDeploy API reference; times are UTC without a zone, as moto's serializer wants them.
"""

from __future__ import annotations

import secrets
import string
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.codedeploy.models import codedeploy_backends
from moto.core.exceptions import ServiceException

ACTIVE = ("Created", "Queued", "InProgress", "Baking", "Ready")
"""The states of a deployment that isn't over."""

ROLLBACK = "codeDeployRollback"
"""The creator of deployments that CodeDeploy makes to roll another back."""


class Refusal(ServiceException):  # type: ignore[misc]
    """An error as the API answers it: the exception's name and its message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


def now() -> datetime:
    """Return the time, UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def new_id() -> str:
    """Return a new id of CodeDeploy's form."""
    return "d-" + "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(9))


@dataclass
class Application:
    """An application; its compute platform (Lambda, Server, ECS) never changes."""

    application_name: str
    compute_platform: str
    application_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    create_time: datetime = field(default_factory=now)


@dataclass
class Group:
    """A deployment group; `settings` holds its API fields as they were given."""

    application_name: str
    deployment_group_name: str
    compute_platform: str
    settings: dict[str, Any]
    deployment_group_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass
class Target:
    """One alias that a deployment moves.

    Args:
        function: name of the Lambda function.
        alias: the alias.
        current: the version that the AppSpec says the alias points at.
        target: the version that the alias is to point at.
        weight: percent of the traffic that the target version has.
        before: the version that the alias pointed at when the deployment began; "" until it was looked up.
    """

    function: str
    alias: str
    current: str
    target: str
    weight: float = 0.0
    before: str = ""
    updated: datetime = field(default_factory=now)

    @property
    def id(self) -> str:
        """Return the target's id, which is also how Lambda writes a qualified function."""
        return f"{self.function}:{self.alias}"


@dataclass
class LifecycleEvent:
    """One phase of a deployment.

    Args:
        passed: emulated seconds that it has been running for; the clock stands still while the account is down.
        step: how many steps of the traffic shift are done.
        execution_id: what its hook has to report under.
    """

    name: str
    status: str = "Pending"
    started: datetime | None = None
    ended: datetime | None = None
    diagnostics: dict[str, str] = field(default_factory=dict)
    passed: float = 0.0
    step: int = 0
    execution_id: str = ""

    @property
    def over(self) -> bool:
        """Return whether the phase has ended, well or not."""
        return self.status not in ("Pending", "InProgress")

    def end(self, status: str, **diagnostics: str) -> None:
        """Close the phase."""
        self.status, self.ended = status, now()
        self.started = self.started or self.ended
        self.diagnostics = diagnostics


@dataclass
class Host:
    """One instance that an in-place deployment goes to; its events run one after the other."""

    name: str
    events: list[LifecycleEvent]
    status: str = "Pending"
    updated: datetime = field(default_factory=now)

    @property
    def event(self) -> LifecycleEvent | None:
        """Return the first event that isn't over."""
        return next((event for event in self.events if not event.over), None)

    def skip(self) -> None:
        """Close what is left to do."""
        for event in self.events:
            if not event.over:
                event.end("Skipped")
        if self.status in ("Pending", "InProgress"):
            self.status, self.updated = "Skipped", now()


@dataclass
class Deployment:
    """One deployment.

    Args:
        config: the deployment configuration as it was at the start.
        request: the fields of CreateDeployment.
        settings: the deployment group's settings as they were at the start.
    """

    application_name: str
    deployment_group_name: str
    compute_platform: str
    config: dict[str, Any]
    request: dict[str, Any]
    settings: dict[str, Any]
    previous: dict[str, Any] = field(default_factory=dict)
    creator: str = "user"
    status: str = "Created"
    deployment_id: str = field(default_factory=new_id)
    create_time: datetime = field(default_factory=now)
    start_time: datetime | None = None
    complete_time: datetime | None = None
    targets: list[Target] = field(default_factory=list)
    hosts: list[Host] = field(default_factory=list)
    hooks: dict[str, str] = field(default_factory=dict)
    events: list[LifecycleEvent] = field(default_factory=list)
    error: dict[str, str] = field(default_factory=dict)
    rollback_info: dict[str, str] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        """Return whether the deployment isn't over."""
        return self.status in ACTIVE

    def setting(self, name: str) -> dict[str, Any]:
        """Return a configuration that a deployment may override from its group: the request's, else the group's."""
        given = self.request.get(name)
        return dict((self.settings.get(name) if given is None else given) or {})


@dataclass
class Instance:
    """An on-premises instance; it keeps its record when it's deregistered."""

    instance_name: str
    arns: dict[str, str]
    register_time: datetime = field(default_factory=now)
    deregister_time: datetime | None = None
    tags: dict[str, str] = field(default_factory=dict)


def table(backend: Any, name: str) -> dict[str, Any]:
    """Return a dict of this package's own on moto's backend."""
    found: dict[str, Any] = vars(backend).setdefault(name, {})
    return found


def backends() -> Iterator[Any]:
    """Yield the backends in use."""
    for regions in list(dict.values(codedeploy_backends)):
        yield from list(dict.values(regions))


def in_group(backend: Any, group: Group | Deployment) -> list[Deployment]:
    """Return the deployments of a group, oldest first."""
    return [
        deployment
        for deployment in list(backend.deployments.values())
        if deployment.application_name == group.application_name
        and deployment.deployment_group_name == group.deployment_group_name
    ]


def required(given: dict[str, Any], name: str, noun: str = "") -> Any:
    """Return a field of a request; refuses with the "...RequiredException" of its name where it's missing."""
    if given.get(name) in (None, ""):
        code = noun or name[0].upper() + name[1:]
        raise Refusal(f"{code}RequiredException", f"The {name} is required.")
    return given[name]
