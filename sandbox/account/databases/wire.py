"""The beginning of a PostgreSQL session: the little that has to be read to send it to the right database.

After the PostgreSQL documentation, "Frontend/Backend Protocol": Message Flow, Start-up, and Message Formats.
"""

from __future__ import annotations

import struct

from sandbox.account.databases.names import Names

SSL, GSS = 80877103, 80877104
"""Codes of requests for encryption, where a session's first message has the version of its protocol."""
PROTOCOL = 3
HEAD = 8
"""Bytes of a first message's length and code."""
LONGEST_START = 10_000
"""Bytes of a first message that PostgreSQL takes."""
UNAVAILABLE = "57P03"
"""SQLSTATE cannot_connect_now."""

_WITH_NAMES = b"ENS"
"""Errors, notices and settings such as session_authorization."""


def start(head: bytes) -> tuple[int, int]:
    """Return the length (bytes, itself included) and the code of a first message."""
    length, code = struct.unpack("!II", head)
    return length, code


def inward(message: bytes, names: Names) -> bytes:
    """Return a session's first message with the server's names instead of the client's.

    A database that isn't named is called like the user. What isn't the start of a session (a request to cancel), or is
    a damaged one, stays as it is, for the server to judge.
    """
    _, code = start(message[:HEAD])
    words = message[HEAD:].split(b"\0")
    settings = dict(zip(words[:-2:2], words[1:-2:2], strict=False))
    if code >> 16 != PROTOCOL or words[-2:] != [b"", b""] or not settings.get(b"user"):
        return message
    user = settings[b"user"]
    database = settings.get(b"database") or user
    settings[b"user"] = names.role.encode() if user == names.user.encode() else user
    settings[b"database"] = names.store.encode() if database == names.database.encode() else database
    body = b"".join(name + b"\0" + value + b"\0" for name, value in settings.items()) + b"\0"
    return struct.pack("!I", HEAD + len(body)) + message[4:HEAD] + body


def outward(message: bytes, names: Names) -> bytes:
    """Return a message of the server with the client's names instead of the server's, where it may contain any."""
    if message[:1] not in _WITH_NAMES:
        return message
    body = message[5:].replace(names.role.encode(), names.user.encode())
    return _framed(message[:1], body.replace(names.store.encode(), names.database.encode()))


def refusal(state: str, text: str) -> bytes:
    """Return the error that ends a session before it began."""
    fields = {"S": "FATAL", "V": "FATAL", "C": state, "M": text}
    return _framed(b"E", b"".join(f"{kind}{value}\0".encode() for kind, value in fields.items()) + b"\0")


def _framed(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", 4 + len(body)) + body
