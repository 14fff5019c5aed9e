"""A port of its own for every instance, in front of the one PostgreSQL server that they share.

A session's first message is sent on with the server's names (see `wire`); from when the server is ready, bytes pass
both ways as they are. SCRAM, the way in which passwords are checked, doesn't depend on the user's name: PostgreSQL
ignores the one inside of SCRAM's own messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any

from sandbox.account import settings
from sandbox.account.databases import server, wire
from sandbox.account.databases.names import Names
from sandbox.account.server import PortTakenError, check_free
from sandbox.paths import free_ports

CHUNK = 1 << 16
OPENING_SECONDS = 60.0
"""How long a client may take for its first message; PostgreSQL's own authentication_timeout takes over then."""
CALL_SECONDS = 10.0
ATTEMPTS = 20

_changing = threading.Lock()
_loops: list[asyncio.AbstractEventLoop] = []
_open: dict[int, Endpoint] = {}


class Endpoint:
    """The port of one instance, and the sessions that came in through it."""

    def __init__(self, port: int, names: Names) -> None:
        self.port, self._names = port, names
        self._sessions: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to serve."""
        # On a socket that asyncio makes itself: only then does it send at once what is small (TCP_NODELAY).
        self._listening = await asyncio.start_server(self._serve, server.HOST, self.port)

    async def stop(self) -> None:
        """Close the port and end its sessions."""
        if self._listening is not None:
            self._listening.close()
        for session in self._sessions:
            session.cancel()

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        # In a task of its own, since asyncio itself (Python 3.11) reports a handler that is cancelled as an error.
        session = asyncio.create_task(self._session(client, to_client))
        self._sessions.add(session)
        await asyncio.wait([session])
        self._sessions.discard(session)
        to_client.close()

    async def _session(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        # Either side may hang up at any time, and there is nobody to tell.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            async with asyncio.timeout(OPENING_SECONDS):
                first = await _first_message(client, to_client)
            if first is not None:
                await self._converse(first, client, to_client)

    async def _converse(self, first: bytes, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            answers, to_server = await asyncio.open_connection(server.HOST, settings.current().postgres_port)
        except OSError:
            to_client.write(wire.refusal(wire.UNAVAILABLE, server.down()))
            return
        to_server.write(wire.inward(first, self._names))
        sending = asyncio.create_task(_send(client, to_server))
        try:
            await self._greet(answers, to_client)
            await _pass_on(answers, to_client)
        finally:
            sending.cancel()
            to_server.close()

    async def _greet(self, answers: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """Pass on what the server says until it is ready for queries or refuses the session."""
        kind = b""
        while kind not in (b"Z", b"E"):
            head = await answers.readexactly(5)
            kind, length = head[:1], int.from_bytes(head[1:])
            message = head + await answers.readexactly(max(length - 4, 0))
            to_client.write(wire.outward(message, self._names))
            await to_client.drain()


async def _first_message(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> bytes | None:
    """Return the message that starts or cancels a session, None for what isn't PostgreSQL's protocol.

    Encryption is declined, as the server would do: it has no certificate.
    """
    while True:
        head = await client.readexactly(wire.HEAD)
        length, code = wire.start(head)
        if not wire.HEAD <= length <= wire.LONGEST_START:
            return None
        message = head + await client.readexactly(length - wire.HEAD)
        if code not in (wire.SSL, wire.GSS):
            return message
        to_client.write(b"N")
        await to_client.drain()


async def _send(client: asyncio.StreamReader, to_server: asyncio.StreamWriter) -> None:
    """Pass on what the client says; its end is passed on too, and the server decides what becomes of the session."""
    with contextlib.suppress(OSError):
        await _pass_on(client, to_server)
    with contextlib.suppress(OSError):
        to_server.write_eof()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(CHUNK):
        writer.write(chunk)
        await writer.drain()


def open_new(names: Names) -> int:
    """Open an endpoint on a free port and return that; raises PortTakenError where none was found."""
    for _ in range(ATTEMPTS):
        (port,) = free_ports(1)
        with contextlib.suppress(PortTakenError):
            open_at(port, names)
            return port
    raise PortTakenError(f"no free port on {server.HOST} was found for a database")


def open_at(port: int, names: Names) -> None:
    """Open an endpoint on a port; raises PortTakenError where another program has it."""
    with _changing:
        check_free(port)
        endpoint = Endpoint(port, names)
        _call(endpoint.start())
        _open[port] = endpoint


def close(port: int) -> None:
    """Close an endpoint and end the sessions that came in through it."""
    with _changing:
        endpoint = _open.pop(port, None)
        if endpoint is not None:
            _call(endpoint.stop())


def _call(work: Coroutine[Any, Any, None]) -> None:
    """Run something in the thread that serves all endpoints, started at the first use."""
    if not _loops:
        _loops.append(asyncio.new_event_loop())
        threading.Thread(target=_loops[0].run_forever, name="databases", daemon=True).start()
    asyncio.run_coroutine_threadsafe(work, _loops[0]).result(CALL_SECONDS)
