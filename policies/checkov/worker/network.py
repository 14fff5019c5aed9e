"""The worker never leaves the machine."""

from __future__ import annotations

from typing import Any

REFUSED: list[str] = []
NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg")
"""Events of Python's audit hooks (PEP 578, "Audit events table"); a hook can't be taken off again."""


def refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: every attempt to reach anything fails, and is told."""
    if event in NETWORK:
        REFUSED.append(f"{event} {arguments[-2:]!r}")
        raise OSError(f"{event} is refused: checkov works offline here")
