"""The stack settings of the Pulumi program that is running."""

from __future__ import annotations

import pulumi
import pulumi.runtime.config as runtime

from stacks.settings import StackSettings, parse


def read_settings() -> StackSettings:
    """The configuration that the engine handed to this program, typed. Raises ``ConfigurationError``.

    The SDK's ``Config`` reads one key at a time and would never notice an unknown one, so the whole bag is read.
    """
    config: dict[str, str] = runtime.CONFIG.get() or runtime.get_config_env()
    secret = [key for key in config if runtime.is_config_secret(key)]
    return parse(pulumi.get_stack(), config, secret)
