"""Any stack of any Pulumi project: what its command line tells of the stack's state, history and settings."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import typer

from core import aws, project
from core.errors import ServiceError, translate_errors
from core.model import ConfigurationError
from core.pulumi_command import PulumiCommand
from guard.command.stack import Snapshot, Watched

HISTORY = 50
"""Updates that are looked at: the audit needs those since the ledger's last entry."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class CommandLine:
    """One stack, asked by ``pulumi`` in the project's folder. Methods raise ``ServiceError``: one line."""

    stack: str
    folder: Path

    def state(self) -> Mapping[str, Any]:
        """The whole state, secrets encrypted."""
        return PulumiCommand(self.folder, ServiceError).state(self.stack)

    def snapshot(self) -> Snapshot:
        """The state and the history."""
        history = json.loads(self._told("stack", "history", "--json", "--page-size", str(HISTORY)))
        return Snapshot(self.state(), history)

    def setting(self, key: str) -> str | None:
        """A setting of the stack that isn't secret; None where the stack has none."""
        found = json.loads(self._told("config", "--json"))
        value = (found.get(key) or {}).get("value")
        return None if value is None else str(value)

    def _told(self, *arguments: str) -> str:
        return pulumi(self.folder, *arguments, "--stack", self.stack)


def pulumi(folder: Path, *arguments: str) -> str:
    """What pulumi says on standard output. Raises ``ServiceError`` with its first line of error where it fails."""
    return PulumiCommand(folder, ServiceError).output(*arguments)


def open_stack(name: str | None, changes: bool = False) -> Watched:  # noqa: ARG001 - `pulumi stack select` names it
    """A stack of the project in whose folder the command runs; of None the selected one.

    Raises ``ConfigurationError`` where ``guard.yaml`` names no recovery bucket or nothing names a region, and
    ``ServiceError`` for what pulumi says.
    """
    of = project.current()
    if not of.definition:
        raise ConfigurationError(f"there is no Pulumi.yaml in {of.folder} or above: go to the folder of the project")
    stack = name or pulumi(of.folder, "stack", "--show-name").strip()
    engine = CommandLine(stack, of.folder)
    own = short(stack)
    bucket = of.recovery_bucket(own, engine.setting)
    region = of.settings.recovery_region or engine.setting("aws:region") or _region_of_environment()
    if region is None:
        raise ConfigurationError(
            f"no region is known for {stack}: `pulumi config set aws:region REGION -s {stack}`, or write "
            f"`recoveryRegion: REGION` into {project.FILE}"
        )
    return Watched(own, region, bucket, engine, confirm=lambda ask: confirm(stack, region, ask))


def short(stack: str) -> str:
    """A stack's name as programs and URNs have it, without the organization and the project before it."""
    return stack.rpartition("/")[2]


def confirm(stack: str, region: str, ask: bool) -> None:
    """Say which account is about to be touched, and ask about a real one. Raises ``typer.Abort``, ``ServiceError``."""
    with translate_errors("account"):
        account = aws.account(region)
    print(f"{stack}: account {account}, {region}", file=sys.stderr)
    if not ask or urlparse(os.environ.get("AWS_ENDPOINT_URL", "")).hostname in LOOPBACK:
        return
    if not sys.stdin.isatty():
        raise ServiceError(f"{stack} is in a real account, and nobody can be asked here: give --yes")
    typer.confirm(f"Go on in account {account}?", abort=True)


def _region_of_environment() -> str | None:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
