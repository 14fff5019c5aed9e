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

from cli.takeover import loops, shape
from cli.takeover.intrinsics import Values, written
from cli.takeover.model import TakeoverError

SAM = "AWS::Serverless-2016-10-31"
APPLICATION = "AWS::Serverless::Application"
_STORED = "AWS::SSM::Parameter::Value<"
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


def load(
    path: Path,
    given: Mapping[str, str],
    deployed: Mapping[str, str],
    region: str,
    processed: Mapping[str, Any] | None = None,
) -> Template:
    """The template in a file, its transforms done.

    ``deployed``: the parameters of the stack that runs it; ``processed``: that stack's template after all transforms,
    which stands for this one where a transform is CloudFormation's alone (macros, ``AWS::Include``). Raises
    `TakeoverError`.
    """
    body = _read(path)
    shape.check(path.name, body)
    values = _parameters(path, body.get("Parameters") or {}, given, deployed)
    transforms = body.get("Transform") or []
    wanted = [each for each in (transforms if isinstance(transforms, list) else [transforms]) if each]
    within = shape.under("Fn::Transform", body)
    if strange := [each for each in (*wanted, *within) if each not in (SAM, loops.EXTENSIONS)]:
        if processed is None:
            raise TakeoverError(
                f"{path.name} needs the transform {_name(strange[0])}, which CloudFormation alone can do: name the "
                "stack that runs it (--stack-name)"
            )
        return Template(processed, values)
    if loops.EXTENSIONS in wanted or any(str(each).startswith(shape.LOOP) for each in body["Resources"]):
        # They come before SAM, whatever the order that the template names them in.
        body = loops.unrolled(path.name, body, _known(body, values, region))
        shape.check(path.name, body)
    if SAM in wanted:
        body = _expand(path, body, values, region)
    return Template(body, values)


def _known(body: Mapping[str, Any], values: Mapping[str, Any], region: str) -> Values:
    """What loops may go through: parameters and mappings."""
    return Values({"AWS::Region": region, "AWS::Partition": "aws", **values}, body.get("Mappings") or {})


def _name(transform: Any) -> str:
    return str(transform.get("Name")) if isinstance(transform, dict) else str(transform)


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
        text = path.read_text(encoding="utf-8-sig")
        body = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, _loader())  # noqa: S506
    except OSError as error:
        raise TakeoverError(f"{path} can't be read: {error.strerror or error}") from None
    except (ValueError, TypeError, yaml.YAMLError) as error:  # a TypeError: a short form at a place for a text
        raise TakeoverError(f"{path} is neither YAML nor JSON: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise TakeoverError(f"{path} is nested too deeply, or refers to itself") from None
    if not isinstance(body, dict) or not isinstance(body.get("Resources"), dict):
        raise TakeoverError(f"{path} is no template: it has no Resources")
    return body


def _loader() -> type[yaml.SafeLoader]:
    """A loader that knows the short forms (``!Ref``) and leaves dates, times and account ids texts."""
    from samtranslator.yaml_helper import intrinsics_multi_constructor

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {
            first: [rule for rule in rules if rule[0] != "tag:yaml.org,2002:timestamp"]
            for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    Loader.add_multi_constructor("!", intrinsics_multi_constructor)
    Loader.add_constructor("tag:yaml.org,2002:int", _number)
    return Loader


def _number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
    """A number, but 012345678901 and 22:30 as they stand: YAML 1.1 reads them as octal and as minutes."""
    text = node.value
    if ":" in text or (text.startswith("0") and text.isdigit() and text != "0"):
        return text
    return loader.construct_yaml_int(node)


def _parameters(
    path: Path, declared: Mapping[str, Any], given: Mapping[str, str], deployed: Mapping[str, str]
) -> dict[str, str | list[str]]:
    if unknown := sorted(set(given) - set(declared)):
        valid = ", ".join(sorted(declared)) or "none"
        raise TakeoverError(f"{path.name} has no parameter {unknown[0]!r}; valid: {valid}")
    values: dict[str, str | list[str]] = {}
    for name, rule in declared.items():
        kind = str(rule["Type"])
        if name not in given and name not in deployed and kind.startswith(_STORED):
            continue  # the default names what is in Parameter Store: its value is known to a running stack alone
        value = given.get(name, deployed.get(name, rule.get("Default")))
        if value is None:
            raise TakeoverError(f"{path.name}: parameter {name} has no default: give --parameter {name}=VALUE")
        values[name] = _value(path, name, rule, value)
    return values


def _value(path: Path, name: str, rule: Mapping[str, Any], value: Any) -> str | list[str]:
    """A parameter's value, which is one of those allowed; of a list each has to be."""
    several = "List" in str(rule["Type"])
    parts = value if isinstance(value, list) else written(value).split(",")
    found = [written(each).strip() for each in parts] if several else [written(value)]
    allowed = [written(each) for each in rule.get("AllowedValues") or []]
    if allowed and (wrong := [each for each in found if each not in allowed]):
        raise TakeoverError(f"{path.name}: parameter {name} can't be {wrong[0]!r}; valid: {', '.join(allowed)}")
    return found if several else found[0]


def _expand(path: Path, body: dict[str, Any], values: Mapping[str, Any], region: str) -> dict[str, Any]:
    """SAM's transform, as CloudFormation does it."""
    import boto3
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    logging.getLogger("samtranslator").setLevel(logging.CRITICAL)  # it logs tracebacks of what it raises as well
    # Of a parameter that is in Parameter Store nobody knows the value; SAM wants one for each.
    known = {name: each.get("Default", "") for name, each in (body.get("Parameters") or {}).items()} | dict(values)
    try:
        session = boto3.Session(region_name=region)
        expanded: dict[str, Any] = Translator({}, Parser(), boto_session=session).translate(_packaged(body), known)
    except InvalidDocumentException as error:
        causes = "; ".join(str(cause.message) for cause in error.causes) or error.message
        raise TakeoverError(f"{path.name} is no valid SAM template: {' '.join(causes.split())}") from None
    except Exception as error:  # whatever a malformed template makes the library stumble over
        told = " ".join(str(error).split()) or type(error).__name__
        raise TakeoverError(f"{path.name}: AWS's SAM transform can't expand it: {told}") from None
    return {key: value for key, value in expanded.items() if key != "Transform"}


def _packaged(body: dict[str, Any]) -> dict[str, Any]:
    """The template with code in a bucket; where the code lies says nothing about what a resource is."""
    packaged = copy.deepcopy(body)
    shared = packaged.get("Globals") or {}
    function = shared.get("Function") if isinstance(shared, dict) else None
    holders = [(function, "CodeUri")] if isinstance(function, dict) else []
    for resource in packaged["Resources"].values():
        properties = resource.get("Properties") or {}
        if (name := _LOCAL_CODE.get(resource["Type"])) is not None:
            holders.append((properties, name))
        if resource["Type"] == APPLICATION and "Location" in properties:
            # A nested stack, wherever its template lies: the transform would ask the public repository for it.
            properties["Location"] = "not-looked-at.yaml"
    for properties, name in holders:
        place = properties.get(name)
        if isinstance(place, str) and not place.startswith("s3://"):
            properties[name] = "s3://not-packaged/code.zip"
    return packaged
