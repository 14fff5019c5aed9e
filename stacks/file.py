"""A stack's file, ``stacks/Pulumi.<stack>.yaml``, as the engine would hand it to the program."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from core.model import ConfigurationError, unknown
from core.strict_yaml import read_yaml
from stacks.settings import PROJECT, STACKS, StackSettings, parse

FOLDER = Path(__file__).parent


def read(stack: str, changes: Mapping[str, str | None] | None = None, folder: Path = FOLDER) -> StackSettings:
    """The settings of a stack, with ``changes`` (``namespace:key`` -> text) in place of what the file says.

    A change to None leaves the key out.

    Raises ``ConfigurationError`` for an unknown stack, a missing file, and whatever ``stacks.settings.parse`` refuses.
    """
    if stack not in STACKS:
        raise unknown("stack", stack, list(STACKS))
    path = path_of(stack, folder)
    try:
        data = read_yaml(path, f"stacks/{path.name}")
    except FileNotFoundError:
        raise ConfigurationError(f"stacks/{path.name} is missing: restore it from git") from None
    config: object = data.get("config", {}) if isinstance(data, dict) else data
    if not isinstance(config, dict | None):
        raise ConfigurationError(f"stacks/{path.name}: config has to be a mapping of keys to values")
    config = config or {}
    if twice := [key for key in config if ":" not in str(key) and _full(str(key)) in config]:
        raise ConfigurationError(f"stacks/{path.name}: {twice[0]} and {_full(str(twice[0]))} are one key: delete one")
    secret = [key for key, value in config.items() if isinstance(value, dict) and "secure" in value]
    texts = {_full(str(key)): _text(value) for key, value in config.items()}
    merged = {key: text for key, text in {**texts, **(changes or {})}.items() if text is not None}
    return parse(stack, merged, [_full(str(key)) for key in secret])


def path_of(stack: str, folder: Path = FOLDER) -> Path:
    """The file with a stack's settings."""
    return folder / f"Pulumi.{stack}.yaml"


def _full(key: str) -> str:
    return key if ":" in key else f"{PROJECT}:{key}"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
