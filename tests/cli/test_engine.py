"""Locks that a dead engine left behind, and what the engine's errors become."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cli import engine
from cli.engine import Engine, Snapshot
from cli.pulumi_command import EngineError
from core.pulumi_command import first_error
from toolchain import pulumi_cli
from toolchain.paths import cache
from toolchain.progress import Progress


@pytest.fixture
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of prod's lock files in a file backend."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "")
    folder = tmp_path / ".pulumi" / "locks" / "organization" / "rollback-stack" / "prod"
    folder.mkdir(parents=True)
    return folder


def lock(folder: Path, **owner: Any) -> Path:
    path = folder / "0a1b.json"
    path.write_text(json.dumps({"pid": os.getpid(), "hostname": socket.gethostname(), "username": "root", **owner}))
    return path


def dead_pid() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_attributes_that_were_never_written_to_the_end_are_removed(locks: Path) -> None:
    folder = locks.parents[2] / "stacks"
    folder.mkdir()
    (folder / "prod.json.attrs").touch()
    (folder / "dev.json.attrs").write_text("{}")
    Engine("prod")._drop_torn_attributes()
    assert [path.name for path in folder.iterdir()] == ["dev.json.attrs"]


def test_the_lock_of_a_dead_engine_is_removed(locks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = lock(locks, pid=dead_pid())
    Engine("prod")._clear_dead_lock()
    assert not path.exists()
    assert "was killed; its lock is removed" in capsys.readouterr().err


def test_the_lock_of_a_running_engine_is_kept(locks: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)", "pulumi"], stdout=subprocess.PIPE
    )
    assert running.stdout
    running.stdout.readline()  # only a program that runs shows its own command line
    try:
        path = lock(locks, pid=running.pid)
        with pytest.raises(EngineError, match=rf"another update of prod is running \(pid {running.pid} on .*wait"):
            Engine("prod")._clear_dead_lock()
        assert path.exists()
        running.kill()
        os.waitid(os.P_PID, running.pid, os.WEXITED | os.WNOWAIT)  # a zombie: killed, and nobody has looked yet
        Engine("prod")._clear_dead_lock()
        assert not path.exists()
    finally:
        running.kill()
        running.wait()


def test_a_pid_that_another_program_got_since_is_no_engine(locks: Path) -> None:
    other = subprocess.Popen(["sleep", "60"])
    try:
        path = lock(locks, pid=other.pid)
        Engine("prod")._clear_dead_lock()
        assert not path.exists()
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize(("hours", "age"), [(0, "0 min"), (0.5, "30 min"), (5, "5.0 h"), (100, "4 days")])
def test_the_lock_of_another_machine_is_kept_and_says_how_to_find_out(locks: Path, hours: float, age: str) -> None:
    path = lock(locks, pid=4242, hostname="runner-7f9c", username="ci")
    then = time.time() - hours * 3600
    os.utime(path, (then, then))
    with pytest.raises(EngineError) as refused:
        Engine("prod")._clear_dead_lock()
    assert str(refused.value) == (
        f"prod is locked by another machine: ci (pid 4242 on runner-7f9c), {age} ago. Look whether that update still "
        "runs (the pipeline's page, or `ps -p 4242` on runner-7f9c): if so, wait for it; if not, `pulumi cancel prod` "
        "removes the lock, then run this again"
    )
    assert path.exists()


@pytest.mark.engine
def test_the_lock_of_a_machine_that_is_gone_is_removed_by_the_command_that_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "")
    monkeypatch.setenv("PATH", f"{pulumi_cli.ensure(cache(), Progress(quiet=True))}:{os.environ['PATH']}")
    monkeypatch.setattr(engine, "ROOT", tmp_path)
    (tmp_path / "Pulumi.yaml").write_text("name: rollback-stack\nruntime: yaml\n")
    Engine("prod")._output("stack", "init", "prod", "--no-select")
    folder = tmp_path / ".pulumi" / "locks" / "organization" / "rollback-stack" / "prod"
    folder.mkdir(parents=True, exist_ok=True)
    path = lock(folder, pid=4242, hostname="runner-7f9c")
    with pytest.raises(EngineError) as refused:
        Engine("prod").prepare("us-east-1")
    (cancel,) = re.findall("`(pulumi [^`]*)`", str(refused.value))
    subprocess.run([*cancel.split(), "--yes"], cwd=tmp_path, check=True, capture_output=True)
    assert not path.exists()


def test_ctrl_c_is_the_engines_to_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It ends in its own time, with its own exit code; a command that goes on after it would pin nothing."""
    slow = tmp_path / "pulumi"
    slow.write_text(
        f"#!{sys.executable}\nimport os, signal, time\nsignal.signal(signal.SIGINT, lambda *_: None)\n"
        "os.kill(os.getppid(), signal.SIGINT)\ntime.sleep(0.6)\nraise SystemExit(7)\n"
    )
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Engine("prod").up(tmp_path / "Pulumi.prod.yaml", tmp_path / "events.json") == 7


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x", "hostname": "y"}', "{}"])
def test_a_lock_that_cannot_be_read_is_kept_and_named(locks: Path, text: str) -> None:
    path = locks / "0a1b.json"
    path.write_text(text)
    with pytest.raises(EngineError, match="pulumi cancel prod"):
        Engine("prod")._clear_dead_lock()
    assert path.exists()


