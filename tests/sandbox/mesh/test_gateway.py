"""What the gateway makes of answers, failures and headers, with a program of the test's own behind it."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from sandbox.mesh import gateway
from sandbox.mesh.endpoints import Endpoints
from sandbox.mesh.gateway import Gateway
from sandbox.mesh.ingress import LABELS
from sandbox.mesh.programs import Signal
from sandbox.mesh.routes import virtual_hosts
from sandbox.mesh.table import Table
from tests.sandbox.mesh.objects import gateway as gateway_object
from tests.sandbox.mesh.objects import pod, route, service, virtual_service

HOST = "api.example.com"
Scenario = Callable[["Outside"], Awaitable[None]]


class Running:
    """A pod's program, as far as the gateway sees it."""

    def __init__(self, port: int) -> None:
        self.port = port

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        yield


class Some:
    """Programs by pod; those of port None are being started."""

    def __init__(self, ports: dict[str, int | None]) -> None:
        self.ports, self.changed = ports, Signal()

    def program(self, uid: str, port: int) -> Running | None:
        found = self.ports.get(uid)
        return Running(found) if found and port == 8000 else None

    def may_come(self, uid: str, port: int) -> bool:
        return uid in self.ports and self.ports[uid] is None and port == 8000


class Outside:
    """A client of the gateway."""

    def __init__(self, session: aiohttp.ClientSession, url: str, programs: Some, seen: list[web.BaseRequest]) -> None:
        self.session, self.url, self.programs, self.seen = session, url, programs, seen

    async def ask(self, path: str, method: str = "GET", **more: Any) -> tuple[int, str, Any]:
        headers = {"Host": HOST, **more.pop("headers", {})}
        async with self.session.request(method, URL(self.url + path, encoded=True), headers=headers, **more) as answer:
            return answer.status, await answer.text(), answer.headers

    async def flags(self) -> list[str]:
        """The response flags that were counted."""
        async with self.session.get(f"{self.url}/stats/prometheus", headers={"Host": "127.0.0.1"}) as answer:
            lines = (await answer.text()).splitlines()
        counted = [line for line in lines if line.startswith("istio_requests_total{")]
        return [line.partition('response_flags="')[2].partition('"')[0] for line in counted]


async def behave(request: web.BaseRequest) -> web.StreamResponse:
    """A program that does what its path says."""
    assert request.transport is not None
    match request.path:
        case "/slow":
            await asyncio.sleep(30)
        case "/hang-up":
            request.transport.abort()
        case "/half":
            response = web.StreamResponse(headers={"Content-Length": "100"})
            await response.prepare(request)
            await response.write(b"half")
            request.transport.abort()
            return response
        case "/echo":
            told = {"headers": dict(request.headers), "path": request.raw_path, "body": await request.text()}
            cookies = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Server", "own"), ("Connection", "x-private")]
            return web.Response(text=json.dumps(told), headers=[*cookies, ("X-Private", "1")])
        case "/moved":
            return web.Response(status=302, headers={"Location": "/echo"})
        case "/large":
            return web.Response(body=b"x" * 5_000_000)
    return web.Response(text="ok")


