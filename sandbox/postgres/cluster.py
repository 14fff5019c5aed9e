"""Make, start and stop one PostgreSQL server (a "cluster", in PostgreSQL's own word)."""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from sandbox.postgres import PASSWORD_FILE, SUPERUSER, program
from sandbox.postgres.account import Account, NoAccountError, choose

STOP_SECONDS = 10
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "80",
    "shared_buffers": "32MB",
    "log_min_messages": "panic",
    "logging_collector": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "timezone": "UTC",
}


class StartError(Exception):
    """The server can't start; the text is the one line for the user, `status` the exit code."""

    def __init__(self, text: str, status: int = 1) -> None:
        super().__init__(text)
        self.status = status


def serve(data_dir: Path, port: int) -> int:
    """Run the server of `data_dir` until a signal asks it to end; returns its exit code. Raises StartError."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        postgres = program("postgres")
        account = choose([data_dir, postgres.parent])
    except (NoAccountError, FileNotFoundError) as error:
        raise StartError(str(error)) from error
    place = data_dir / "cluster"
    _end_left_over(place)
    _check_free(port)
    if not (place / "PG_VERSION").exists():
        _initialize(data_dir, place, account)
    shared = _trusted_extensions(data_dir)
    command = [*account.prefix, str(postgres), "-D", str(place), "-p", str(port)]
    for name, value in {**SETTINGS, "extension_control_path": f"{shared}:$system"}.items():
        command += ["-c", f"{name}={value}"]
    # In the foreground, as our child: a signal to us becomes its fast shutdown, and it doesn't outlive us.
    server = subprocess.Popen(
        command,
        user=account.uid,
        group=account.gid,
        cwd="/",
        stdin=subprocess.DEVNULL,
        preexec_fn=_end_with_parent,  # noqa: PLW1509 - this process has one thread
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.send_signal(signal.SIGINT))
    return server.wait()


def _trusted_extensions(data_dir: Path) -> Path:
    """Let owners of databases create pgvector, as an RDS master user may, by a control file that says so."""
    target = data_dir / "share"
    source = program("postgres").parents[1] / "share" / "postgresql" / "extension"
    (target / "extension").mkdir(parents=True, exist_ok=True)
    for file in source.glob("vector*"):
        text = file.read_text()
        if file.suffix == ".control" and "trusted" not in text:
            text += "trusted = true\n"
        (target / "extension" / file.name).write_text(text)
    return target


def _end_with_parent() -> None:
    """Ask the kernel for a fast shutdown of PostgreSQL when its parent is killed (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG


def _initialize(data_dir: Path, place: Path, account: Account) -> None:
    """Make the cluster beside its final place and move it there, so that a half-made one is never used."""
    fresh = Path(tempfile.mkdtemp(prefix="fresh-", dir=data_dir))
    word = secrets.token_urlsafe(24)
    with tempfile.NamedTemporaryFile("w", dir=fresh, delete=False) as file:
        file.write(word + "\n")
    made = fresh / "cluster"
    made.mkdir(mode=0o700)
    account.own(fresh)
    command = [*account.prefix, str(program("initdb")), "-D", str(made), "-U", SUPERUSER, "--pwfile", file.name]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
    done = subprocess.run(
        command, user=account.uid, group=account.gid, cwd="/", capture_output=True, text=True, check=False
    )
    if done.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise StartError(f"PostgreSQL's initdb failed in {data_dir}: {reason}")
    target = data_dir / PASSWORD_FILE
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(word + "\n")
    shutil.rmtree(place, ignore_errors=True)
    made.replace(place)
    shutil.rmtree(fresh, ignore_errors=True)


def _end_left_over(place: Path) -> None:
    """End a server that a killed parent left behind on this very cluster."""
    try:
        pid = int((place / "postmaster.pid").read_text().splitlines()[0])
        process = psutil.Process(pid)
        if str(place) not in process.cmdline():
            return
        process.send_signal(signal.SIGINT)
        process.wait(STOP_SECONDS)
    except (FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
        return
    except psutil.TimeoutExpired as error:
        raise StartError(f"another PostgreSQL (pid {pid}) still runs on {place}; end it first") from error


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StartError(f"port {port} on 127.0.0.1 is taken by another program", 3) from error


def wait_until_ready(port: int, data_dir: Path, seconds: float = 15.0) -> None:
    """Wait until a connection succeeds; raises TimeoutError."""
    import psycopg

    from sandbox.postgres import password

    deadline = time.monotonic() + seconds
    while True:
        try:
            word = password(data_dir)
            psycopg.connect(host="127.0.0.1", port=port, user=SUPERUSER, password=word, dbname="postgres").close()
            return
        except (psycopg.OperationalError, FileNotFoundError) as error:
            if time.monotonic() > deadline:
                raise TimeoutError(f"PostgreSQL on port {port} is not ready after {seconds:.0f} s") from error
            time.sleep(0.1)