def test_locks_of_other_stacks_and_backends_are_nobodys_business(locks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = lock(locks, pid=dead_pid())
    Engine("dev")._clear_dead_lock()
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://states")
    Engine("prod")._clear_dead_lock()
    assert path.exists()


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("error: no stack named 'x' found\n", "no stack named 'x' found"),
        ("warning: old\n  error: wrong\nerror: later\n", "wrong"),
        ("error: 2 errors occurred:\n    1) first\n    2) second\n", "2 errors occurred: 1) first"),
        ("something else\n", "something else"),
        ("\n", "pulumi failed and said nothing"),
    ],
)
def test_an_error_of_the_engine_becomes_one_line(said: str, line: str) -> None:
    assert first_error(said) == line


def test_without_pulumi_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EngineError, match="pulumi isn't on PATH"):
        Engine("prod").found()
    with pytest.raises(EngineError, match="pulumi isn't on PATH"):
        Engine("prod").up(Path("Pulumi.prod.yaml"), Path("events.json"))


def test_the_changes_of_the_last_update_leave_out_what_stayed() -> None:
    history = [{"resourceChanges": {"same": 100, "update": 3, "create": 0}}, {"resourceChanges": {"delete": 1}}]
    assert Snapshot({}, history).changes == {"update": 3}
    assert Snapshot({}, []).changes == {}


def test_the_outputs_are_the_stacks_own_in_the_state() -> None:
    stack = {"type": "pulumi:pulumi:Stack", "outputs": {"version": "v1.2.3"}}
    other = {"type": "aws:sqs/queue:Queue", "outputs": {"version": "other"}}
    assert Snapshot({"deployment": {"resources": [other, stack]}}, []).outputs == {"version": "v1.2.3"}
    assert Snapshot({}, []).outputs == {}


