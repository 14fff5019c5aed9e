"""The stack settings of the Pulumi program that is running."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
import pulumi.runtime.config as runtime

from stacks.settings import PROJECT, StackSettings, parse


def read_settings() -> StackSettings:
    """The configuration that the engine handed to this program, typed. Raises ``ConfigurationError``.

    The SDK's ``Config`` reads one key at a time and would never notice an unknown one, so the whole bag is read.
    """
    config: dict[str, str] = runtime.CONFIG.get() or runtime.get_config_env()
    secret = [key for key in config if runtime.is_config_secret(key)]
    return parse(pulumi.get_stack(), config, secret)


def tell_changed_pins(settings: StackSettings, deployed: Mapping[str, Any]) -> None:
    """In a preview, a line for each pin that isn't what the last update deployed. ``deployed``: the stack's outputs.

    `pulumi up --config version=…` writes the pin before it asks, and leaves it there when the answer is no.
    """
    if pulumi.runtime.is_dry_run():
        for line in changed_pins(settings, deployed):
            pulumi.log.info(line)


def changed_pins(settings: StackSettings, deployed: Mapping[str, Any]) -> Iterator[str]:
    """The pins that differ from what was deployed, each with the command that puts it back."""
    stack, version = settings.stack, deployed.get("version")
    if version is None:
        return
    if settings.project.version != version:
        yield _line(stack, PROJECT, settings.project.version, version, f"set version {version}")
    for system, told in (deployed.get("systems") or {}).items():
        pin, release = settings.own_pin(system) if system in settings.project.systems else None, told["release"]
        if pin is not None and pin != release:
            back = f"set {system}:version {release}" if told.get("pinned") else f"rm {system}:version"
            yield _line(stack, system, pin, release, back)
        elif pin is None and told.get("pinned") and system in settings.project.systems:
            yield _line(stack, system, settings.project.version, release, f"set {system}:version {release}")


def _line(stack: str, pinned: str, pin: str, release: str, back: str) -> str:
    return f"{pinned} is pinned at {pin} now, deployed is {release}; to leave it so: `pulumi config {back} -s {stack}`"
