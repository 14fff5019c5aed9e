"""The gateway's HTTP side: one request in, one request to a pod's program out.

Source: Envoy documentation, "HTTP header manipulation" (x-request-id, x-forwarded-for, x-envoy-upstream-service-time),
"Access logging" (response flags); Istio documentation, "Virtual Service" (a failed connection is tried twice more).
"""

from __future__ import annotations

import itertools
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from sandbox.mesh import table
from sandbox.mesh.endpoints import Target, Upstream
from sandbox.mesh.metrics import Metrics
from sandbox.mesh.model import Request
from sandbox.mesh.program import Program
from sandbox.mesh.programs import Programs
from sandbox.mesh.table import Refusal, Table, Way

OWN_NAMES = ("127.0.0.1", "localhost")
"""Requests to these are for the gateway itself; no host of a VirtualService is an address."""
ATTEMPTS = 3
CONNECT_SECONDS = 10.0
"""Istio's default for a connection, and how long a program that is being started is waited for."""
PER_CONNECTION = frozenset(
    ("connection", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
)
"""Headers that concern one connection only (RFC 9110, section 7.6.1)."""


@dataclass
class Exchange:
    """What is known of a request for the metrics."""

    id: str
    began: float = field(default_factory=time.perf_counter)
    upstream: Upstream | None = None
    target: Target | None = None
    status: int = 0
    flags: str = "-"


class Gateway:
    """Answers requests. ``table`` gives the newest table, ``ready`` tells whether there is one yet."""

    def __init__(
        self, current: Callable[[], Table], programs: Programs, ready: Callable[[], bool], draw: Random
    ) -> None:
        self._table, self._programs, self._ready, self._draw = current, programs, ready, draw
        self._meter = Metrics()
        self._turns: dict[tuple[str, str, str, int], Iterator[int]] = defaultdict(itertools.count)
        # A connection for each request: programs that send an answer in two parts (as Python's http.server does) lose
        # 40 ms on a connection that lives, where the second part waits for the acknowledgement of the first.
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        self._session = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        )
        # aiohttp would send a GET again that a program hung up on, and hide the failure; it has no public switch.
        self._session._retry_connection = False

    async def close(self) -> None:
        """Close the connections to programs."""
        await self._session.close()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, and count it."""
        host = _authority(request)
        if host in OWN_NAMES:
            return self._own(request)
        exchange = Exchange(request.headers.get("x-request-id") or str(uuid.uuid4()))
        try:
            return await self._serve(request, host, exchange)
        except ConnectionError:
            exchange.flags = "DC"
            raise
        finally:
            pod = exchange.target.pod if exchange.target else None
            took = (time.perf_counter() - exchange.began) * 1000
            self._meter.count(exchange.upstream, pod, exchange.status, exchange.flags, took)

    def _own(self, request: web.BaseRequest) -> web.Response:
        """Istio's gateways answer these on ports of their own (15021, 15090)."""
        if request.path == "/healthz/ready":
            return web.Response(status=200 if self._ready() else 503)
        if request.path == "/stats/prometheus":
            return web.Response(body=self._meter.text(), content_type="text/plain", charset="utf-8")
        return web.Response(status=404)

    async def _serve(self, request: web.BaseRequest, host: str, exchange: Exchange) -> web.StreamResponse:
        way = self._table().way(_request(request, host), self._draw)
        if isinstance(way, Refusal):
            return _refuse(exchange, way)
        tried: set[str] = set()
        refusal = table.CONNECT_FAILED
        for _ in range(ATTEMPTS):
            found = await self._choose(way, exchange, tried)
            if isinstance(found, Refusal):
                # What became of the pods that were tried says more than that there is no other.
                refusal = refusal if tried else found
                break
            exchange.target, program = found
            try:
                with program.busy():
                    return await self._forward(request, way, program, exchange)
            except aiohttp.ClientConnectorError:
                tried.add(exchange.target.uid)
        return _refuse(exchange, refusal)

    async def _choose(self, way: Way, exchange: Exchange, tried: set[str]) -> tuple[Target, Program] | Refusal:
        """The pod whose turn it is. Pods whose program is being started are left out while there are others."""
        deadline = time.monotonic() + CONNECT_SECONDS
        while True:
            upstream = self._table().upstream(way)
            exchange.upstream = upstream
            if upstream is None:
                return table.NO_CLUSTER
            targets = [each for each in upstream.targets if each.uid not in tried]
            if not targets:
                return table.NO_HEALTHY_UPSTREAM
            live = [(each, found) for each in targets if (found := self._programs.program(each.uid, each.port))]
            if live:
                return live[next(self._turns[upstream.key]) % len(live)]
            coming = any(self._programs.may_come(each.uid, each.port) for each in targets)
            left = deadline - time.monotonic()
            if not coming or left <= 0:
                exchange.target = targets[0]
                return table.CONNECT_FAILED
            await self._programs.changed.wait_for(left)

    async def _forward(
        self, request: web.BaseRequest, way: Way, program: Program, exchange: Exchange
    ) -> web.StreamResponse:
        sent = time.perf_counter()
        response: web.StreamResponse | None = None
        try:
            async with self._session.request(
                request.method,
                URL(f"http://127.0.0.1:{program.port}{request.raw_path}", encoded=True),
                headers=_onward(request, exchange.id),
                data=request.content if request.can_read_body else None,
                allow_redirects=False,
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
                timeout=aiohttp.ClientTimeout(total=way.timeout or None, sock_connect=CONNECT_SECONDS),
            ) as answer:
                exchange.status = answer.status
                headers = _kept(answer.headers)
                headers["x-request-id"] = exchange.id
                headers["x-envoy-upstream-service-time"] = str(round((time.perf_counter() - sent) * 1000))
                headers["server"] = "istio-envoy"
                response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=headers)
                await response.prepare(request)
                async for part in answer.content.iter_any():
                    await response.write(part)
                await response.write_eof()
                return response
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ClientError, TimeoutError) as error:
            if request.transport is None or request.transport.is_closing():
                raise ConnectionResetError("the client has gone") from error
            refusal = table.TIMED_OUT if isinstance(error, TimeoutError) else table.DISCONNECTED
            if response is None:
                return _refuse(exchange, refusal)
            # The answer has begun: only a broken connection tells the client that it isn't whole.
            exchange.flags = refusal.flags
            request.transport.abort()
            return response


