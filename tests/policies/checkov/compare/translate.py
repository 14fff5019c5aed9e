"""A Terraform example as the preview of a Pulumi program that says the same.

A reference becomes what a preview of a first deployment shows: the value, where the resource that it names is given
one, and otherwise a value that only the update will tell, with the resource it depends on. Of what is deployed all of
them are known; the values are made up.

A variable is configuration, which a preview always knows: a program without it stops. The example doesn't say which
value, so it is the text that checkov takes for it, ``var.name``, where the argument holds text.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from policies.checkov import naming
from policies.checkov.values import UNKNOWN_MARKERS
from tests.policies.checkov.names import pulumi_words
from tests.policies.checkov.names.pulumi_words import Module, Properties, Property

TEXT = UNKNOWN_MARKERS[2]
REFERENCE = re.compile(
    r"\$?\{?(?<![\w.-])(?P<type>aws_\w+)\.(?P<name>[\w-]+)(?P<index>\[[^\]]*\])?\.(?P<attribute>\w+)(?:\[\d+\])?\}?"
)
OPEN = re.compile(
    r"\$\{|(?<![\w.-])(var|local|module|data|each|count|self|path|random_\w+|aws_\w+|tls_\w+)\.[\w-]+\.?|^(?!rate|cron|at)\w+\("
)
"""Text that checkov leaves as an expression."""
ITEM = r"(?:\.[\w-]+|\[[^\]]*\])"
CONFIGURED = re.compile(
    rf"(\$\{{)?(?<![\w.-])(?:(?:var|local)\.[\w-]+|data\.aws_(?:caller_identity|partition|region)\.[\w-]+){ITEM}*(?(1)\}})"
)
"""What a program knows before it declares anything: its configuration, and who and where it is."""
ACCOUNT = "eu-central-1:123456789012"
META = frozenset({"count", "for_each", "provider", "depends_on", "lifecycle", "provisioner", "connection", "timeouts"})
OLD_MODULES = frozenset({"alb", "applicationloadbalancing", "elasticloadbalancing", "elasticloadbalancingv2"})
RENAMED = re.compile(r"^aws_alb(?=_|$)")
"""``aws_alb`` is another name of ``aws_lb``."""


@dataclass
class Example:
    """The steps of a preview, and what was lost on the way to them."""

    steps: list[dict[str, Any]]
    names: dict[str, str]
    """URN -> the address in Terraform."""
    lost: list[str] = field(default_factory=list)
    """Types and arguments that no Pulumi type or property stands for: today's provider has them no more."""
    outdated: set[str] = field(default_factory=set)
    """The URNs of resources with such arguments."""
    goals: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By URN, what an update plan tells beside the preview."""

    def add(self, state: dict[str, Any], address: str, created_first: bool) -> None:
        """One resource. The order of replacement is Terraform's: without a word, the old one goes first."""
        while state["urn"] in self.names:
            # Some examples declare a resource twice, which neither Terraform nor Pulumi takes.
            state["urn"] += "-again"
        self.names[state["urn"]] = address
        self.steps.append({"op": "create", "urn": state["urn"], "newState": state})
        self.goals[state["urn"]] = {"goal": {"deleteBeforeReplace": not created_first}}


def translate(told: Mapping[str, Any], folder: str, deployed: bool = False) -> Example:
    """The steps that one folder's resources take. ``folder`` keeps them apart from those of another.

    ``deployed``: as the stack's state has them afterwards.
    """
    resources = told["resources"]
    made = Example([], {})
    known = {(each["type"], name): each for each in resources for name in (plain_name(each["name"]), each["name"])}
    for each in resources:
        token = tokens().get(RENAMED.sub("aws_lb", each["type"]))
        if token is None:
            if each["type"].startswith("aws_"):
                made.lost.append(each["type"])
            continue
        before = len(made.lost)
        names = {f"{each['type']}.{name}" for name in (plain_name(each["name"]), each["name"])}
        refers = [connection[1:] for connection in told["connections"] if connection[0] in names]
        state = _Resource(token, each, known, made.lost, folder, refers, deployed).state()
        made.add(state, f"{each['type']}.{each['name']}", _created_first(each["arguments"]))
        if len(made.lost) > before:
            made.outdated.add(state["urn"])
    return made


