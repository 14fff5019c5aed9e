"""The frame of a plugin: one-line errors, details of half-made resources, its life, its installation."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import status_pb2

from sandbox.providers import plugin, wire
from sandbox.providers.install import install
from sandbox.providers.protocol import plugin_pb2, provider_pb2, provider_pb2_grpc

ROOT = Path(__file__).resolve().parents[3]


class Failing(plugin.Plugin):
    version = "1.2.3"

    @plugin.guarded
    def Create(self, request: Any, context: Any) -> Any:
        raise ValueError("first line\n  second   line")

    @plugin.guarded
    def Update(self, request: Any, context: Any) -> Any:
        raise plugin.init_failed("ns/app", {"replicas": 3}, ["0/3 ready", "image is missing"], {"image": "x"})


@pytest.fixture
def stub() -> Iterator[Any]:
    server, port = plugin.start(Failing())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)
    server.stop(None)


def test_an_exception_becomes_one_line(stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        stub.Create(provider_pb2.CreateRequest())
    assert caught.value.details() == "first line second line"
    assert caught.value.code() == grpc.StatusCode.UNKNOWN


def test_a_half_made_resource_keeps_its_id_and_reasons(stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        stub.Update(provider_pb2.UpdateRequest())
    trailers = dict(caught.value.trailing_metadata())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    details = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(details)
    assert (details.id, list(details.reasons)) == ("ns/app", ["0/3 ready", "image is missing"])
    assert wire.decode(details.properties) == {"replicas": 3}
    assert wire.decode(details.inputs) == {"image": "x"}
    assert status.message == caught.value.details() == "0/3 ready"


def test_the_common_answers(stub: Any) -> None:
    assert stub.GetPluginInfo(plugin_pb2.PluginInfo()).version == "1.2.3"
    handshake = stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))
    assert not handshake.accept_secrets


def test_messages_to_an_engine_that_is_gone_do_no_harm() -> None:
    log = plugin.EngineLog("127.0.0.1:1")
    log.warning(urn="urn", text="lost")
    plugin.EngineLog(None).status("urn", "nobody listens")


def test_a_taken_port_is_named() -> None:
    server, port = plugin.start(Failing())
    try:
        with pytest.raises(OSError, match=f"port {port} on 127.0.0.1 is taken"):
            plugin.start(Failing(), port)
    finally:
        server.stop(None)


def module(folder: Path) -> str:
    (folder / "tiny_plugin.py").write_text("from sandbox.providers import plugin\nplugin.serve(plugin.Plugin())\n")
    return "tiny_plugin"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_plugin_silently(tmp_path: Path, number: signal.Signals) -> None:
    path = install(tmp_path, "tiny", "1.0.0", module(tmp_path), Path(sys.executable), ROOT)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    process = subprocess.Popen(
        [path, "127.0.0.1:1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    assert int(process.stdout.readline()) > 0
    process.send_signal(number)
    _, errors = process.communicate(timeout=5)
    assert (process.returncode, errors) == (0, "")


def test_the_plugin_ends_with_its_parent(tmp_path: Path) -> None:
    path = install(tmp_path, "tiny", "1.0.0", module(tmp_path), Path(sys.executable), ROOT)
    script = f"""
        import subprocess, sys
        child = subprocess.Popen([{str(path)!r}], stdout=subprocess.PIPE, text=True)
        child.stdout.readline()
        print(child.pid, flush=True)
    """
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True, env=environment
    )
    pid, deadline = int(done.stdout), time.monotonic() + 5
    while time.monotonic() < deadline and Path(f"/proc/{pid}").exists() and "Z" not in _state(pid):
        time.sleep(0.1)
    assert not Path(f"/proc/{pid}").exists() or "Z" in _state(pid)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3]
    except FileNotFoundError:
        return "Z"


def test_installing_is_idempotent_and_replaces_an_older_wrapper(tmp_path: Path) -> None:
    python, root = Path("/usr/bin/python with space"), Path("/a'b")
    path = install(tmp_path, "aws", "v7.51.1", "some.module", python, root)
    assert path == tmp_path / "plugins" / "resource-aws-v7.51.1" / "pulumi-resource-aws"
    assert os.access(path, os.X_OK)
    before = path.stat()
    assert install(tmp_path, "aws", "7.51.1", "some.module", python, root).stat().st_ino == before.st_ino
    install(tmp_path, "aws", "7.51.1", "other.module", python, root)
    assert "other.module" in path.read_text()
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_the_protocol_loads_without_the_whole_sdk() -> None:
    code = (
        "import sys, sandbox.providers.plugin as p; assert 'pulumi' not in sys.modules; import pulumi;"
        "from pulumi.runtime.proto import provider_pb2 as q; print(q is p.provider_pb2 and pulumi.Output.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "Output"
