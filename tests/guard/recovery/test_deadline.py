"""The bound that a caller gives, kept whatever the store does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from core import deadline
from core.aws import client
from core.errors import ServiceError, translate_errors
from guard.recovery import work
from tests.guard.recovery.conftest import environment, store


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account that takes every request and never answers one."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        for name, value in environment(f"http://127.0.0.1:{server.getsockname()[1]}").items():
            monkeypatch.setenv(name, value)
        yield


@pytest.mark.parametrize("kind", ["table", "bucket", "database", "queue", "logs"])
def test_every_kind_keeps_the_bound(silent: None, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(deadline, "GRACE", 0.2)
    began = time.monotonic()
    for look in (work.count, work.measure):
        with pytest.raises(ServiceError, match=rf"{kind} x: no answer") as error:
            look(store(kind, "x"), seconds=0.2)
        assert len(str(error.value).splitlines()) == 1
    assert time.monotonic() - began < 2


def test_an_account_that_is_slow_is_not_one_that_is_not_there(silent: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.aws.ATTEMPTS", 1)
    monkeypatch.setattr("core.aws.READ_SECONDS", (1,))
    with pytest.raises(ServiceError, match=r"table x: no answer in time, it is slow or can't be reached"):
        work.count(store("table", "x"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(ServiceError, match="Could not connect"):
        work.count(store("table", "x"))


def test_what_work_returns_or_raises_comes_through() -> None:
    assert deadline.bounded("x", 5, lambda: threading.current_thread().name) == "recovery-bounded"
    assert deadline.bounded("x", None, deadline.left) is None
    assert deadline.left() is None
    with pytest.raises(ZeroDivisionError):
        deadline.bounded("x", 5, lambda: 1 // 0)


def test_work_that_goes_on_is_stopped_at_its_next_request_unless_it_cleans_up(emulated: None) -> None:
    ended: list[str] = []
    sqs = client("sqs", "us-east-1")

    def clean_up() -> None:
        with deadline.lifted():
            sqs.list_queues()
        ended.append("cleaned up")

    def dawdle() -> None:
        try:
            while (deadline.left() or 0) > 0:
                time.sleep(0.01)
            sqs.list_queues()
        finally:
            clean_up()

    with pytest.raises(ServiceError, match=r"x: no answer within 0\.1 s"):
        deadline.bounded("x", 0.1, dawdle)
    assert ended == ["cleaned up"]


def test_a_client_that_trips_over_an_answer_is_one_line() -> None:
    from botocore.parsers import JSONParser

    parse: Any = JSONParser()
    begun = translate_errors("table x")
    with pytest.raises(ServiceError, match=r"table x: the answer can't be read \(AttributeError"), begun:
        parse._handle_structure(None, "text")
    with pytest.raises(AttributeError), translate_errors("table x"):
        "".absent  # type: ignore[attr-defined]  # noqa: B018 - a fault of this program stays one
