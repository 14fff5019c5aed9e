"""All policies, what a stack's settings make of them, and what their checks know beside the resources."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core import project
from core.identifiers import VERSION_PATTERN
from core.model import ConfigurationError, Model, explain, unknown
from core.policy_settings import Enforcement, PolicySettings
from guard import approvals
from policies import (
    alarms,
    blast_radius,
    durable,
    exposure,
    identity,
    losses,
    pinning,
    queues,
    releases,
    traffic,
    waiver_expiry,
    waivers,
    workloads,
)
from policies.rule import PolicyContext, Rule

CONCERNS = (
    durable,
    losses,
    pinning,
    releases,
    traffic,
    alarms,
    queues,
    identity,
    blast_radius,
    workloads,
    exposure,
    waiver_expiry,
)
RULES: tuple[Rule, ...] = tuple(rule for concern in CONCERNS for rule in concern.RULES)
"""Every policy of the pack, in the order in which the page lists them."""
BY_NAME: Mapping[str, Rule] = {rule.name: rule for rule in RULES}
LOCKED = frozenset(rule.name for rule in RULES if rule.locked)

NAMESPACE = "policies:"
PINNED = re.compile(rf"(?<![\w.]){VERSION_PATTERN.pattern}(?![\w.])")


@dataclass(frozen=True)
class ConfiguredRule:
    """A rule with what a stack's settings say about it."""

    rule: Rule
    enforcement: Enforcement
    config: Model


def configure(settings: PolicySettings) -> tuple[ConfiguredRule, ...]:
    """Every rule as a stack's settings want it.

    Raises ``ConfigurationError`` for a policy that doesn't exist, a value out of bounds, and a guard that would be
    lowered.
    """
    for key, named in (("enforcement", settings.enforcement), ("config", settings.config)):
        for name in named:
            if name not in BY_NAME:
                raise ConfigurationError(f"{NAMESPACE}{key}: {unknown('policy', name, sorted(BY_NAME))}")
    for name, level in settings.enforcement.items():
        if name in LOCKED and level != "mandatory":
            raise ConfigurationError(f"policies:enforcement: {name} guards data, so it stays mandatory, not {level}")
    return tuple(
        ConfiguredRule(rule, settings.enforcement.get(rule.name, rule.enforcement), _configured(rule, settings))
        for rule in RULES
    )


def _configured(rule: Rule, settings: PolicySettings) -> Model:
    try:
        return rule.config.model_validate(settings.config.get(rule.name, {}))
    except ValidationError as error:
        raise explain(error, f"policies:config: {rule.name}", rule.config) from None


def read_settings(config: Mapping[str, str]) -> PolicySettings:
    """The settings under ``policies:`` of a stack's configuration (``namespace:key`` -> text). ``ConfigurationError``.

    Only these are read: the pack starts with every preview, and the systems' settings are the program's to judge.
    """
    given: dict[str, Any] = {}
    for key, text in config.items():
        if key.startswith(NAMESPACE):
            try:
                given[key.removeprefix(NAMESPACE)] = json.loads(text)
            except ValueError:
                given[key.removeprefix(NAMESPACE)] = text
    try:
        return PolicySettings.model_validate(given)
    except ValidationError as error:
        raise explain(error, "policies", PolicySettings, NAMESPACE) from None


def in_file(error: ConfigurationError, stack: str) -> str:
    """An error of the settings with the stack's file, and with the command that takes the setting out."""
    if (found := re.search(rf"{NAMESPACE}[A-Za-z]+", str(error))) is None:
        return str(error)
    return (
        f"{project.file_of(stack)}: {str(error).removeprefix('policies: ')}. Change it in that file, or take it out: "
        f"{project.take_out(stack, found[0])}"
    )


def load_context(
    stack: str,
    config: Mapping[str, str],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    *,
    live: bool = True,
    waiver_file: Path | None = None,
    approvals_folder: Path | None = None,
) -> PolicyContext:
    """What the checks know beside the resources: of the current project, where no other file or folder is given.

    Raises ``ConfigurationError`` where waivers or approvals are malformed.
    """
    of = project.current()
    pins = {found[0] for text in config.values() for found in PINNED.finditer(text)}
    return PolicyContext(
        stack=stack,
        clock=clock,
        approvals=approvals.load(stack, approvals_folder),
        waivers=waivers.load({*BY_NAME, waivers.WAY_BACK}, LOCKED, waiver_file or of.waivers),
        releases=of.releases,
        pins=frozenset(pins),
        live=live,
    )
