"""Whether a setting or a command that a page names exists."""

from __future__ import annotations

import functools
import types
from collections.abc import Sequence
from typing import Any, get_args, get_origin

import typer
from pydantic import BaseModel

from stacks.settings import StackSettings
from stacks.systems import TABLE


def setting_exists(key: str) -> bool:
    """A key such as ``async-rag:queues.visibilityTimeout``."""
    namespace, _, path = key.partition(":")
    models: dict[str, Any] = {each.name: each.settings for each in TABLE}
    here: Any = models.get(namespace) or StackSettings.model_fields[namespace.replace("-", "_")].annotation
    for part in path.strip(".").split("."):
        if not (isinstance(here, type) and issubclass(here, BaseModel)):
            return False
        fields = {field.alias or name: field for name, field in here.model_fields.items()}
        if part not in fields:
            return False
        here = _inner(fields[part].annotation)
    return True


def _inner(annotation: Any) -> Any:
    """The model in an annotation such as ``Thing | None``."""
    if get_origin(annotation) is types.UnionType:
        return next((each for each in get_args(annotation) if each is not type(None)), annotation)
    return annotation


@functools.cache
def _tree(app: typer.Typer) -> Any:
    return typer.main.get_command(app)


def command_exists(app: typer.Typer, words: Sequence[str]) -> bool:
    """A command with the options that are given; what stands for a value isn't looked at."""
    here = _tree(app)
    rest = list(words)
    while rest and (inside := getattr(here, "commands", None)):
        if (name := rest.pop(0)) not in inside:
            return False
        here = inside[name]
    known = {option for parameter in here.params for option in parameter.opts}
    return {word.partition("=")[0] for word in rest if word.startswith("-")} <= known
