"""Runs plugins written in Python, policy packs above all: what `RunPlugin` of the protocol does."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
from collections.abc import Iterator
from typing import IO, Any

from .children import Children
from .interpreter import Interpreter
from .messages import language_pb2
from .policy_proxy import PackStartError, PolicyProxy

_CHUNK_BYTES = 64 * 1024


class PluginRun:
    """One plugin from start to end; iterate over `responses` to follow it."""

    def __init__(self, request: Any, interpreter: Interpreter, children: Children) -> None:
        self._request = request
        self._interpreter = interpreter
        self._children = children
        self._responses: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._proxy: PolicyProxy | None = None
        self._last_error = ""

    def responses(self, context: Any) -> Iterator[Any]:
        """Output as it comes, then the exit code; ends early when the engine gives the call up."""
        context.add_callback(self._stop)
        if self._request.kind == "analyzer":
            self._proxy = PolicyProxy(self._start_policy_pack)
            # The first line of a plugin's output is its port.
            yield language_pb2.RunPluginResponse(stdout=f"{self._proxy.port}\n".encode())
        else:
            self._follow(self._start("plugin", {}), announced=False)
        yield from iter(self._responses.get, None)

    def _start_policy_pack(self, variables: dict[str, str]) -> int:
        """Start the pack; the port it serves on. Raises PackStartError."""
        return self._follow(self._start("policy", variables), announced=True)

    def _start(self, kind: str, variables: dict[str, str]) -> subprocess.Popen[bytes]:
        folder = self._request.info.program_directory
        job = {"kind": kind, "folder": folder, "args": list(self._request.args), "variables": variables}
        given = dict(entry.split("=", 1) for entry in self._request.env if "=" in entry)
        self._process = self._children.start(
            self._interpreter,
            job,
            folder=folder if kind == "policy" else self._request.pwd,
            variables={**os.environ, **given},
            output=subprocess.PIPE,
        )
        return self._process

    def _follow(self, process: subprocess.Popen[bytes], *, announced: bool) -> int:
        """Pass the output on from now on. announced: the first line is a port; return it instead of passing it on."""
        assert process.stdout is not None
        assert process.stderr is not None
        errors = threading.Thread(target=self._pass_on, args=(process.stderr, "stderr"), daemon=True)
        errors.start()
        first = process.stdout.readline().strip() if announced else b"0"
        output = threading.Thread(target=self._pass_on, args=(process.stdout, "stdout"), daemon=True)
        output.start()
        ending = threading.Thread(target=self._end, args=(process, [errors, output]), daemon=True)
        ending.start()
        if not first.isdigit():
            errors.join(timeout=1)
            told = f": {self._last_error}" if self._last_error else ""
            raise PackStartError(f"the policy pack in {self._request.info.program_directory} did not start{told}")
        return int(first)

    def _pass_on(self, stream: IO[bytes], kind: str) -> None:
        for chunk in iter(lambda: stream.read1(_CHUNK_BYTES), b""):  # type: ignore[attr-defined]
            if kind == "stderr" and chunk.strip():
                self._last_error = chunk.decode(errors="replace").strip().splitlines()[-1].strip()
            self._responses.put(language_pb2.RunPluginResponse(**{kind: chunk}))

    def _end(self, process: subprocess.Popen[bytes], readers: list[threading.Thread]) -> None:
        code = self._children.wait(process)
        for reader in readers:
            reader.join()
        self._responses.put(language_pb2.RunPluginResponse(exitcode=code))
        self._responses.put(None)

    def _stop(self) -> None:
        if self._proxy is not None:
            self._proxy.stop()
        if self._process is not None:
            self._children.stop(self._process)
        self._responses.put(None)
