from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox import postgres
from sandbox.paths import free_ports
from sandbox.postgres import account, cluster

ROOT = Path(__file__).resolve().parents[3]


def command(port: int, folder: Path) -> list[str]:
    return [sys.executable, "-m", "sandbox.postgres", "--port", str(port), "--data-dir", str(folder)]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[[int], subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(port: int) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(command(port, tmp_path / "data"), cwd=ROOT))
        cluster.wait_until_ready(port, tmp_path / "data", 60)
        return started[-1]

    yield start
    for one in started:
        if one.poll() is None:
            one.terminate()
            one.wait(15)


def connect(port: int, folder: Path, word: str | None = None) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host="127.0.0.1",
        port=port,
        user=postgres.SUPERUSER,
        password=word or postgres.password(folder),
        dbname="postgres",
        autocommit=True,
    )


def test_a_life_with_a_crash_and_a_clean_stop(run: Any, tmp_path: Path) -> None:
    (port,), folder = free_ports(1), tmp_path / "data"
    first = run(port)
    assert (folder / postgres.PASSWORD_FILE).stat().st_mode & 0o777 == 0o600
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(port, folder, "wrong")
    with connect(port, folder) as link:
        assert link.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        assert link.execute("SHOW password_encryption").fetchone() == ("scram-sha-256",)
        link.execute("CREATE TABLE kept AS SELECT 7 AS n")
    taken = subprocess.run(
        command(port, tmp_path / "other"), capture_output=True, text=True, cwd=ROOT, check=False, timeout=60
    )
    assert taken.returncode == 3
    assert taken.stderr == f"port {port} on 127.0.0.1 is taken by another program\n"
    first.kill()
    first.wait(10)
    second = run(port)
    with connect(port, folder) as link:
        assert link.execute("SELECT n FROM kept").fetchone() == (7,)
        began = time.monotonic()
        second.send_signal(signal.SIGTERM)
        assert second.wait(10) == 0
        assert time.monotonic() - began < 2


def test_an_ordinary_user_runs_it_as_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert account.choose([tmp_path]) == account.Account()


def test_root_that_no_one_can_stand_in_for_gets_one_clear_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(account, "_reachable", lambda *_: False)
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(account.NoAccountError, match="chmod o\\+x"):
        account.choose([tmp_path])


def test_a_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "PACKAGE", "no_such_package")
    with pytest.raises(FileNotFoundError, match="uv sync"):
        postgres.program("postgres")
