"""The account that lookups ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from cli.resources.found import Match

Inputs = Mapping[str, Any]
Entry = TypeVar("Entry")

_ABSENT = re.compile(r"NotFound|NoSuch|NonExistent|DoesNotExist|^404$")
"""The error codes with which services say that there is no such thing."""


class MissingInputError(LookupError):
    """An input that the program leaves out, or that isn't known before another resource is made."""


@dataclass
class Account:
    """The APIs of one region."""

    region: str
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A service's client."""
        if service not in self._clients:
            import boto3

            self._clients[service] = boto3.client(service, region_name=self.region)  # type: ignore[call-overload]
        return self._clients[service]

    def call(self, service: str, operation: str, **given: Any) -> Any:
        """Ask the API. Raises what boto3 raises."""
        return getattr(self.client(service), operation)(**given)

    def pages(self, service: str, operation: str, member: str, **given: Any) -> Iterator[Any]:
        """The entries of a list, over all its pages."""
        for page in self.client(service).get_paginator(operation).paginate(**given):
            yield from page[member]

    def fitting(self, search: Search[Entry], inputs: Inputs) -> list[Entry]:
        """What a search finds; nothing where the service says that there is no such thing, or an input isn't known.

        Raises what boto3 raises for anything but an absence.
        """
        from botocore.exceptions import ClientError

        try:
            return search(inputs, self)
        except MissingInputError:
            return []
        except ClientError as error:
            if _ABSENT.search(error.response["Error"]["Code"]):
                return []
            raise


Search: TypeAlias = Callable[[Inputs, Account], list[Entry]]
"""From a resource's inputs to everything that fits them."""
Lookup: TypeAlias = Search[Match]


def text(inputs: Inputs, name: str) -> str:
    """An input that has to be known. Raises `MissingInputError`."""
    value = inputs.get(name)
    if not isinstance(value, str) or not value:
        raise MissingInputError(name)
    return value
