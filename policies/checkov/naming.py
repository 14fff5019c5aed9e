"""What Terraform calls a Pulumi type of AWS and its properties.

Pulumi's AWS provider is made from Terraform's by rules (pulumi-terraform-bridge: ``tokens``, ``names.go``); these go
the other way. What the rules don't say is data: ``data/types.yaml`` for types, ``data/words.json`` for properties,
which is derived from both providers' own schemas (docs/checkov.md says how).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from core.model import Model

DATA = Path(__file__).parent / "data"
WORDS = "words.json"
TOKEN = re.compile(r"aws:(?P<module>[A-Za-z0-9]+)/\w+:(?P<name>[A-Z]\w*)")
PLAIN_KEY = re.compile(r"[a-z][A-Za-z0-9]*")
UNCOUNTED = ("ss", "us", "is")
"""Endings of words that are no plural."""


class Shape(StrEnum):
    """What Terraform's argument holds."""

    TEXT = ""
    NUMBER = "number"
    BOOLEAN = "boolean"
    LIST = "list"
    """Of plain values."""
    ONE = "one"
    """A list of plain values that never has more than one, which Pulumi spells as the value."""
    MAP = "map"
    """Free-form: the keys are data and keep their spelling."""
    BLOCK = "block"
    """Blocks or nested objects: named arguments each."""
    JSON = "json"
    """A document as text, which Pulumi takes as an object as well."""


class Types(Model):
    """``data/types.yaml``."""

    modules: dict[str, str]
    types: dict[str, str]


class Words(Model):
    """``data/words.json``."""

    words: dict[str, str]
    """Property -> argument, for most types, where it isn't the same in snake case."""
    shapes: dict[Shape, frozenset[str]]
    """The properties that hold such a thing in most types."""
    types: dict[str, dict[str, str]]
    """Terraform type -> dotted path of properties -> argument, where it differs from most."""
    shapes_of_types: dict[str, dict[str, Shape]]

    @cached_property
    def usual(self) -> dict[str, Shape]:
        """Property -> shape, for most types."""
        return {key: shape for shape, keys in self.shapes.items() for key in keys}


@cache
def types() -> Types:
    """The exceptions among types."""
    return Types.model_validate(yaml.safe_load((DATA / "types.yaml").read_text()))


@cache
def words() -> Words:
    """The exceptions among properties."""
    return Words.model_validate(json.loads((DATA / WORDS).read_text()))


def snake(name: str) -> str:
    """``kmsKeyId`` -> ``kms_key_id``: the inverse of ``camel``, which is what the provider was made with."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def camel(name: str) -> str:
    """``kms_key_id`` -> ``kmsKeyId``."""
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def terraform_type(token: str) -> str | None:
    """``aws:s3/bucket:Bucket`` -> ``aws_s3_bucket``; None for what is no type of AWS."""
    found = TOKEN.fullmatch(token)
    if found is None:
        return None
    module, name = found["module"], found["name"]
    exception = types().types.get(f"{module}/{name}")
    return exception or f"{types().modules.get(module, f'aws_{module}')}_{snake(name)}"


def argument(terraform: str, path: Sequence[str]) -> str:
    """What Terraform calls a property: ``("aws_s3_bucket_versioning", ["versioningConfiguration", "mfaDelete"])``."""
    exception = words().types.get(terraform, {}).get(".".join(path))
    return exception or words().words.get(path[-1]) or snake(path[-1])


def shape(terraform: str, path: Sequence[str], value: Any) -> Shape:
    """What the argument holds. Where the tables don't fit the value, the value's own form tells."""
    known = words().shapes_of_types.get(terraform, {}).get(".".join(path))
    found = known if known is not None else words().usual.get(path[-1], Shape.TEXT)
    if isinstance(value, dict) and found not in (Shape.MAP, Shape.JSON):
        return Shape.BLOCK if all(PLAIN_KEY.fullmatch(each) for each in value) else Shape.MAP
    if isinstance(value, list) and any(isinstance(each, dict) for each in value) and found is not Shape.JSON:
        return Shape.BLOCK
    return found


def is_new(terraform: str, path: Sequence[str]) -> bool:
    """Whether no table speaks of the property: neither by itself nor as part of the type."""
    key = path[-1]
    known = words()
    return key not in known.words and key not in known.usual and ".".join(path) not in known.types.get(terraform, {})


def singular(name: str) -> str:
    """``metric_queries`` -> ``metric_query``: how Terraform most often spells a list of blocks."""
    head, separator, last = name.rpartition("_")
    if last.endswith("ies"):
        last = f"{last[:-3]}y"
    elif last.endswith(("sses", "xes")):
        last = last[:-2]
    elif last.endswith("s") and not last.endswith(UNCOUNTED):
        last = last[:-1]
    return f"{head}{separator}{last}"
