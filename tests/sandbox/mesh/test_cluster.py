"""The client of the cluster's API: a kubeconfig that is written anew doesn't cut what is under way."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from aiohttp import web

from sandbox.mesh.cluster import Cluster

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: test
contexts: [{{name: test, context: {{cluster: test, user: test}}}}]
clusters: [{{name: test, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
users: [{{name: test, user: {{token: test}}}}]
"""


class Server:
    """An API server with one list, and a watch that says something when it is told to."""

    def __init__(self) -> None:
        self.say = asyncio.Event()
        self.watched = asyncio.Event()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.query.get("watch") != "true":
            return web.json_response({"items": []})
        answer = web.StreamResponse()
        await answer.prepare(request)
        self.watched.set()
        await self.say.wait()
        await answer.write(json.dumps({"type": "ADDED"}).encode() + b"\n")
        return answer


async def watch_over_a_new_kubeconfig(folder: Path) -> list[str]:
    server = Server()
    runner = web.ServerRunner(web.Server(server.handle))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG.format(port=port))
    cluster, heard = Cluster(kubeconfig, folder / "tls"), []

    async def watch() -> None:
        async for event in cluster.watch("/api/v1/pods", "1", 60):
            heard.append(str(event["type"]))

    watching = asyncio.create_task(watch())
    await asyncio.wait_for(server.watched.wait(), 10)
    (folder / "new").write_text(kubeconfig.read_text())
    (folder / "new").replace(kubeconfig)
    assert await cluster.get("/api/v1/services") == {"items": []}
    server.say.set()
    await asyncio.wait_for(watching, 10)
    await cluster.close()
    await runner.cleanup()
    return heard


def test_a_watch_goes_on_when_the_kubeconfig_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "tls").mkdir()
    assert asyncio.run(watch_over_a_new_kubeconfig(tmp_path)) == ["ADDED"]
