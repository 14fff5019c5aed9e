"""Runs plugins written in Python, policy packs above all: what `RunPlugin` of the protocol does."""

from __future__ import annotations

import queue
import subprocess
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from .children import Children
from .commands import Command, HostError, not_started
from .messages import language_pb2
from .options import Options
from .policy_proxy import PackStartError, PolicyProxy
from .toolchains import Toolchain

_CHUNK_BYTES = 64 * 1024
POLICY_PACK = "analyzer"


def command_of(request: Any, options: Options, toolchain: Toolchain) -> Command:
    """What runs a plugin, and where. Raises HostError."""
    folder, pack = request.info.program_directory, request.kind == POLICY_PACK
    has_program = (options.root / "__main__.py").exists()
    try:
        toolchain.python("-c", "import pulumi.run.plugin").output()
        runs_packages = True
    except HostError as error:
        runs_packages = "ModuleNotFoundError" not in str(error)
    if runs_packages and not has_program:
        words = ["-m", "pulumi.run.plugin", _buildable(options.root), *request.args]
    elif pack:
        words = ["-u", "-m", "pulumi.policy", *request.args, folder]
    else:
        words = [folder, *request.args]
    plain = toolchain.python(*words)
    given = dict(entry.split("=", 1) for entry in request.env if "=" in entry)
    return Command(plain.words, {**plain.variables, **given}, Path(folder if pack else request.pwd))


def _buildable(root: Path) -> str:
    """The name of the package whose source lies in a folder. Raises HostError where it is none."""
    file = root / "pyproject.toml"
    said = tomllib.loads(file.read_text()) if file.exists() else {}
    name = (said.get("project") or {}).get("name")
    if not name or not (said.get("build-system") or {}).get("build-backend"):
        raise HostError("plugin is not runnable, it provides neither __main__.py nor a buildable pyproject.toml")
    return str(name)


class PluginRun:
    """One plugin from start to end; iterate over `responses` to follow it."""

    def __init__(self, command: Command, children: Children) -> None:
        self._command = command
        self._children = children
        self._responses: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._proxy: PolicyProxy | None = None

    def responses(self, context: Any, *, pack: bool) -> Iterator[Any]:
        """Output as it comes, then the exit code of one that failed; ends early when the engine gives the call up.

        Raises HostError where it can't be started.
        """
        context.add_callback(self._stop)
        if pack:
            self._proxy = PolicyProxy(self._start_pack)
            # The first line of a plugin's output is its port.
            yield language_pb2.RunPluginResponse(stdout=f"{self._proxy.port}\n".encode())
        else:
            self._follow(self._command, announced=False)
        while (response := self._responses.get()) is not None:
            if isinstance(response, Exception):
                raise HostError(f"problem executing plugin program (could not run language executor): {response}")
            yield response

    def _start_pack(self, variables: dict[str, str]) -> int:
        """Start the pack; the port it serves on. Raises PackStartError."""
        command = self._command
        # The stack's variables come before those that the engine gave for the plugin.
        try:
            return self._follow(
                Command(command.words, {**command.variables, **variables}, command.folder), announced=True
            )
        except (HostError, PackStartError) as error:
            self._responses.put(HostError(f"could not attach policy pack proxy: {error}"))
            raise PackStartError(str(error)) from None

    def _follow(self, command: Command, *, announced: bool) -> int:
        """Start it and pass its output on. announced: the first line is a port; return it instead of passing it on."""
        try:
            process = self._process = self._children.start(command, subprocess.PIPE)
        except OSError as error:
            raise HostError(
                "problem executing plugin program (could not run language executor): "
                f"{not_started(command.words[0], error)}"
            ) from None
        assert process.stdout is not None
        assert process.stderr is not None
        errors = threading.Thread(target=self._pass_on, args=(process.stderr, "stderr"), daemon=True)
        errors.start()
        first = process.stdout.readline().strip() if announced else b"0"
        if not first.isdigit():
            errors.join()
            self._children.wait(process)
            raise PackStartError(f"could not read policy pack port: {'unexpected text' if first else 'EOF'}")
        output = threading.Thread(target=self._pass_on, args=(process.stdout, "stdout"), daemon=True)
        output.start()
        threading.Thread(target=self._end, args=(process, [errors, output]), daemon=True).start()
        return int(first)

    def _pass_on(self, stream: IO[bytes], kind: str) -> None:
        for chunk in iter(lambda: stream.read1(_CHUNK_BYTES), b""):  # type: ignore[attr-defined]
            self._responses.put(language_pb2.RunPluginResponse(**{kind: chunk}))

    def _end(self, process: subprocess.Popen[bytes], readers: list[threading.Thread]) -> None:
        code = self._children.wait(process)
        for reader in readers:
            reader.join()
        if code:
            self._responses.put(language_pb2.RunPluginResponse(exitcode=max(code, -1)))
        self._responses.put(None)

    def _stop(self) -> None:
        if self._proxy is not None:
            self._proxy.stop()
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
        self._responses.put(None)