def _refuse(exchange: Exchange, refusal: Refusal) -> web.Response:
    exchange.status, exchange.flags = refusal.status, refusal.flags
    headers = {"x-request-id": exchange.id, "server": "istio-envoy"}
    return web.Response(status=refusal.status, text=refusal.text or None, headers=headers)


def _authority(request: web.BaseRequest) -> str:
    """The host that a request is for, without its port."""
    name, _, port = request.headers.get("Host", "").lower().rpartition(":")
    return name if name and port.isdigit() else request.headers.get("Host", "").lower()


def _request(request: web.BaseRequest, host: str) -> Request:
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]},{value}" if key in headers else value
    query = {name: request.query.get(name, "") for name in request.query}
    return Request(host, request.path, request.method, headers, query)


def _kept(headers: Mapping[str, str]) -> CIMultiDict[str]:
    dropped = {*PER_CONNECTION, *(name.strip().lower() for name in headers.get("Connection", "").split(","))}
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in dropped)


def _onward(request: web.BaseRequest, identity: str) -> CIMultiDict[str]:
    """The headers for the program: the client's own, with those that a proxy adds."""
    headers = _kept(request.headers)
    before = f"{headers['x-forwarded-for']}," if "x-forwarded-for" in headers else ""
    headers["x-forwarded-for"] = f"{before}{request.remote}"
    headers["x-forwarded-proto"] = "http"
    headers["x-request-id"] = identity
    return headers
