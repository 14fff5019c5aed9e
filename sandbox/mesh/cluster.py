"""The few calls to the cluster's API that the mesh needs, for every kind alike, through the official client.

Source: Kubernetes documentation, "Kubernetes API Concepts" (list and watch, server-side apply).
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client.exceptions import ApiException
from kubernetes.aio.config import ConfigException
from kubernetes.aio.dynamic import DynamicClient
from kubernetes.aio.dynamic.exceptions import DynamicApiError, NotFoundError

from sandbox.loopback import is_loopback

FIELD_MANAGER = "sandbox-mesh"
FAILURES = (aiohttp.ClientError, ApiException, DynamicApiError, ConfigException, OSError, ValueError)
"""What a call raises while the cluster is away, starting or ending. Time-outs are OSErrors."""
PATIENCE = 30
"""Seconds for an answer."""


class ElsewhereError(Exception):
    """The kubeconfig points to another machine. The message is one line that says what to do."""


class Cluster:
    """The API server that a kubeconfig leads to. The file may appear, and be replaced, while this runs.

    ``folder`` is emptied, and takes the certificate of the kubeconfig, which the client reads from a file only.
    """

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        self._kubeconfig, self._folder = kubeconfig, folder
        shutil.rmtree(folder, ignore_errors=True)
        self._lock = asyncio.Lock()
        self._client: Any = None
        self._earlier: list[Any] = []
        self._read: tuple[int, int] | None = None

    async def close(self) -> None:
        """Close the connections."""
        for client in filter(None, [*self._earlier, self._client]):
            await client.close()

    async def get(self, path: str) -> dict[str, Any] | None:
        """Return an object or a list of objects, None where there is none."""
        try:
            return await self._json("get", path)
        except NotFoundError:
            return None

    async def apply(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Apply the fields of an object that are the mesh's own, and return the whole object."""
        return await self._json(
            "patch",
            path,
            body=body,
            content_type="application/apply-patch+yaml",
            field_manager=FIELD_MANAGER,
            force_conflicts="true",
        )

    async def watch(self, path: str, version: str, seconds: int) -> AsyncIterator[dict[str, Any]]:
        """Yield the changes since a version of a list, for some seconds."""
        answer = await self._request(
            "get",
            path,
            resource_version=version,
            watch="true",
            timeout_seconds=seconds,
            _request_timeout=seconds + PATIENCE,
        )
        try:
            while line := await answer.content.readline():
                yield json.loads(line)
        finally:
            answer.close()

    async def _json(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        answer = await self._request(method, path, _request_timeout=PATIENCE, **more)
        found: dict[str, Any] = await answer.json()
        return found

    async def _request(self, method: str, path: str, **more: Any) -> Any:
        # The client's own discovery isn't used: it keeps a file for all programs of this machine.
        async with self._lock:
            client = await self._connected()
        return await DynamicClient(client).request(method, path, serialize=False, **more)

    async def _connected(self) -> Any:
        """A client of the kubeconfig as it is now. Raises ElsewhereError."""
        status = os.stat(self._kubeconfig)
        seen = (status.st_mtime_ns, status.st_ino)
        if seen != self._read:
            client = await config.new_client_from_config(
                str(self._kubeconfig), persist_config=False, temp_file_path=str(self._folder)
            )
            if not is_loopback(client.configuration.host):
                await client.close()
                raise ElsewhereError(
                    f"the kubeconfig points to {client.configuration.host}: the sandbox's gateway serves a cluster on "
                    "this machine only; give the sandbox's own kubeconfig"
                )
            # A proxy of the user's (HTTPS_PROXY) is for other machines.
            client.configuration.client_session_kwargs = {"trust_env": False}
            # Watches still run over the earlier one: to close it under them leaves them waiting for ever, and what they
            # follow as it was. They end with the server, or when they are due, and then come here again.
            if self._client is not None:
                self._earlier.append(self._client)
            self._client, self._read = client, seen
        return self._client