@asynccontextmanager
async def listening(handler: Any) -> AsyncIterator[int]:
    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def play(scenario: Scenario, pods: tuple[str, ...] = ("a",), **rule: Any) -> None:
    """Run a scenario against a gateway with one rule; all pods are served by one program."""
    seen: list[web.BaseRequest] = []

    async def remember(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(request)
        return await behave(request)

    async def run() -> None:
        rules = [virtual_service([HOST], [route("api", **rule)])]
        table = Table(
            virtual_hosts(rules, [gateway_object("*")], LABELS),
            Endpoints([service()], {}, [pod(name) for name in pods]),
        )
        async with listening(remember) as inside:
            programs = Some({f"uid-{name}": inside for name in pods})
            made = Gateway(lambda: table, programs, lambda: True, Random(1))  # type: ignore[arg-type]
            try:
                async with listening(made.handle) as port, aiohttp.ClientSession() as session:
                    await scenario(Outside(session, f"http://127.0.0.1:{port}", programs, seen))
            finally:
                await made.close()

    asyncio.run(asyncio.wait_for(run(), 60))


def test_headers_of_a_connection_stay_and_those_of_a_proxy_are_added() -> None:
    async def scenario(outside: Outside) -> None:
        status, text, headers = await outside.ask(
            "/echo?q=a%2Fb&q=c",
            "POST",
            data="hello",
            headers={"Connection": "x-hop", "X-Hop": "1", "TE": "trailers", "X-Forwarded-For": "203.0.113.9"},
        )
        told = json.loads(text)
        assert (status, told["path"], told["body"]) == (200, "/echo?q=a%2Fb&q=c", "hello")
        got = {name.lower(): value for name, value in told["headers"].items()}
        assert got["host"] == HOST
        assert got["x-forwarded-for"] == "203.0.113.9,127.0.0.1"
        assert got["x-forwarded-proto"] == "http"
        assert got["x-request-id"] == headers["x-request-id"]
        assert got["content-length"] == "5"
        assert not {"x-hop", "te"} & got.keys()
        assert headers.getall("Set-Cookie") == ["a=1", "b=2"]
        assert headers.getall("Server") == ["istio-envoy"]
        assert "X-Private" not in headers

    play(scenario)


def test_answers_pass_as_they_are() -> None:
    async def scenario(outside: Outside) -> None:
        status, _, headers = await outside.ask("/moved", allow_redirects=False)
        assert (status, headers["Location"]) == (302, "/echo")
        assert len((await outside.ask("/large"))[1]) == 5_000_000
        status, text, headers = await outside.ask("/large", "HEAD")
        assert (status, text, headers["Content-Length"]) == (200, "", "5000000")

    play(scenario)


def test_a_body_of_unknown_length_is_passed_on() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one "
        yield b"two"

    async def scenario(outside: Outside) -> None:
        _, text, _ = await outside.ask("/echo", "POST", data=parts())
        assert json.loads(text)["body"] == "one two"

    play(scenario)


def test_a_timeout() -> None:
    async def scenario(outside: Outside) -> None:
        assert (await outside.ask("/slow"))[:2] == (504, "upstream request timeout")
        assert await outside.flags() == ["UT"]

    play(scenario, timeout="200ms")


def test_a_program_that_hangs_up() -> None:
    async def scenario(outside: Outside) -> None:
        status, text, _ = await outside.ask("/hang-up")
        assert (status, text.rpartition(": ")[2]) == (503, "connection termination")
        assert await outside.flags() == ["UC"]
        # It was asked once: whether it had done its work already nobody knows.
        assert len(outside.seen) == 1

    play(scenario)


def test_half_an_answer_is_seen_as_one() -> None:
    async def scenario(outside: Outside) -> None:
        with pytest.raises(aiohttp.ClientPayloadError):
            await outside.ask("/half")
        assert await outside.flags() == ["UC"]

    play(scenario)


def test_a_client_that_hangs_up() -> None:
    async def scenario(outside: Outside) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(outside.url.rpartition(":")[2]))
        writer.write(f"GET /large HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        writer.transport.abort()
        while not await outside.flags():
            await asyncio.sleep(0.02)
        assert await outside.flags() == ["DC"]

    play(scenario)


def test_another_pod_is_tried_when_one_cannot_be_reached() -> None:
    async def scenario(outside: Outside) -> None:
        async with listening(behave) as gone:
            pass
        outside.programs.ports["uid-a"] = gone
        for _ in range(4):
            assert (await outside.ask("/"))[:2] == (200, "ok")
        outside.programs.ports["uid-b"] = gone
        status, text, _ = await outside.ask("/")
        assert (status, text.rpartition(": ")[2]) == (503, "connection failure")
        assert sorted(await outside.flags()) == ["-", "UF"]

    play(scenario, pods=("a", "b"))


def test_a_program_that_is_being_started_is_waited_for_only_without_another() -> None:
    async def scenario(outside: Outside) -> None:
        ports = outside.programs.ports
        up, ports["uid-a"] = ports["uid-a"], None
        assert (await asyncio.wait_for(outside.ask("/"), 2))[0] == 200
        ports["uid-b"] = None
        waiting = asyncio.create_task(outside.ask("/"))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        ports["uid-a"] = up
        outside.programs.changed.fire()
        assert (await waiting)[:2] == (200, "ok")

    play(scenario, pods=("a", "b"))


def test_waiting_for_a_program_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "CONNECT_SECONDS", 0.1)

    async def scenario(outside: Outside) -> None:
        outside.programs.ports["uid-a"] = None
        assert (await outside.ask("/"))[0] == 503
        assert await outside.flags() == ["UF"]

    play(scenario)


def test_the_gateways_own_addresses() -> None:
    async def scenario(outside: Outside) -> None:
        for path, expected in (("/healthz/ready", 200), ("/stats/prometheus", 200), ("/health", 404)):
            assert (await outside.ask(path, headers={"Host": "localhost:80"}))[0] == expected
        # A host of the cluster may have the same paths.
        assert (await outside.ask("/healthz/ready"))[1] == "ok"

    play(scenario)


def test_a_request_without_a_host_is_nobodys() -> None:
    async def scenario(outside: Outside) -> None:
        def ask() -> int:
            connection = http.client.HTTPConnection("127.0.0.1", int(outside.url.rpartition(":")[2]))
            connection.putrequest("GET", "/", skip_host=True)
            connection.endheaders()
            with contextlib.closing(connection):
                return connection.getresponse().status

        assert await asyncio.to_thread(ask) in (400, 404)

    play(scenario)
