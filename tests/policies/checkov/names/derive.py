"""Derives ``policies/checkov/data/words.json``: what Terraform calls the inputs of Pulumi's AWS types.

    python -m tests.policies.checkov.names

Both sides are read, each from a package: Pulumi's words from the installed SDK, Terraform's from bindings made of the
provider's schema. An input that Terraform's arguments don't hold, such as one that only the provider fills in, keeps
the name that the rule gives it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.checkov import naming
from tests.policies.checkov.names.pulumi_words import Module, Properties, Property
from tests.policies.checkov.names.terraform_words import Word, Words

NAMED = {
    "aws_api_gateway_base_path_mapping": {"restApi": "api_id"},
    "aws_api_gateway_stage": {"deployment": "deployment_id"},
    "aws_api_gateway_vpc_link": {"targetArn": "target_arns"},
    "aws_cloudwatch_metric_alarm": {"name": "alarm_name"},
    "aws_elastic_beanstalk_environment": {"version": "version_label"},
    "aws_glue_catalog_table": {"partitionIndices": "partition_index"},
    "aws_iot_topic_rule": {"kineses": "kinesis"},
    "aws_lambda_function": {"code": "filename", "name": "function_name"},
    "aws_lambda_layer_version": {"code": "filename"},
    "aws_lambda_permission": {"function": "function_name"},
    "aws_network_interface_attachment": {"instance": "instance_id"},
    "aws_sns_topic_subscription": {"topic": "topic_arn"},
}
"""Names that Pulumi's provider chose itself (``provider/resources.go``), and that no rule leads to."""
COMMON = {"restApi": "rest_api_id", "logGroup": "log_group_name"}
"""The same, for every type that has no argument of the plain name."""


@dataclass(frozen=True)
class Pair:
    """An input of a type and the argument of Terraform that it stands for."""

    path: tuple[str, ...]
    """The Terraform type, then the inputs that lead there."""
    input: Property
    word: Word


def pairs(modules: Mapping[str, Module], terraform: Mapping[str, Words]) -> Iterator[Pair]:
    """Every input of every type that both sides know."""
    for module in modules.values():
        for token, properties in module.resources.items():
            kind = naming.terraform_type(token)
            if kind is not None and kind in terraform:
                yield from _within((kind,), properties, module, terraform[kind], frozenset())


def _within(
    path: tuple[str, ...], properties: Properties, module: Module, words: Words, above: frozenset[str]
) -> Iterator[Pair]:
    for each in properties.values():
        word = _word(path, each, words)
        if word is None:
            continue
        yield Pair((*path, each.name), each, word)
        if each.parts and word.parts and each.parts not in above:
            inner = module.classes.get(each.parts, {})
            yield from _within((*path, each.name), inner, module, word.parts, above | {each.parts})


def _word(path: tuple[str, ...], each: Property, words: Words) -> Word | None:
    """The one argument whose name becomes this input's by the bridge's rule, or by a name of its own."""
    plain = [word for word in words.by_name.values() if naming.camel(word.name) == each.name]
    many = [word for word in words.by_name.values() if each.name in set(_plurals(naming.camel(word.name)))]
    for found in (plain, many):
        if len(found) == 1:
            return found[0]
    wanted = NAMED.get(path[0], {}).get(each.name) if len(path) == 1 else None
    return words.by_name.get(wanted or COMMON.get(each.name, ""))


def _plurals(word: str) -> Iterator[str]:
    """The bridge makes the name of a list plural (``names.go``, with go-inflector's rules)."""
    yield word + "s"
    if word.endswith("y"):
        yield word[:-1] + "ies"
    if word.endswith(("s", "x", "ch", "sh")):
        yield word + "es"
    if word.endswith("ex"):
        yield word[:-2] + "ices"
    if word.endswith("is"):
        yield word[:-2] + "es"


def table(modules: Mapping[str, Module], terraform: Mapping[str, Words]) -> dict[str, Any]:
    """What the rule doesn't say: for all types, and type by type where one differs from most."""
    found: dict[tuple[str, ...], Pair] = {}
    for each in pairs(modules, terraform):
        # An older class of the same type may spell a document as text alone.
        if each.path not in found or shape(each) == "json":
            found[each.path] = each
    names: dict[str, Counter[str]] = defaultdict(Counter)
    shapes: dict[str, Counter[str]] = defaultdict(Counter)
    for each in found.values():
        names[each.input.name][each.word.name] += 1
        shapes[each.input.name][shape(each)] += 1
    usual = {key: _most(counted) for key, counted in names.items()}
    usual_shape = {key: _most(counted) for key, counted in shapes.items()}
    types: dict[str, dict[str, str]] = defaultdict(dict)
    other_shapes: dict[str, dict[str, str]] = defaultdict(dict)
    for path, each in found.items():
        kind, *inner = path
        if each.word.name != usual[each.input.name]:
            types[kind][".".join(inner)] = each.word.name
        if shape(each) != usual_shape[each.input.name]:
            other_shapes[kind][".".join(inner)] = shape(each)
    return {
        "words": {key: word for key, word in sorted(usual.items()) if word != naming.snake(key)},
        "shapes": {
            kind: sorted(key for key, each in usual_shape.items() if each == kind)
            for kind in sorted({*usual_shape.values()} - {""})
        },
        "types": {kind: dict(sorted(each.items())) for kind, each in sorted(types.items())},
        "shapesOfTypes": {kind: dict(sorted(each.items())) for kind, each in sorted(other_shapes.items())},
    }


def shape(pair: Pair) -> str:
    """What the argument holds; empty for one text, which is the usual."""
    word, given = pair.word, pair.input
    if word.parts is not None or (given.parts and word.kind == "any"):
        return "block"
    if given.parts:
        return "json"
    if word.map:
        return "map"
    if word.many:
        return "list" if given.many else "one"
    return word.kind if word.kind != "string" else ""


def _most(counted: Counter[str]) -> str:
    """The commonest; of equally common ones the first by name, so that the table is the same on every run."""
    return min(counted, key=lambda each: (-counted[each], each))
