"""Which address ranges stand for everyone.

Source: S3 User Guide, "The meaning of 'public'": a range wider than /8 (IPv4) or /32 (IPv6) is as good as everyone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

WIDEST_IPV4, WIDEST_IPV6 = 8, 32
"""The shortest prefixes that still name somebody."""
NOBODY = tuple(ip_network(each) for each in ("224.0.0.0/4", "240.0.0.0/4", "fc00::/7", "fe80::/10"))
"""Wide ranges that no request from the internet bears (IANA's registries): multicast, reserved, local."""
EVERY_ADDRESS = re.compile(r"/0+$")

Network = IPv4Network | IPv6Network


def everyone(ranges: Iterable[object]) -> Iterator[str]:
    """The ranges, each united with its neighbours, that are as good as everyone: ``0.0.0.0/0`` for two halves.

    What is no range, such as an unknown value, is left out.
    """
    fours: list[IPv4Network] = []
    sixes: list[IPv6Network] = []
    for each in ranges:
        network = _parsed(each)
        if isinstance(network, IPv4Network):
            fours.append(network)
        elif isinstance(network, IPv6Network):
            sixes.append(network)
    yield from _wide(collapse_addresses(fours), WIDEST_IPV4)
    yield from _wide(collapse_addresses(sixes), WIDEST_IPV6)


def _wide(networks: Iterable[Network], widest: int) -> Iterator[str]:
    for network in networks:
        nobody = any(network.version == each.version and network.subnet_of(each) for each in NOBODY)  # type: ignore[arg-type]
        if network.prefixlen < widest and not nobody:
            yield str(network)


def _parsed(text: object) -> Network | None:
    if not isinstance(text, str):
        return None
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        if EVERY_ADDRESS.search(text.strip()):
            return ip_network("::/0" if ":" in text else "0.0.0.0/0")
        return None
