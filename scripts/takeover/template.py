"""Reading a template: SAM or CloudFormation, YAML or JSON, with what its parameters are worth.

SAM is expanded by AWS's own transform (aws-sam-translator), so the logical ids are those of the deployed stack.
"""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scripts.takeover.model import TakeoverError

SAM = "AWS::Serverless-2016-10-31"
_LOCAL_CODE = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Serverless::Api": "DefinitionUri",
    "AWS::Serverless::HttpApi": "DefinitionUri",
    "AWS::Serverless::StateMachine": "DefinitionUri",
}
"""Properties that may name a local folder, which `sam package` would upload."""


@dataclass(frozen=True)
class Template:
    """A template whose transform is done."""

    body: Mapping[str, Any]
    parameters: Mapping[str, str | list[str]]
    """Values by name: those given, then those of the running stack, then the defaults."""

    @property
    def resources(self) -> Mapping[str, Any]:
        """Resources by logical id."""
        resources: Mapping[str, Any] = self.body["Resources"]
        return resources


def load(path: Path, given: Mapping[str, str], deployed: Mapping[str, str], region: str) -> Template:
    """The template in a file. ``deployed``: the parameters of the stack that runs it. Raises `TakeoverError`."""
    body = _read(path)
    values = _parameters(path, body.get("Parameters") or {}, given, deployed)
    transforms = body.get("Transform") or []
    if SAM in (transforms if isinstance(transforms, list) else [transforms]):
        body = _expand(path, body, values, region)
    return Template(body, values)


def parameters(words: Iterable[str]) -> dict[str, str]:
    """Values by name out of ``Name=Value``. Raises `TakeoverError`."""
    given = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not name or not separator:
            raise TakeoverError(f"--parameter takes Name=Value, not {word!r}")
        given[name] = value
    return given


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        body = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, _loader())  # noqa: S506
    except OSError as error:
        raise TakeoverError(f"{path} can't be read: {error.strerror or error}") from None
    except (ValueError, yaml.YAMLError) as error:
        raise TakeoverError(f"{path} is neither YAML nor JSON: {' '.join(str(error).split())}") from None
    if not isinstance(body, dict) or not isinstance(body.get("Resources"), dict):
        raise TakeoverError(f"{path} is no template: it has no Resources")
    return body


def _loader() -> type[yaml.SafeLoader]:
    """A loader that knows the short forms (``!Ref``) and leaves dates texts, as CloudFormation does."""
    from samtranslator.yaml_helper import intrinsics_multi_constructor

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {
            first: [rule for rule in rules if rule[0] != "tag:yaml.org,2002:timestamp"]
            for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    Loader.add_multi_constructor("!", intrinsics_multi_constructor)
    return Loader


def _parameters(
    path: Path, declared: Mapping[str, Any], given: Mapping[str, str], deployed: Mapping[str, str]
) -> dict[str, str | list[str]]:
    if unknown := sorted(set(given) - set(declared)):
        valid = ", ".join(sorted(declared)) or "none"
        raise TakeoverError(f"{path.name} has no parameter {unknown[0]!r}; valid: {valid}")
    values: dict[str, str | list[str]] = {}
    for name, rule in declared.items():
        value = given.get(name, deployed.get(name, rule.get("Default")))
        if value is None:
            raise TakeoverError(f"{path.name}: parameter {name} has no default: give --parameter {name}=VALUE")
        allowed = [str(each) for each in rule.get("AllowedValues") or []]
        if allowed and str(value) not in allowed:
            raise TakeoverError(f"{path.name}: parameter {name} can't be {value!r}; valid: {', '.join(allowed)}")
        several = "List" in str(rule.get("Type"))
        values[name] = [each.strip() for each in str(value).split(",")] if several else str(value)
    return values


def _expand(path: Path, body: dict[str, Any], values: Mapping[str, Any], region: str) -> dict[str, Any]:
    """SAM's transform, as CloudFormation does it."""
    import boto3
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    session = boto3.Session(region_name=region)
    try:
        expanded: dict[str, Any] = Translator({}, Parser(), boto_session=session).translate(
            _packaged(body), dict(values)
        )
    except InvalidDocumentException as error:
        causes = "; ".join(str(cause.message) for cause in error.causes) or error.message
        raise TakeoverError(f"{path.name} is no valid SAM template: {' '.join(causes.split())}") from None
    return {key: value for key, value in expanded.items() if key != "Transform"}


def _packaged(body: dict[str, Any]) -> dict[str, Any]:
    """The template with code in a bucket; where the code lies says nothing about what a resource is."""
    packaged = copy.deepcopy(body)
    shared = (packaged.get("Globals") or {}).get("Function") or {}
    holders = [(shared, "CodeUri")]
    for resource in packaged["Resources"].values():
        if (name := _LOCAL_CODE.get(resource.get("Type", ""))) is not None:
            holders.append((resource.get("Properties") or {}, name))
    for properties, name in holders:
        place = properties.get(name)
        if isinstance(place, str) and not place.startswith("s3://"):
            properties[name] = "s3://not-packaged/code.zip"
    return packaged
