"""Reads a revision's appspec.yml.

Source: CodeDeploy user guide, "AppSpec file reference": the sections files, permissions and hooks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import yaml

FILE = "appspec.yml"
FILE_EXISTS = ("DISALLOW", "OVERWRITE", "RETAIN")
TYPES = frozenset({"file", "directory"})
EVENTS = frozenset({"ApplicationStop", "BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService"})
"""The events of an in-place deployment without a load balancer that may have hooks."""
TRAFFIC_EVENTS = frozenset(
    f"{moment}{what}Traffic" for moment in ("Before", "After") for what in ("Block", "Allow")
)  # allowed in every appspec.yml, and run only behind a load balancer
LONGEST_SECONDS = 3600
"""The longest timeout of a script, and that of one that names none."""

_Made = TypeVar("_Made")


class AppSpecError(Exception):
    """An appspec.yml that can't be followed; the text is one line."""


@dataclass(frozen=True)
class Copy:
    """An entry of `files`: what of the revision goes where; a destination is an absolute folder."""

    source: str
    destination: str


@dataclass(frozen=True)
class Permission:
    """An entry of `permissions`, as far as it is heeded."""

    object: str
    pattern: str
    exceptions: tuple[str, ...]
    types: frozenset[str]
    mode: int | None


@dataclass(frozen=True)
class Script:
    """An entry of a hook; location: relative to the revision, timeout: seconds."""

    location: str
    timeout: int


@dataclass(frozen=True)
class AppSpec:
    """A whole appspec.yml."""

    files: tuple[Copy, ...]
    permissions: tuple[Permission, ...]
    hooks: dict[str, tuple[Script, ...]]
    file_exists: str


def parse(text: str) -> AppSpec:
    """Return what an appspec.yml says. Raises AppSpecError."""
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise AppSpecError(f"{FILE} isn't YAML: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict):
        raise AppSpecError(f"{FILE} is empty or isn't a mapping: it needs at least version and os")
    if found.get("version") != 0.0 or isinstance(found["version"], bool):
        raise AppSpecError(f"{FILE} has version {found.get('version')!r}: it must be 0.0")
    if found.get("os") != "linux":
        raise AppSpecError(f"{FILE} has os {found.get('os')!r}: this host is linux")
    behaviour = found.get("file_exists_behavior") or FILE_EXISTS[0]
    if behaviour not in FILE_EXISTS:
        raise AppSpecError(f"{FILE} has file_exists_behavior {behaviour!r}: it is one of {', '.join(FILE_EXISTS)}")
    return AppSpec(
        _entries(found, "files", _copy), _entries(found, "permissions", _permission), _hooks(found), behaviour
    )


def _entries(found: dict[str, Any], section: str, make: Callable[[dict[str, Any]], _Made]) -> tuple[_Made, ...]:
    listed = found.get(section) or []
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise AppSpecError(f"{FILE}: {section} isn't a list of mappings")
    return tuple(make(entry) for entry in listed)


def _word(entry: dict[str, Any], name: str, section: str) -> str:
    value = entry.get(name)
    if value is None or not str(value).strip():
        raise AppSpecError(f"{FILE}: an entry of {section} has no {name}")
    return str(value).strip()


def _copy(entry: dict[str, Any]) -> Copy:
    made = Copy(_word(entry, "source", "files"), _word(entry, "destination", "files"))
    if not made.destination.startswith("/"):
        raise AppSpecError(f"{FILE}: the destination {made.destination!r} isn't an absolute path")
    return made


def _permission(entry: dict[str, Any]) -> Permission:
    if unsupported := sorted({"acls", "context"} & {name for name, value in entry.items() if value}):
        raise AppSpecError(f"{FILE}: this host doesn't set {' or '.join(unsupported)}")
    types = frozenset(entry.get("type") or TYPES)
    if not types <= TYPES:
        raise AppSpecError(f"{FILE}: a permission's type is file or directory, not {', '.join(sorted(types - TYPES))}")
    mode = entry.get("mode")
    return Permission(
        _word(entry, "object", "permissions"),
        str(entry.get("pattern") or "**"),
        tuple(str(each) for each in entry.get("except") or ()),
        types,
        None if mode is None else _mode(mode),
    )


def _mode(given: Any) -> int:
    """Return a file mode from its octal digits. `0644` without quotes reaches the agent, too, as the number 420."""
    if not re.fullmatch(r"[0-7]{1,4}", str(given)):
        raise AppSpecError(f"{FILE}: the mode {given!r} isn't one to four octal digits")
    return int(str(given), 8)


def _hooks(found: dict[str, Any]) -> dict[str, tuple[Script, ...]]:
    given = found.get("hooks") or {}
    if not isinstance(given, dict):
        raise AppSpecError(f"{FILE}: hooks isn't a mapping of lifecycle events")
    if unknown := sorted(set(map(str, given)) - EVENTS - TRAFFIC_EVENTS):
        raise AppSpecError(f"{FILE} contains unknown lifecycle events: {', '.join(unknown)}")
    return {event: _entries(given, event, _script) for event in given if given[event]}


def _script(entry: dict[str, Any]) -> Script:
    timeout = entry.get("timeout") or LONGEST_SECONDS
    if not str(timeout).isdigit() or not 0 < int(timeout) <= LONGEST_SECONDS:
        raise AppSpecError(f"{FILE}: a timeout is a number of seconds up to {LONGEST_SECONDS}, not {timeout!r}")
    return Script(_word(entry, "location", "hooks"), int(timeout))
