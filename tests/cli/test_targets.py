"""What is said of an account or a cluster that doesn't answer: slow, or not there."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from cli import targets

SLOW = "doesn't answer in time: it is slow or can't be reached; try again"
START = "start the sandbox with `make up`"


@pytest.fixture
def listener() -> Iterator[Callable[[bool], int]]:
    """Opens a port on which nobody ever answers; `hang_up` ends each connection as soon as it is made."""
    sockets: list[socket.socket] = []

    def listen(hang_up: bool) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        sockets.append(server)

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connection.close() if hang_up else sockets.append(connection)

        threading.Thread(target=serve, daemon=True).start()
        return int(server.getsockname()[1])

    yield listen
    for each in sockets:
        each.close()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def lead_to(monkeypatch: pytest.MonkeyPatch, folder: Path, port: int) -> None:
    """Account and cluster at a port of this machine, and little patience."""
    monkeypatch.setattr(targets, "PATIENCE", {True: (0.3, 0.3)})
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "sandbox")
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "one",
        "clusters": [{"name": "one", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "one", "user": {"token": "x"}}],
        "contexts": [{"name": "one", "context": {"cluster": "one", "user": "one"}}],
    }
    (folder / "kubeconfig").write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))


def asked(who: str) -> str:
    ask = {"account": lambda: targets._account("us-east-1"), "cluster": targets._cluster}[who]
    with pytest.raises(targets.TargetError) as failure:
        ask()
    return str(failure.value)


@pytest.mark.parametrize("who", ["account", "cluster"])
@pytest.mark.parametrize("hangs_up", [False, True])
def test_one_that_runs_and_does_not_answer_is_slow(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, listener: Callable[[bool], int], who: str, hangs_up: bool
) -> None:
    lead_to(monkeypatch, tmp_path, listener(hangs_up))
    told = asked(who)
    assert told.endswith(SLOW)
    assert START not in told


@pytest.mark.parametrize("who", ["account", "cluster"])
def test_one_that_is_not_there_has_to_be_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, who: str) -> None:
    lead_to(monkeypatch, tmp_path, closed_port())
    assert asked(who).endswith(START)