def _created_first(arguments: Mapping[str, Any]) -> bool:
    blocks = [each for each in arguments.get("lifecycle") or [] if isinstance(each, dict)]
    return any(each.get("create_before_destroy") in ([True], True, ["true"]) for each in blocks)


def plain_name(name: str) -> str:
    """``x["a"]`` -> ``x``."""
    return name.partition("[")[0]


@cache
def tokens() -> dict[str, str]:
    """Terraform type -> the token of today's Pulumi type."""
    text = (_home() / "__init__.py").read_text()
    found: dict[str, str] = {}
    for token in sorted(set(re.findall(r'"(aws:[a-z0-9]+/\w+:[A-Z]\w*)"', text)), key=_age):
        kind = naming.terraform_type(token)
        if kind:
            found.setdefault(kind, token)
    return found


def _age(token: str) -> tuple[bool, bool, str]:
    return token.endswith("V2") and "s3/" in token, token.split(":")[1].partition("/")[0] in OLD_MODULES, token


@cache
def module(name: str) -> Module:
    """The classes of one folder of the SDK."""
    return pulumi_words.module(_home() / pulumi_words.folder(name))


def _home() -> Path:
    found = importlib.util.find_spec("pulumi_aws")
    assert found is not None
    assert found.submodule_search_locations
    return Path(next(iter(found.submodule_search_locations)))


def urn(token: str, folder: str, name: str) -> str:
    return f"urn:pulumi:prod::example::{token}::{folder}-{name}"


