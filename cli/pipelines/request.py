"""What a pipeline was asked for, in any spelling that runbooks use, as one command of ``rollback``."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass

from cli import typos
from core.model import ConfigurationError, nearest, one_of
from stacks.file import read

ENVIRONMENTS = {"dev": "dev", "staging": "staging", "production": "prod"}
"""Environment of the repository -> the stack that it is."""
SPELLINGS = {**{name: name for name in ENVIRONMENTS}, "prod": "production"}
"""How an environment is typed -> its name."""
UPDATES = ("deploy", "up")
"""The commands that change a stack: their arguments are made from what was asked for."""
COMMANDS = (*UPDATES, "status", "versions", "preflight", "review", "audit")
UNATTENDED = "{}-unattended"
"""The environment that a job takes instead where nobody is asked: it has no reviewers."""

VERSION = ("version", "target_version")
SKIP = ("skip_approval", "skip_confirmation")
"""Inputs that mean the same: the first is our own word, the others are those of runbooks."""
SHORTEST, DEFAULT_MINUTES, LONGEST = 15, 60, 720
ANSWERS = {"true": True, "false": False, "": False}


@dataclass(frozen=True)
class PipelineRequest:
    """What was asked for, with nothing left to decide."""

    environment: str
    stack: str
    gate: str
    """The environment whose rules the job waits for."""
    region: str
    version: str
    """The release to go to; empty for what the stack's file pins."""
    system: str
    """The one system to move; empty for all of them."""
    minutes: int
    """How long it may take: credentials that are asked for have to last so long."""
    arguments: tuple[str, ...]
    """What ``rollback`` is called with."""

    @property
    def updates(self) -> bool:
        """Whether the command changes the stack."""
        return self.arguments[0] in UPDATES

    @property
    def outputs(self) -> dict[str, str]:
        """For the jobs and steps that follow; ``request`` has the whole of it (``of_json``)."""
        told = {name: getattr(self, name) for name in ("environment", "stack", "gate", "region", "version", "system")}
        return {**told, "seconds": str(self.minutes * 60), "request": json.dumps(asdict(self))}


def of_json(text: str) -> PipelineRequest:
    """A request as an earlier step understood it."""
    told = json.loads(text)
    return PipelineRequest(**{**told, "arguments": tuple(told["arguments"])})


def understood(inputs: Mapping[str, str]) -> PipelineRequest:
    """The request that some inputs make; inputs that are empty aren't given. Raises ``ConfigurationError``, in a line.

    Read are ``command``, ``arguments``, ``environment``, ``system``, ``minutes`` and what ``VERSION`` and ``SKIP``
    name.
    """
    given = {name: value.strip() for name, value in inputs.items()}
    command = _command(given.get("command", ""))
    environment = _environment(given.get("environment", ""))
    version, system = _version(given), given.get("system", "")
    if version:
        typos.version(version)
    typos.system(system or None)
    skipped = [_answer(name, given.get(name, "")) for name in SKIP]  # each is read: a wrong one is refused
    stack = ENVIRONMENTS[environment]
    return PipelineRequest(
        environment,
        stack,
        UNATTENDED.format(environment) if any(skipped) else environment,
        read(stack).region,
        version,
        system,
        _minutes(given.get("minutes", "")),
        _arguments(command, stack, version, system, given.get("arguments", "")),
    )


def _environment(name: str) -> str:
    if not name:
        raise ConfigurationError(f"say where: environment is empty; it has to be one of {one_of(list(SPELLINGS))}")
    if name not in SPELLINGS:
        guess = nearest(name, list(SPELLINGS))
        raise ConfigurationError(f"environment is {name!r}{guess}; it has to be one of {one_of(list(SPELLINGS))}")
    return SPELLINGS[name]


def _command(name: str) -> str:
    if name not in COMMANDS:
        raise ConfigurationError(
            f"command is {name!r}{nearest(name, COMMANDS)}; it has to be one of {one_of(COMMANDS)}"
        )
    return name


def _version(given: Mapping[str, str]) -> str:
    """The one release that is named, in whichever input."""
    named = {name: given[name] for name in VERSION if given.get(name)}
    if len(set(named.values())) > 1:
        told = " and ".join(f"{name} is {value}" for name, value in named.items())
        raise ConfigurationError(f"{told}: both name the release, so give one of them")
    return next(iter(named.values()), "")


def _answer(name: str, value: str) -> bool:
    if value.lower() not in ANSWERS:
        raise ConfigurationError(f"{name} is {value!r}; it has to be true or false")
    return ANSWERS[value.lower()]


def _minutes(value: str) -> int:
    """Of the role's credentials, within what AWS STS takes (AssumeRoleWithWebIdentity, ``DurationSeconds``)."""
    minutes = int(value or DEFAULT_MINUTES) if value.isdecimal() or not value else 0
    if not SHORTEST <= minutes <= LONGEST:
        raise ConfigurationError(f"minutes is {value!r}; it has to be a whole number, {SHORTEST} to {LONGEST}")
    return minutes


def _arguments(command: str, stack: str, version: str, system: str, more: str) -> tuple[str, ...]:
    """``up`` with a release is ``deploy``: what is pinned is left behind then."""
    try:
        words = shlex.split(more)
    except ValueError as error:
        raise ConfigurationError(f"arguments can't be split into words: {str(error).lower()}") from None
    if command not in UPDATES:
        takes_system = command == "status"
        _refuse(command, {"version": version, "system": "" if takes_system else system})
        return (command, *([system] if system else []), "-s", stack, *words)
    if not version:
        if command == "deploy":
            raise ConfigurationError("say which release: version is empty, and so is target_version")
        if system:
            raise ConfigurationError(f"say which release {system} goes to: version is empty")
        return ("up", "-s", stack, "--yes", *words)
    return ("deploy", version, "-s", stack, *(["--system", system] if system else []), "--yes", *words)


def _refuse(command: str, inputs: Mapping[str, str]) -> None:
    """Refuse inputs that a command doesn't read."""
    if unread := [name for name, value in inputs.items() if value]:
        raise ConfigurationError(f"rollback {command} takes no {one_of(unread)}; leave it empty")


def spellings(environment: str) -> Collection[str]:
    """Every way in which an environment is typed."""
    return {spelling for spelling, name in SPELLINGS.items() if name == environment}
