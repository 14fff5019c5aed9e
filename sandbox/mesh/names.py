"""Names of hosts and Services, and how they are compared.

Source: Istio documentation, "Virtual Service" (hosts, gateways; short names), "Gateway" (hosts with a namespace).
"""

from __future__ import annotations

DOMAIN = "svc.cluster.local"


def fqdn(host: str, namespace: str) -> str:
    """Return a Service's whole name: one without a dot belongs to the namespace of the object that names it."""
    return host if "." in host or host == "*" else f"{host}.{namespace}.{DOMAIN}"


def service_of(host: str) -> tuple[str, str] | None:
    """Return (namespace, name) of a Service's whole name, None for any other host."""
    name, _, rest = host.partition(".")
    namespace, _, domain = rest.partition(".")
    return (namespace, name) if domain == DOMAIN and name and namespace else None


def covers(pattern: str, host: str) -> bool:
    """Return whether a pattern (``*``, ``*.example.com``, a host) stands for a host, or for all of another pattern."""
    return pattern in ("*", host) or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def narrower(one: str, other: str) -> str | None:
    """Return what two patterns have in common, None for nothing."""
    if covers(one, other):
        return other
    return one if covers(other, one) else None