class _Resource:
    def __init__(
        self,
        token: str,
        given: Mapping[str, Any],
        known: Mapping[tuple[str, str], Mapping[str, Any]],
        lost: list[str],
        folder: str,
        refers: list[list[str]],
        deployed: bool,
    ) -> None:
        self.refers, self.deployed = refers, deployed
        self.token, self.given, self.known, self.lost, self.folder = token, given, known, lost, folder
        self.type = naming.terraform_type(token) or ""
        self.module = module(token.split(":")[1].partition("/")[0])
        self.behind: set[str] = set()

    def state(self) -> dict[str, Any]:
        inputs, depends = {}, {}
        arguments = self.given["arguments"]
        for name, key, each in self._properties((), self.module.resources.get(self.token, {}), arguments):
            self.behind = set(self._connected(name))
            inputs[key] = self._value((key,), each, arguments[name])
            if self.behind:
                depends[key] = sorted(self.behind)
        own = urn(self.token, self.folder, self.given["name"])
        made = {"urn": own, "custom": True, "type": self.token, "inputs": inputs, "propertyDependencies": depends}
        made["provider"] = self.folder
        return {**made, **self._lifecycle(arguments)}

    def _connected(self, argument: str) -> Iterator[str]:
        """The resources that an argument, or a part of it, refers to."""
        for label, other in self.refers:
            kind, _, name = other.partition(".")
            token = tokens().get(RENAMED.sub("aws_lb", kind))
            if token and label.partition(".")[0] == argument:
                yield urn(token, self.folder, name)

    def _lifecycle(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        options: dict[str, Any] = {}
        for block in arguments.get("lifecycle") or []:
            if isinstance(block, dict):
                if block.get("prevent_destroy") in ([True], True, ["true"]):
                    options["protect"] = True
                if block.get("ignore_changes"):
                    options["ignoreChanges"] = ["*"]
        return options

    def _properties(
        self, path: tuple[str, ...], properties: Properties, arguments: Mapping[str, Any]
    ) -> Iterator[tuple[str, str, Property]]:
        """The property that each argument is, by the bridge's own names turned round; the others are told as lost."""
        found = {naming.argument(self.type, [*path, key]): (key, each) for key, each in properties.items()}
        for argument, value in arguments.items():
            if value in (None, [None]):
                continue
            if argument in found:
                yield argument, *found[argument]
            elif not (argument in META or argument.startswith(("CKV", "__"))):
                self.lost.append(".".join([self.given["type"], *path, argument]))

    def _value(self, path: tuple[str, ...], each: Property, value: Any) -> Any:
        if isinstance(value, list) and len(value) == 1 and not isinstance(value[0], dict):
            value = value[0]
        if each.parts in self.module.classes and not isinstance(value, str):
            if naming.shape(self.type, path, None) is naming.Shape.JSON:
                return self._plain(path, value)
            blocks = [self._block(path, str(each.parts), part) for part in _flat(value)]
            return blocks if each.many else blocks[0] if blocks else None
        if each.map:
            return self._map(value)
        if each.many:
            return [self._plain(path, item) for item in _flat(value)] if isinstance(value, list) else self._list(value)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        return self._plain(path, value)

    def _block(self, path: tuple[str, ...], name: str, part: Any) -> Any:
        if not isinstance(part, dict):
            return self._plain(path, part)
        return {
            key: self._value((*path, key), each, part[argument])
            for argument, key, each in self._properties(path, self.module.classes[name], part)
        }

    def _map(self, value: Any) -> Any:
        (first, *_) = [*_flat(value), None]
        if not isinstance(first, dict):
            return self._plain((), first)
        return {key: self._plain((), item) for key, item in first.items()}

    def _list(self, value: Any) -> Any:
        found = self._plain((), value)
        return found if found == TEXT or isinstance(found, list) else [found]

    def _plain(self, path: tuple[str, ...], value: Any) -> Any:
        if isinstance(value, list) and len(value) == 1:
            return self._plain(path, value[0])
        if isinstance(value, dict | list):
            text = json.dumps(value)
            return self._resolved(path, text) if REFERENCE.search(text) or "${" in text else text
        if isinstance(value, str):
            return self._typed(path, self._resolved(path, value))
        return value

    def _typed(self, path: tuple[str, ...], value: Any) -> Any:
        """Pulumi's SDK has the types that Terraform's text converts to."""
        if not path or not isinstance(value, str):
            return value
        kind = naming.shape(self.type, path, value)
        if kind is naming.Shape.BOOLEAN and value in ("true", "false"):
            return value == "true"
        if kind is naming.Shape.NUMBER and re.fullmatch(r"-?\d+", value):
            return int(value)
        return value

    def _resolved(self, path: tuple[str, ...], text: str) -> Any:
        """The text, or what takes its place where a part of it is worked out during the update."""
        whole = REFERENCE.fullmatch(text)
        for found in REFERENCE.finditer(text):
            target = self._target(found)
            token = tokens().get(RENAMED.sub("aws_lb", found["type"]))
            if token is not None:
                # Some examples leave out what they refer to; a program can't.
                self.behind.add(urn(token, self.folder, target["name"] if target else found["name"]))
            if target is None:
                continue
            given = target["arguments"].get(found["attribute"])
            known = given[0] if isinstance(given, list) and len(given) == 1 else None
            if whole and isinstance(known, str) and not OPEN.search(known):
                return known
        if self.deployed:
            text = REFERENCE.sub(_output, text)
        rest = text if path and self._holds_number(path) else CONFIGURED.sub("", text)
        return TEXT if OPEN.search(rest) or REFERENCE.search(rest) else text

    def _target(self, found: re.Match[str]) -> Mapping[str, Any] | None:
        kind, name = found["type"], found["name"]
        return self.known.get((kind, f"{name}{found['index'] or ''}")) or self.known.get((kind, name))

    def _holds_number(self, path: tuple[str, ...]) -> bool:
        return naming.shape(self.type, path, "") in (naming.Shape.NUMBER, naming.Shape.BOOLEAN)


def _output(found: re.Match[str]) -> str:
    """An output of a resource that exists."""
    service, _, kind = found["type"].removeprefix("aws_").partition("_")
    if found["attribute"] == "arn":
        return f"arn:aws:{service}:{ACCOUNT}:{kind}/{found['name']}"
    return f"{found['name']}-{found['attribute']}"


def _flat(value: Any) -> list[Any]:
    if not isinstance(value, list):
        return [value]
    return [inner for each in value for inner in (_flat(each) if isinstance(each, list) else [each])]
