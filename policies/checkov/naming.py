"""What Terraform calls a Pulumi type of AWS and its properties.

Pulumi's AWS provider is made from Terraform's by rules (pulumi-terraform-bridge: ``tokens``, ``names.go``); these go
the other way. What the rules don't say is data: ``data/types.yaml`` and ``data/properties.yaml``.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from stacks.model import Model

DATA = Path(__file__).parent / "data"
TOKEN = re.compile(r"aws:(?P<module>[A-Za-z0-9]+)/\w+:(?P<name>[A-Z]\w*)")
PLAIN_KEY = re.compile(r"[a-z][A-Za-z0-9]*")


class Types(Model):
    """``data/types.yaml``."""

    modules: dict[str, str]
    types: dict[str, str]


class Properties(Model):
    """``data/properties.yaml``."""

    maps: frozenset[str]
    maps_in: dict[str, frozenset[str]]
    plurals: frozenset[str]
    singulars: dict[str, str]
    renamed: dict[str, dict[str, str]]


@cache
def types() -> Types:
    """The exceptions among types."""
    return Types.model_validate(_load("types.yaml"))


@cache
def properties() -> Properties:
    """The exceptions among properties."""
    return Properties.model_validate(_load("properties.yaml"))


def _load(name: str) -> Any:
    return yaml.safe_load((DATA / name).read_text())


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


def is_map(key: str, module: str, value: dict[str, Any]) -> bool:
    """Whether an object is a free-form map, not a block: known by name, or by keys that no property could have."""
    known = properties()
    if key in known.maps or module in known.maps_in.get(key, ()):
        return True
    return any(not PLAIN_KEY.fullmatch(each) for each in value)


def attribute(key: str, terraform: str) -> str:
    """What Terraform calls a property of a resource."""
    return properties().renamed.get(terraform, {}).get(key) or snake(key)


def block(key: str) -> str:
    """What Terraform calls a property that is a list of objects: ``metricQueries`` -> ``metric_query``."""
    if key in properties().plurals:
        return snake(key)
    head, separator, last = snake(key).rpartition("_")
    return f"{head}{separator}{_singular(last)}"


def _singular(word: str) -> str:
    if word in properties().singulars:
        return properties().singulars[word]
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
