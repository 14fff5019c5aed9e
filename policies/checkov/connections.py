"""What refers to a resource by its name instead of by an output: as good a connection as a reference.

Terraform calls an argument that takes a resource after that resource's type: ``bucket`` of ``aws_s3_bucket``,
``function_name`` of ``aws_lambda_function``, ``topic_arn`` of ``aws_sns_topic``. Where such an argument holds the name
that just one resource of that type is given, or an ARN that ends in it, it refers to that resource.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from policies.checkov import naming
from policies.checkov.resources import Resource

Named = Callable[[str, Any], list[str]]
"""Argument and value -> the references that it stands for."""
IDENTITY = frozenset(
    {"bucket", "name", "function_name", "identifier", "cluster_identifier", "domain_name", "alarm_name", "family"}
)
"""Arguments that hold a resource's own name, whichever its type has."""
ENDING = re.compile(r"(_(id|ids|name|names|arn|arns|identifier|identifiers))$")
ARN = re.compile(r"arn:[\w-]+:[\w-]+:[\w-]*:\d*:(?:.*[:/])?([^:/]+)")


class Index:
    """The names of all resources of a plan."""

    def __init__(self, addresses: Mapping[str, Resource]) -> None:
        self.named: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        for address, resource in addresses.items():
            terraform = address.partition(".")[0]
            for name in _own_names(terraform, resource):
                for tail in _tails(terraform):
                    self.named[tail, name].append((address, resource.provider))

    def of(self, address: str, resource: Resource) -> Named:
        """How this resource's own arguments are read. It never refers to itself or to what another provider manages."""

        terraform = address.partition(".")[0]

        def named(argument: str, value: Any) -> list[str]:
            found = {
                other
                for text in _texts(value)
                for subject in (_subject(argument), *_extended(terraform, argument))
                for other, provider in self.named.get((subject, text), [])
                if other != address and provider == resource.provider
            }
            return [part for other in sorted(found) for part in (f"{other}.id", other)] if len(found) == 1 else []

        return named


def _own_names(terraform: str, resource: Resource) -> Iterator[str]:
    for key, value in resource.inputs.items():
        if isinstance(value, str) and value and naming.argument(terraform, [key]) in IDENTITY:
            yield value


def _tails(terraform: str) -> Iterator[str]:
    """``aws_s3_bucket`` -> ``s3_bucket``, ``bucket``. Other resources of a bucket have its name without being one."""
    words = terraform.split("_")[1:]
    return ("_".join(words[start:]) for start in range(len(words)))


def _extended(terraform: str, argument: str) -> Iterator[str]:
    """``aws_config_configuration_recorder_status`` has the name of what it is the status of."""
    words = terraform.split("_")[1:]
    if argument in IDENTITY:
        yield from ("_".join(words[:end]) for end in range(2, len(words)))


def _subject(argument: str) -> str:
    """``function_name`` -> ``function``."""
    return ENDING.sub("", argument)


def _texts(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str):
            found = ARN.fullmatch(each)
            yield found[1] if found else each
