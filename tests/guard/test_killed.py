"""An engine that is killed between recovery point and delete: the store stays, and the update can be run again."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from tests.guard.programs import declared
from tests.guard.world import FORKS, Program, World, led_to
from tests.support.sandbox import RunningSandbox

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]


def kill(world: World) -> None:
    """SIGKILL to the engine and its plugins, and to nothing else."""
    for process in psutil.process_iter(["cmdline", "cwd", "name"]):
        if process.info["cwd"] == str(world.folder) and "pulumi" in str(process.info["name"]):
            process.kill()


@pytest.mark.long
@pytest.mark.timeout(120)
def test_killed_between_recovery_point_and_delete(sandbox: RunningSandbox, tmp_path: Path) -> None:
    with led_to(sandbox):
        world = World("killed", tmp_path, sandbox)
        world.make()
        table = Program(declared([{"table": "receipts"}], "killed"))
        assert world.run("up", table) is None
        world.put("table", "killed-receipts", 3)
        world.approve("killed-receipts")
        assert world.run("up", table) is None
        world.recovery_point("killed-receipts")
        reached = tmp_path / "reached"
        # The plan looks for evidence first, the hook after it: the second look is the one before the delete.
        child = FORKS.Process(target=world.run_here, args=("up", Program((), pause=reached), False, ()))
        child.start()
        began = time.monotonic()
        while not reached.exists() and time.monotonic() - began < 60:
            time.sleep(0.1)
        assert reached.exists()
        kill(world)
        child.kill()
        child.join()
        assert world.items("table", "killed-receipts") == 3
        assert world.pulumi("cancel", "--yes").returncode == 0
        assert world.run("up", Program(())) is None
        assert world.items("table", "killed-receipts") is None
