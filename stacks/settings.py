"""Stack settings: what belongs to an environment and not to a version, read from ``stacks/Pulumi.<stack>.yaml``.

Every configuration namespace has one model; a key that no model knows is refused, and every number is bounded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import Field, StringConstraints, ValidationError, field_validator

from core.identifiers import Region
from core.model import ConfigurationError, Model, explain, unknown
from core.policy_settings import PolicySettings
from core.project import file_of, take_out
from stacks.system import SystemSettings
from stacks.systems import SYSTEMS, TABLE

PROJECT = "rollback-stack"
POLICIES = "policies"
STACKS = ("dev", "staging", "prod")
FOREIGN_NAMESPACES = ("aws", "kubernetes", "pulumi")
"""Namespaces that belong to providers and the engine: only their ``region`` is read here."""
Of = TypeVar("Of", bound=SystemSettings)

BucketName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]


class ProjectSettings(Model):
    """Settings of the stack as a whole."""

    version: str
    """The release that every system follows unless it is pinned on its own."""
    systems: Annotated[tuple[str, ...], Field(min_length=1)] = SYSTEMS
    """The systems that are deployed."""
    artifact_bucket: BucketName = "rollback-stack-artifacts"
    """Where function artifacts lie, content-addressed; outside of every stack, so that no rollback can remove one."""

    recovery_bucket: BucketName = "rollback-stack-recovery"
    """Where recovery points and the ledger of updates lie; outside of every stack, like the artifacts."""

    temporary_pins: tuple[str, ...] = ()
    """Systems whose own pin `rollback` wrote because a deployment of the whole stack failed after they had moved.
    The next deployment of the whole stack drops these pins."""

    @field_validator("systems", "temporary_pins")
    @classmethod
    def _known(cls, systems: tuple[str, ...]) -> tuple[str, ...]:
        for name in systems:
            if name not in SYSTEMS:
                raise unknown("system", name, list(SYSTEMS))
        return systems


class StackSettings(Model):
    """All settings of one stack."""

    stack: str
    """dev, staging or prod."""
    region: Region = "us-east-1"
    """The AWS region of everything that the stack deploys."""
    project: ProjectSettings
    by_system: dict[str, SystemSettings] = Field(default_factory=lambda: {each.name: each.settings() for each in TABLE})
    """The settings of every system, of those too that aren't deployed."""
    policies: PolicySettings = PolicySettings()

    def of(self, model: type[Of]) -> Of:
        """The settings of one system, by their type."""
        return next(each for each in self.by_system.values() if isinstance(each, model))

    def own_pin(self, system: str) -> str | None:
        """The version of a system's own pin; None where it follows the stack's version."""
        return self.by_system[system].version

    def pin(self, system: str) -> str:
        """The version that a system runs: its own pin, or the stack's."""
        return self.own_pin(system) or self.project.version

    def with_pins(self, versions: Mapping[str, str | None]) -> StackSettings:
        """The same settings with pins of their own for some systems; None: the system follows the stack's version."""
        pinned = {
            name: self.by_system[name].model_copy(update={"version": version}) for name, version in versions.items()
        }
        return self.model_copy(update={"by_system": {**self.by_system, **pinned}})


_NAMESPACES: dict[str, type[Model]] = {
    PROJECT: ProjectSettings,
    **{system.name: system.settings for system in TABLE},
    POLICIES: PolicySettings,
}


def parse(stack: str, config: Mapping[str, str], secret_keys: Collection[str] = ()) -> StackSettings:
    """A stack's configuration (``namespace:key`` -> text, structured values as JSON) as typed settings.

    Values under ``secret_keys`` aren't read: who needs one asks Pulumi for it, so that it stays secret.
    Raises ``ConfigurationError``: one line naming the key and the valid choices.
    """
    if stack not in STACKS:
        raise unknown("stack", stack, list(STACKS))
    grouped: dict[str, dict[str, Any]] = {name: {} for name in _NAMESPACES}
    for key, value in sorted(config.items()):
        namespace, _, name = key.partition(":")
        if namespace in _NAMESPACES:
            grouped[namespace][name] = "[secret]" if key in secret_keys else _structured(value)
        elif namespace not in FOREIGN_NAMESPACES:
            said = unknown("namespace", namespace, sorted(_NAMESPACES))
            raise ConfigurationError(f"{file_of(stack)}: {key}: {said}{_remedy(stack, namespace)(name)}")
    if "version" not in grouped[PROJECT]:
        raise ConfigurationError(
            f"{file_of(stack)} pins no release: `pulumi config set version v1.2.3 -s {stack}` pins one"
        )
    models = {name: _validated(stack, name, model, grouped[name]) for name, model in _NAMESPACES.items()}
    region = config.get("aws:region", "us-east-1")
    try:
        return StackSettings.model_validate(
            {
                "stack": stack,
                "region": region,
                "project": models[PROJECT],
                "by_system": {name: models[name] for name in SYSTEMS},
                "policies": models[POLICIES],
            }
        )
    except ValidationError as error:
        raise explain(error, file_of(stack), StackSettings, "aws:", _remedy(stack, "aws")) from None


def _remedy(stack: str, namespace: str) -> Callable[[str], str]:
    return lambda key: f". Change it in that file, or take it out: {take_out(stack, f'{namespace}:{key}')}"


def _validated(stack: str, namespace: str, model: type[Model], values: dict[str, Any]) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        said = explain(error, file_of(stack), model, f"{namespace}:", _remedy(stack, namespace))
        if error.errors(include_url=False)[0]["loc"]:
            raise said from None
        # Several settings don't fit together: those that the file gives can be changed or taken out.
        concerned = [key for key in values if re.search(rf"\b{re.escape(key)}\b", str(said))]
        commands = " or ".join(take_out(stack, f"{namespace}:{key}") for key in concerned)
        raise ConfigurationError(f"{said}. Change it in that file, or take one out: {commands}") from None


def _structured(value: str) -> Any:
    """Pulumi hands structured configuration on as JSON text."""
    if value[:1] in "[{":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
