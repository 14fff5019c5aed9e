"""The project that guard, policies and their commands watch over: ``guard.yaml`` in the folder of ``Pulumi.yaml``.

Where approvals lie, which bucket has the recovery points, which pack judges, and what the commands are called that a
message names: all of it is the project's own, and a project without the file has the defaults of ``GuardFile``.
Program, pack and commands are processes of their own, and each watches over one project: the one that it was given
(``use``), or the one whose folder it runs in.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, StringConstraints, ValidationError

from core.identifiers import Region
from core.model import ConfigurationError, Model, explain
from core.strict_yaml import read_yaml

FILE = "guard.yaml"
DEFINITION = "Pulumi.yaml"

Command = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9._/-]*( [a-z0-9._/-]+)*$", max_length=128)]
SETTING = r"^[A-Za-z][A-Za-z0-9-]*:[A-Za-z][A-Za-z0-9]*$"
Folder = Annotated[str, StringConstraints(pattern=r"^[^/\s~][^\n~]*$", max_length=256)]
"""A path below the folder of ``Pulumi.yaml``."""


class Commands(Model):
    """What people type in this project, by the operation: the words of every message that names a command."""

    guard: Command = "rollback-guard"
    """Approvals: ``approve``, ``revoke``, ``list``, ``close``."""
    take_back: Command | None = None
    """What takes a store that left the state back into it; left out: ``pulumi import``."""
    pack: Command | None = None
    """What leads every update to the pack; left out: the engine's own variable for it."""
    audit: Command = "rollback-guard audit"
    """What bypassed the guard."""
    recovery: Command = "rollback-guard recovery"
    """Recovery points: ``make``, ``list``, ``verify``, ``restore``."""
    update: Command = "pulumi up"
    """An update of a stack."""
    release: Command = "rollback release"
    """Releases, where the project has them: ``publish``, ``sign``."""

    def back(self, token: str, resource: str, identifier: str, name: str, stack: str) -> str:
        """The command that takes a store back into the state. ``resource``: its name in the program."""
        if self.take_back is not None:
            return f"{self.take_back} {name} -s {stack}"
        return f"pulumi import {token} {shlex.quote(resource)} {shlex.quote(identifier or name)} -s {stack}"

    def approve(self, store: str, action: str, stack: str, *, path: str | None = None) -> str:
        """The command that approves that a store is deleted or replaced, or loses data (by one property alone)."""
        of = f" --property {shlex.quote(path)}" if path else ""
        return f"{self.guard} approve {shlex.quote(store)} --action {action}{of} --by NAME --reason TEXT -s {stack}"


class GuardFile(Model):
    """What ``guard.yaml`` says."""

    approvals: Folder = "approvals"
    """The folder of approvals, a file a stack."""
    pack: Folder = "policy"
    """The folder that ``--policy-pack`` names."""
    waivers: Folder | None = None
    """Exceptions from policies; left out: ``waivers.yaml`` in the pack's folder."""
    checkov_baseline: Folder | None = None
    """Checks of checkov that are skipped on purpose; left out: ``checkov.yaml`` in the pack's folder."""
    releases: Folder | None = None
    """The folder of the releases; left out: the project has none, and no policy judges any."""
    systems: Annotated[str, StringConstraints(min_length=1, max_length=256)] = "*:systems:*"
    """A pattern (``*``, ``?``, ``[...]``) for the types of topmost components that are systems."""
    recovery_bucket: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.{}-]{3,63}$")] | None = None
    """The bucket of the recovery points; ``{stack}`` in it stands for the stack's name."""
    recovery_bucket_setting: Annotated[str, StringConstraints(pattern=SETTING, max_length=128)] | None = None
    """The setting of a stack that names another bucket (``shop:recoveryBucket``); left out: none does."""
    recovery_region: Region | None = None
    """The region of that bucket; left out: the stack's ``aws:region``."""
    commands: Annotated[Commands, Field()] = Commands()


