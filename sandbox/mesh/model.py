"""What the mesh reads of Istio's objects. A field that is not here is not emulated, and said so.

Source: Istio documentation, "Virtual Service", "Destination Rule", "Gateway".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")


@dataclass(frozen=True)
class Request:
    """What of a request decides where it goes. Header names are in lower case, the authority is without a port."""

    authority: str
    path: str = "/"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    scheme: str = "http"


class _Whole(BaseModel):
    """Read whole: a field that isn't declared is refused."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class _Part(BaseModel):
    """Read in part: what isn't declared makes no difference here."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


class StringMatch(_Whole):
    """One text compared; without any of the three it is enough that there is one."""

    exact: str | None = None
    prefix: str | None = None
    regex: str | None = None

    @field_validator("regex")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from error
        return value

    def accepts(self, value: str | None, *, ignore_case: bool = False) -> bool:
        """Whether a text, None for none, is what is looked for. ``ignore_case`` doesn't concern regex."""
        if value is None:
            return False
        if self.regex is not None:
            return re.fullmatch(self.regex, value) is not None
        fold = str.lower if ignore_case else str
        if self.exact is not None:
            return fold(value) == fold(self.exact)
        return self.prefix is None or fold(value).startswith(fold(self.prefix))


class HttpMatch(_Whole):
    """Conditions that must all hold."""

    name: str = ""
    uri: StringMatch = StringMatch()
    scheme: StringMatch = StringMatch()
    method: StringMatch = StringMatch()
    authority: StringMatch = StringMatch()
    headers: dict[str, StringMatch] = {}
    without_headers: dict[str, StringMatch] = {}
    query_params: dict[str, StringMatch] = {}
    ignore_uri_case: bool = False

    def accepts(self, request: Request) -> bool:
        """Whether a request fulfils every condition."""
        return (
            self.uri.accepts(request.path, ignore_case=self.ignore_uri_case)
            and self.scheme.accepts(request.scheme)
            and self.method.accepts(request.method)
            and self.authority.accepts(request.authority)
            and all(each.accepts(request.headers.get(name.lower())) for name, each in self.headers.items())
            and not any(each.accepts(request.headers.get(name.lower())) for name, each in self.without_headers.items())
            and all(each.accepts(request.query.get(name)) for name, each in self.query_params.items())
        )


class PortSelector(_Whole):
    """A port of a Service."""

    number: int


class Destination(_Whole):
    """A Service, or a subset of it."""

    host: str
    subset: str = ""
    port: PortSelector | None = None


class RouteDestination(_Whole):
    """A destination with its share."""

    destination: Destination
    weight: int = Field(default=0, ge=0)


class HttpRoute(_Whole):
    """One rule: the first whose match accepts a request decides."""

    name: str = ""
    match: tuple[HttpMatch, ...] = ()
    route: tuple[RouteDestination, ...] = Field(min_length=1)
    timeout: str = "0s"

    @field_validator("timeout")
    @classmethod
    def _is_duration(cls, value: str) -> str:
        seconds(value)
        return value

    @model_validator(mode="after")
    def _shares_something(self) -> HttpRoute:
        if len(self.route) > 1 and not sum(each.weight for each in self.route):
            raise ValueError("the weights add up to 0")
        return self

    def accepts(self, request: Request) -> bool:
        """Whether one of the matches does; a rule without any takes everything."""
        return not self.match or any(each.accepts(request) for each in self.match)

    def pick(self, draw: Random) -> Destination:
        """A destination, drawn by weight: a share is its weight of the sum of all weights."""
        if len(self.route) == 1:
            return self.route[0].destination
        return draw.choices(self.route, [each.weight for each in self.route])[0].destination


class VirtualServiceSpec(_Whole):
    """Which hosts, through which gateways, by which rules."""

    hosts: tuple[str, ...]
    gateways: tuple[str, ...] = ("mesh",)
    http: tuple[HttpRoute, ...] = ()
    # Rules for other protocols, which don't come through here.
    tls: Any = None
    tcp: Any = None


class ServerPort(_Part):
    """What a gateway's server speaks."""

    protocol: str


class Server(_Part):
    """One server of a gateway: whom it is for."""

    port: ServerPort
    hosts: tuple[str, ...] = ()


class GatewaySpec(_Part):
    """Which ingress does the work, for which hosts."""

    selector: dict[str, str] = {}
    servers: tuple[Server, ...] = ()


class Subset(_Part):
    """Pods of a Service that have further labels."""

    name: str
    labels: dict[str, str] = {}


class DestinationRuleSpec(_Part):
    """The subsets of a Service."""

    host: str
    subsets: tuple[Subset, ...] = ()


def seconds(duration: str) -> float:
    """Return the seconds of a duration like ``1h``, ``5s``, ``1m30s``, ``100ms``; raises ValueError."""
    found = _DURATION.fullmatch(duration)
    if not found or not duration:
        raise ValueError(f"{duration!r} is no duration like 5s")
    hours, minutes, whole, thousandths = (float(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + whole + thousandths / 1000


def problem(error: ValidationError) -> str:
    """Return the first thing that is wrong with an object, in one line."""
    first = error.errors()[0]
    place = ".".join(["spec", *(str(part) for part in first["loc"])])
    return f"{place}: {'is not emulated' if first['type'] == 'extra_forbidden' else first['msg']}"
