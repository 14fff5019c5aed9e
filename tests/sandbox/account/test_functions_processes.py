from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psutil
import pytest

from tests.sandbox.account.conftest import wait_for

SOURCE = "import os\ndef handler(event, context): return os.getpid()\n"


@pytest.mark.long
def test_a_dead_nursery_is_replaced(own_account: Callable[..., Any]) -> None:
    own = own_account()
    own.function("first", SOURCE)
    first, _ = own.invoke("first")
    fork_server = psutil.Process(first).parent()
    assert fork_server is not None
    assert fork_server.ppid() == own.process.pid
    fork_server.kill()
    wait_for(lambda: fork_server.status() == psutil.STATUS_ZOMBIE)
    again, answer = own.invoke("first")
    assert "FunctionError" not in answer
    assert again != first
    wait_for(lambda: not psutil.pid_exists(first), what="the end of the orphan")
    own.function("second", SOURCE)
    second, answer = own.invoke("second")
    assert "FunctionError" not in answer
    assert psutil.pid_exists(second)


def test_nothing_runs_on_after_the_server_was_killed(own_account: Callable[..., Any]) -> None:
    own = own_account()
    own.function("left", SOURCE)
    pid, _ = own.invoke("left")
    family = psutil.Process(own.process.pid).children(recursive=True)
    assert pid in [one.pid for one in family]
    own.kill()
    wait_for(lambda: not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE])


def test_environments_share_no_random_numbers(account: Any) -> None:
    source = "import random\ndef handler(event, context): return random.random()\n"
    for name in ("dice-one", "dice-two"):
        account.function(name, source)
    assert account.invoke("dice-one")[0] != account.invoke("dice-two")[0]