@dataclass(frozen=True)
class Project:
    """A Pulumi project."""

    folder: Path
    """That of ``Pulumi.yaml``."""
    settings: GuardFile = field(default_factory=GuardFile)

    @property
    def commands(self) -> Commands:
        """What people type here."""
        return self.settings.commands

    @property
    def approvals(self) -> Path:
        """The folder of approvals."""
        return self.folder / self.settings.approvals

    @property
    def pack(self) -> Path:
        """The folder of the policy pack."""
        return self.folder / self.settings.pack

    @property
    def waivers(self) -> Path:
        """The file of exceptions from policies, which needn't be there."""
        return self.folder / self.settings.waivers if self.settings.waivers else self.pack / "waivers.yaml"

    @property
    def checkov_baseline(self) -> Path:
        """The file of checkov's exceptions, which needn't be there."""
        given = self.settings.checkov_baseline
        return self.folder / given if given else self.pack / "checkov.yaml"

    @property
    def releases(self) -> Path | None:
        """The folder of the releases; None where there are none."""
        return self.folder / self.settings.releases if self.settings.releases else None

    def is_system(self, token: str) -> bool:
        """Whether a topmost component of this type is a system, which its name then names."""
        return fnmatchcase(token, self.settings.systems)

    def recovery_bucket(self, stack: str, setting: Callable[[str], str | None] = lambda _: None) -> str:
        """The bucket of a stack's recovery points. Raises ``ConfigurationError`` where nothing names one.

        ``setting``: a setting of the stack by its key, None where the stack has none.
        """
        key = self.settings.recovery_bucket_setting
        if key is not None and (own := setting(key)):
            return own
        if self.settings.recovery_bucket is None:
            raise ConfigurationError(
                f"{FILE} names no recoveryBucket, the bucket of the recovery points: write "
                f"`recoveryBucket: NAME` into {self.folder / FILE}"
            )
        return self.settings.recovery_bucket.replace("{stack}", stack)

    def name_bucket(self, bucket: str) -> str:
        """How to name a recovery bucket in this project, as part of a sentence."""
        key = self.settings.recovery_bucket_setting
        return f"`pulumi config set {key} {bucket}`" if key else f"`recoveryBucket: {bucket}` in {FILE}"

    def lead_to_pack(self) -> str:
        """The command that leads every update to the pack."""
        return self.commands.pack or f"export PULUMI_OPTION_POLICY_PACK={self.settings.pack}"

    def stack_file(self, stack: str) -> str:
        """The file with a stack's settings, as people call it: below the project's folder."""
        return str(Path(str(self.definition.get("stackConfigDir") or ""), f"Pulumi.{stack}.yaml"))

    @property
    def name(self) -> str:
        """The project's name; empty where there is no ``Pulumi.yaml``."""
        return str(self.definition.get("name") or "")

    @cached_property
    def definition(self) -> Mapping[str, Any]:
        """What ``Pulumi.yaml`` says; nothing where it can't be read, which the engine tells in its own words."""
        try:
            content = yaml.safe_load((self.folder / DEFINITION).read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError):
            return {}
        return content if isinstance(content, dict) else {}

    def spelled(self, text: str) -> str:
        """A text with this project's commands in the place of ``{guard}``, ``{audit}``, ``{recovery}``,
        ``{update}`` and ``{release}``, and its paths in that of ``{releases}`` and ``{signers}``."""
        folder = self.releases or self.folder / "releases"
        paths = {"releases": self.shown(folder), "signers": self.shown(folder.parent / "signers.yaml")}
        for name, word in {**self.commands.model_dump(exclude_none=True, exclude={"pack"}), **paths}.items():
            text = text.replace(f"{{{name}}}", word)
        return text

    def shown(self, path: Path) -> str:
        """A path as a user types it: below this project's folder where it lies there, else below the nearest one."""
        for folder in (self.folder, *(each for each in path.parents if (each / DEFINITION).is_file())):
            if path.is_relative_to(folder):
                return str(path.relative_to(folder))
        return path.name


def read(folder: Path) -> Project:
    """The project in a folder. Raises ``ConfigurationError`` for a ``guard.yaml`` that is malformed."""
    try:
        content = read_yaml(folder / FILE, FILE, plain=True)
    except FileNotFoundError:
        return Project(folder)
    try:
        return Project(folder, GuardFile.model_validate({} if content is None else content))
    except ValidationError as error:
        raise explain(error, FILE, GuardFile) from None


_used: list[Project] = []


def use(project: Project) -> Project:
    """Have this process watch over a project, whatever folder it runs in; the project."""
    _used[:] = [project]
    return project


def current() -> Project:
    """The project that this process watches over. Raises ``ConfigurationError`` where its file is malformed."""
    return _used[0] if _used else use(read(_found()))


def commands() -> Commands:
    """What people type in the current project."""
    return current().commands


def _found() -> Path:
    """The folder that this process runs in, or the nearest one above with a ``Pulumi.yaml``."""
    here = Path.cwd().resolve()
    return next((each for each in (here, *here.parents) if (each / DEFINITION).is_file()), here)


def shown(path: Path) -> str:
    """A path as a user of the current project types it."""
    return current().shown(path)


def file_of(stack: str) -> str:
    """The file with a stack's settings, as people of this project call it."""
    return current().stack_file(stack)


def take_out(stack: str, key: str) -> str:
    """The command that takes a setting out of a stack's file. It takes the whole one, however deep the fault lies: a
    part of it can only be named where the value isn't JSON in a text."""
    return f"`pulumi config rm {shlex.quote(key)} -s {stack}`"
