"""VirtualServices and Gateways -> which rules a host has.

Source: Istio documentation, "Virtual Service", "Gateway"; Envoy documentation, "HTTP routing" (the search for a domain:
exact, then the longest wildcard, then ``*``).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from sandbox.mesh import model
from sandbox.mesh.names import covers, fqdn, narrower

log = logging.getLogger("sandbox.mesh")

Object = Mapping[str, Any]
"""An object of the cluster as its API gives it."""

MESH = "mesh"
"""The gateway that stands for the pods' own proxies, which the local cluster has none of."""
SPOKEN = frozenset({"HTTP", "HTTP2", "GRPC", "HTTPS"})
"""Protocols of a gateway's server that lead here; HTTPS as if TLS had been ended before."""


@dataclass(frozen=True)
class Rules:
    """The HTTP rules of one VirtualService."""

    namespace: str
    name: str
    routes: tuple[model.HttpRoute, ...]
    problem: str = ""
    """What the VirtualService asks for and can't have here."""


@dataclass(frozen=True)
class _Opening:
    """Hosts that a gateway lets in, for VirtualServices of a namespace (``*``: of any)."""

    namespace: str
    host: str


def virtual_hosts(
    virtual_services: Iterable[Object], gateways: Iterable[Object], ingress: Mapping[str, str]
) -> dict[str, list[Rules]]:
    """Return domain -> rules, those of the older VirtualService first. ``ingress``: labels of the gateway's pods."""
    openings = {_key(each): _openings(each, ingress) for each in gateways}
    domains: dict[str, list[Rules]] = {}
    for each in sorted(virtual_services, key=_age):
        namespace = each["metadata"]["namespace"]
        read = _read(each)
        if read is None:
            continue
        spec, rules = read
        doors = [door for gateway in spec.gateways for door in openings.get(_gateway_key(gateway, namespace), ())]
        for domain in dict.fromkeys(_domains(spec.hosts, doors, namespace)):
            domains.setdefault(domain, []).append(rules)
    return domains


def find(domains: Mapping[str, list[Rules]], host: str) -> list[Rules]:
    """Return the rules of the domain that fits a host best; none for an unknown host."""
    if host in domains:
        return domains[host]
    fitting = [domain for domain in domains if covers(domain, host)]
    return domains[max(fitting, key=len)] if fitting else []


def _read(virtual_service: Object) -> tuple[model.VirtualServiceSpec, Rules] | None:
    """The parsed object; without rules where they ask for what isn't emulated, None where not even hosts are found."""
    metadata, spec = virtual_service["metadata"], virtual_service.get("spec") or {}
    namespace, name = metadata["namespace"], metadata["name"]
    try:
        parsed = model.VirtualServiceSpec.model_validate(spec)
        return parsed, Rules(namespace, name, parsed.http)
    except ValidationError as error:
        reason = f"VirtualService {namespace}/{name}: {model.problem(error)}"
    log.warning("%s", reason)
    try:
        known = {key: spec[key] for key in ("hosts", "gateways") if key in spec}
        return model.VirtualServiceSpec.model_validate(known), Rules(namespace, name, (), reason)
    except ValidationError:
        return None


def _openings(gateway: Object, ingress: Mapping[str, str]) -> list[_Opening]:
    namespace = gateway["metadata"]["namespace"]
    try:
        spec = model.GatewaySpec.model_validate(gateway.get("spec") or {})
    except ValidationError as error:
        log.warning("Gateway %s/%s: %s", namespace, gateway["metadata"]["name"], model.problem(error))
        return []
    if not spec.selector.items() <= ingress.items():
        return []
    hosts = [host for server in spec.servers if server.port.protocol.upper() in SPOKEN for host in server.hosts]
    return [_opening(host.lower(), namespace) for host in hosts]


def _opening(host: str, namespace: str) -> _Opening:
    """``shop/api.example.com``, ``./api.example.com`` or a host alone, which is for all namespaces."""
    whose, slash, name = host.rpartition("/")
    return _Opening({".": namespace}.get(whose, whose) if slash else "*", name)


def _domains(hosts: Iterable[str], doors: list[_Opening], namespace: str) -> Iterator[str]:
    for host in hosts:
        for door in doors:
            shared = narrower(fqdn(host.lower(), namespace), door.host)
            if shared is not None and door.namespace in ("*", namespace):
                yield shared


def _gateway_key(reference: str, namespace: str) -> tuple[str, str]:
    """``namespace/name``, or the name of a gateway in the VirtualService's own namespace."""
    whose, _, name = reference.rpartition("/")
    return ("", MESH) if reference == MESH else (whose or namespace, name)


def _key(item: Object) -> tuple[str, str]:
    return item["metadata"]["namespace"], item["metadata"]["name"]


def _age(item: Object) -> tuple[str, str, str]:
    return item["metadata"].get("creationTimestamp", ""), *_key(item)