@pytest.mark.parametrize("killed", [True, False])
def test_preparing_a_stack_says_whether_an_update_was_killed(
    locks: Path, monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    monkeypatch.setattr(Engine, "state", lambda _: {"deployment": {"resources": []}})
    if killed:
        lock(locks, pid=dead_pid())
    assert Engine("prod").prepare("us-east-1").unfinished is killed


def test_an_update_is_unfinished_while_it_holds_the_stack_or_something_is_under_way(
    locks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state: dict[str, Any] = {"deployment": {"resources": []}}
    monkeypatch.setattr(Engine, "state", lambda _: state)
    monkeypatch.setattr(Engine, "history", lambda _: [])
    assert not Engine("prod").snapshot().unfinished
    path = lock(locks)
    assert Engine("prod").snapshot().unfinished
    path.unlink()
    state["deployment"]["pending_operations"] = [{"type": "creating", "resource": {}}]
    assert Engine("prod").snapshot().unfinished


@pytest.mark.parametrize("given", ["", "/somewhere/else", "policies,other"])
def test_no_variable_of_the_caller_takes_the_packs_place(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("PULUMI_OPTION_POLICY_PACK", given)
    monkeypatch.setenv("PULUMI_OPTION_POLICY_PACK_CONFIG", "lowered.json")
    found = engine._environment()
    assert found["PULUMI_OPTION_POLICY_PACK"] == str(engine.ROOT / "policies")
    assert "PULUMI_OPTION_POLICY_PACK_CONFIG" not in found
    assert found["PATH"] == os.environ["PATH"]


@pytest.mark.parametrize("option", ["TARGET", "EXCLUDE", "REFRESH", "CONTINUE_ON_ERROR", "REPLACE", "CONFIG_FILE"])
def test_no_option_comes_with_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str
) -> None:
    monkeypatch.setenv(f"PULUMI_OPTION_{option}", "true")
    monkeypatch.setenv("PULUMI_OPTION_POLICY_PACK", "another")
    given: list[Any] = []
    monkeypatch.setattr(
        "cli.updates.interruption.attended", lambda _command, _folder, environment: given.append(environment)
    )
    Engine("prod").up(tmp_path, tmp_path / "events.json")
    assert f"PULUMI_OPTION_{option}" not in given[0]
    said = capsys.readouterr().err
    assert said.splitlines() == [
        f"not heeded, since `rollback` gives the engine its options: PULUMI_OPTION_{option}",
    ]


@pytest.mark.parametrize("fails", ["set-all", "rm-all", "copy", "fsync"])
def test_a_pin_that_cannot_be_written_leaves_the_whole_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fails: str
) -> None:
    """A disk that is full: whoever writes in place has emptied the file before it fails."""
    stacks = tmp_path / "stacks"
    stacks.mkdir()
    (stacks / "Pulumi.prod.yaml").write_text("config:\n  rollback-stack:version: v1.2.2\n")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def pulumi(_: Engine, *words: str) -> str:
        Path(words[words.index("--config-file") + 1]).write_text("" if words[1] == fails else "written")
        if words[1] == fails:
            raise EngineError("could not save: no space left on device")
        return ""

    monkeypatch.setattr(engine, "ROOT", tmp_path)
    monkeypatch.setattr(Engine, "_output", pulumi)
    if fails in ("copy", "fsync"):
        monkeypatch.setattr({"copy": "shutil.copy", "fsync": "os.fsync"}[fails], full)
    changes = {"rollback-stack:version": "v1.2.3", "rollback-stack:temporaryPins": None}
    with pytest.raises(EngineError, match=r"[Nn]o space left"):
        Engine("prod").configure(changes)
    assert (stacks / "Pulumi.prod.yaml").read_text() == "config:\n  rollback-stack:version: v1.2.2\n"
    assert [path.name for path in stacks.iterdir()] == ["Pulumi.prod.yaml"]
    monkeypatch.undo()
    monkeypatch.setattr(engine, "ROOT", tmp_path)
    monkeypatch.setattr(Engine, "_output", lambda _, *words: Path(words[-1]).write_text("written") and "")
    Engine("prod").configure(changes)
    assert (stacks / "Pulumi.prod.yaml").read_text() == "written"


@pytest.mark.parametrize(
    ("said", "endpoint", "line"),
    [
        (
            "error: unable to open bucket file:///x?no_tmp_dir=true: stat /x: no such file or directory",
            "http://127.0.0.1:1",
            "no Pulumi backend answers at file:///x: start the sandbox with `make up`",
        ),
        (
            "error: error listing stacks: could not list bucket: blob (code=NotFound): operation error S3",
            "",
            "no Pulumi backend answers at file:///x: look whether it is the right one",
        ),
        (
            "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions",
            "",
            "no Pulumi backend is chosen: `pulumi login ADDRESS`, or set PULUMI_BACKEND_URL; for the sandbox use",
        ),
        (
            "error: getting stack configuration: passphrase must be set with PULUMI_CONFIG_PASSPHRASE",
            "",
            "the stack's secrets can't be read: set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
        ),
        ("error: get stack secrets manager: incorrect passphrase", "", "PULUMI_CONFIG_PASSPHRASE isn't the passphrase"),
    ],
)
def test_a_backend_that_is_not_there_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, said: str, endpoint: str, line: str
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    assert engine._with_remedy(first_error(said)).startswith(line)


def test_without_a_passphrase_and_without_anybody_to_ask_nothing_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setattr(Engine, "state", lambda _: pytest.fail("the engine was asked"))
    with pytest.raises(EngineError, match="set PULUMI_CONFIG_PASSPHRASE"):
        Engine("prod").prepare("us-east-1")
