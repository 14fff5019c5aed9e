"""Runs the Pulumi engine on one stack: clears locks of dead processes, makes stacks that are missing."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from cli import killed_updates as interrupted
from cli.pulumi_command import MISSING, EngineError, pulumi_in
from cli.targets import start_sandbox
from cli.updates import interruption
from core.pulumi_command import PulumiCommand, first_error
from guard import pack
from guard.command.stack import Snapshot
from stacks.file import path_of
from stacks.settings import PROJECT

__all__ = ["Engine", "EngineError", "Holder", "Snapshot"]

ROOT = Path(__file__).resolve().parent.parent
GUARDED = {pack.VARIABLE: str(ROOT / "policies")}
"""The pack applies to every preview and update, and no variable of the caller's takes its place."""
OPTION = "PULUMI_OPTION_"
"""What the engine's variables begin with that stand for options of its command line."""
EVENTS = {"PULUMI_DEBUG_COMMANDS": "true"}
"""What the engine takes the option ``--event-log`` with, as its Automation API does."""
HISTORY = 50
"""Updates that are looked at: the audit needs those since the ledger's last entry."""
LAST_CALLS = 3.0
"""Seconds that a killed engine's providers are given for calls that they had begun: they look for it once a second."""


@dataclass(frozen=True)
class Holder:
    """Whose engine a lock file of the backend tells of."""

    user: str
    pid: int
    host: str
    age: str
    """How long it has the lock, as people say it."""

    @classmethod
    def of(cls, lock: Path) -> Holder:
        """Raises ``OSError``, ``ValueError``, ``KeyError`` and ``TypeError`` for a file that can't be read."""
        owner = json.loads(lock.read_text())
        pid, host = int(owner["pid"]), str(owner["hostname"])
        minutes = (time.time() - lock.stat().st_mtime) / 60
        return cls(owner.get("username") or "somebody", pid, host, _age(minutes))

    @property
    def elsewhere(self) -> bool:
        """Whether it runs, or ran, on another machine."""
        return self.host != socket.gethostname()


@dataclass(frozen=True)
class Engine:
    """One stack of this project."""

    stack: str

    def prepare(self, region: str, agreed: Callable[[Mapping[str, Any]], None] = lambda _: None) -> Snapshot:
        """Make the stack where it doesn't exist yet, and put right what an update that was killed left behind.

        Returns what it found: ``unfinished`` where one was killed. The history isn't asked for.
        """
        self._refuse_without_passphrase()
        self._drop_torn_attributes()
        locked = bool(self._locks())
        self._clear_dead_lock()
        try:
            state = self.state()
        except EngineError as error:
            if not _is_missing(error):
                raise
            self._output("stack", "init", self.stack, "--no-select")
            return Snapshot({}, [])
        snapshot = Snapshot(state, [], locked)
        agreed(snapshot.outputs)
        return replace(snapshot, settled=self._settle_interrupted(state, region))

    def up(self, settings: Path, log: Path) -> int:
        """Update to what ``settings``, a copy of the stack's file, says; the engine's exit code.

        ``log``: where the engine writes its events (``cli.updates.events``). Ctrl-C reaches the engine too, which ends
        the update in its own time: it is waited for.
        """
        options = ("--yes", "--skip-preview", "--suppress-outputs", "--config-file", str(settings))
        command = ["pulumi", "up", *options, "--event-log", str(log), "--stack", self.stack]
        _say_unheeded()
        try:
            return interruption.attended(command, ROOT, {**_environment(), **EVENTS})
        except FileNotFoundError:
            raise EngineError(MISSING) from None

    def refresh(self, urns: Sequence[str]) -> None:
        """Have the state say what is really there of these resources, and of no others."""
        targets = [word for urn in urns for word in ("--target", urn)]
        self._output("refresh", "--yes", "--skip-preview", "--stack", self.stack, *targets)

    def write(self, state: Mapping[str, Any]) -> None:
        """Put a whole state in the place of the stack's own (`pulumi stack import`). Raises ``EngineError``."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "state.json")
            path.write_text(json.dumps(state))
            self._output("stack", "import", "--stack", self.stack, "--file", str(path))

    def configure(self, changes: Mapping[str, str | None], settings: Path | None = None) -> None:
        """Write settings into the stack's file, or into a copy of it; None takes one out. Comments stay.

        The file itself is replaced in one step: the engine writes it in place and key by key, so that a full disk or a
        kill would leave half of it, and no pin at all. Raises ``EngineError``.
        """
        if settings is not None:
            self._write(changes, settings)
        elif changes:
            source = path_of(self.stack, ROOT / "stacks")
            new = source.with_name(f".new-{source.name}")
            try:
                shutil.copy(source, new)
                self._write(changes, new)
                with new.open("rb") as written:
                    os.fsync(written.fileno())
                new.replace(source)
            except OSError as error:
                raise EngineError(f"stacks/{source.name} can't be written, and is as it was: {error}") from None
            finally:
                new.unlink(missing_ok=True)

    def _write(self, changes: Mapping[str, str | None], settings: Path) -> None:
        file = ("--config-file", str(settings))
        given = [
            word for key, value in changes.items() if value is not None for word in ("--plaintext", f"{key}={value}")
        ]
        gone = [key for key, value in changes.items() if value is None]
        if given:
            self._output("config", "set-all", *given, "--stack", self.stack, *file)
        if gone:
            self._output("config", "rm-all", *gone, "--stack", self.stack, *file)

    def found(self) -> dict[str, Any]:
        """The whole state; empty where the stack was never made."""
        try:
            return self.state()
        except EngineError as error:
            if _is_missing(error):
                return {}
            raise

    def outputs(self) -> dict[str, Any]:
        """What the last update exported; empty before the first one. A secret one is its ciphertext."""
        return Snapshot(self.found(), []).outputs

    def history(self) -> list[dict[str, Any]]:
        """The last updates, the newest first, as the engine tells of them."""
        command = ("stack", "history", "--json", "--page-size", str(HISTORY), "--stack", self.stack)
        told: list[dict[str, Any]] = json.loads(self._output(*command))
        return told

    def snapshot(self) -> Snapshot:
        """What the last update left behind, asked for once: every call of the command line takes half a second."""
        return Snapshot(self.state(), self.history(), locked=bool(self._locks()))

    def state(self) -> dict[str, Any]:
        """The whole state, secrets encrypted."""
        state: dict[str, Any] = json.loads(self._output("stack", "export", "--stack", self.stack))
        return state

    def under_way(self) -> str | None:
        """The engine that updates the stack just now, in words; None where none does. One that was killed doesn't."""
        for lock in self._locks():
            try:
                holder = Holder.of(lock)
            except (OSError, ValueError, KeyError, TypeError):
                continue
            if holder.elsewhere or _alive(holder.pid):
                return f"an update by {holder.user} (pid {holder.pid} on {holder.host}, since {holder.age})"
        if _file_backend() is None and Snapshot(self.state(), []).unfinished:
            return f"an update that somebody makes elsewhere, or that was killed (`rollback up -s {self.stack}` tells)"
        return None

    def _refuse_without_passphrase(self) -> None:
        """The engine asks for a passphrase at a terminal; elsewhere it would end in the middle of its first lines."""
        given = any(name in os.environ for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"))
        path = path_of(self.stack, ROOT / "stacks")
        if not given and not sys.stdin.isatty() and path.is_file() and "encryptionsalt:" in path.read_text():
            raise EngineError(UNREADABLE)

    def _drop_torn_attributes(self) -> None:
        """Files of attributes that a killed engine left empty: the backend reads nothing ("EOF") while one is there."""
        if (backend := _file_backend()) is not None:
            for path in (backend / ".pulumi").rglob("*.attrs"):
                if path.stat().st_size == 0:
                    path.unlink(missing_ok=True)

    def _clear_dead_lock(self) -> None:
        for lock in self._locks():
            try:
                holder = Holder.of(lock)
            except FileNotFoundError:
                continue
            except (ValueError, KeyError, TypeError):
                raise EngineError(
                    f"{self.stack} is locked by {lock}, which can't be read: if no update runs, "
                    f"`pulumi cancel {self.stack}` removes it"
                ) from None
            pid, host = holder.pid, holder.host
            if holder.elsewhere:
                raise EngineError(
                    f"{self.stack} is locked by another machine: {holder.user} (pid {pid} on "
                    f"{host}), {holder.age} ago. Look whether that update still runs (the pipeline's page, or "
                    f"`ps -p {pid}` on {host}): if so, wait for it; if not, `pulumi cancel {self.stack}` removes the "
                    "lock, then run this again"
                )
            if _alive(pid):
                raise EngineError(
                    f"another update of {self.stack} is running (pid {pid} on {host}, since {holder.age}): "
                    "wait for it, then run this again"
                )
            print(f"the update with pid {pid} was killed; its lock is removed", file=sys.stderr)
            lock.unlink(missing_ok=True)

    def _settle_interrupted(self, state: dict[str, Any], region: str) -> bool:
        """Take what a killed update did create into the state, forget what it didn't. See ``cli.killed_updates``.

        Whether there was anything.
        """
        pending = interrupted.pending_creations(state)
        if pending:
            time.sleep(LAST_CALLS)
            found = interrupted.existing(state, region)
            print(
                f"an update was interrupted while creating {len(pending)} resources; "
                f"{len(found)} of them exist and are taken into the state",
                file=sys.stderr,
            )
            state = interrupted.settled(state, found)
            self.write(state)
        if unread := interrupted.unread(state):
            self.refresh(unread)
        return bool(pending or unread)

    def _locks(self) -> list[Path]:
        """Lock files of a file backend; other backends keep their own and clear them with ``pulumi cancel``."""
        if (backend := _file_backend()) is None:
            return []
        return sorted((backend / ".pulumi" / "locks" / "organization" / PROJECT / self.stack).glob("*.json"))

    def _output(self, *arguments: str) -> str:
        done = _pulumi().run(*arguments)
        if done.returncode:
            raise EngineError(_with_remedy(first_error(done.stderr, done.stdout)))
        return done.stdout


def _pulumi() -> PulumiCommand:
    return pulumi_in(ROOT, _environment())


def _environment() -> dict[str, str]:
    """The caller's environment, without the options that would come with it, and with our pack.

    Any option of the engine can be a variable: one target updates a part of the stack, a refresh lets go of a store
    that is gone and makes it anew, another pack or a configuration of ours judges nothing.
    """
    return {**{name: value for name, value in os.environ.items() if not name.startswith(OPTION)}, **GUARDED}


def _say_unheeded() -> None:
    """Name the options in the environment that an update doesn't take."""
    if unheeded := sorted(name for name in os.environ if name.startswith(OPTION) and name not in GUARDED):
        print(f"not heeded, since `rollback` gives the engine its options: {', '.join(unheeded)}", file=sys.stderr)


def _age(minutes: float) -> str:
    """Minutes, as people say them."""
    if minutes < 60:
        return f"{max(0, round(minutes))} min"
    hours = minutes / 60
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.0f} days"


def _is_missing(error: EngineError) -> bool:
    """Whether the engine says that the stack was never made."""
    return str(error).startswith("no stack named")


def _file_backend() -> Path | None:
    """The folder of a backend of files; None where the backend is another."""
    backend = urlparse(os.environ.get("PULUMI_BACKEND_URL", ""))
    return Path(backend.path) if backend.scheme == "file" else None


def _alive(pid: int) -> bool:
    """Whether the process runs and is an engine's: a pid that another program got since, or a zombie, is not."""
    try:
        os.kill(pid, 0)
        return b"pulumi" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except ProcessLookupError:
        return False
    except OSError:
        return True  # another user's process, or a system without /proc


def _with_remedy(said: str) -> str:
    """What the engine says, or what to do about it where that is known."""
    return next((remedy() for words, remedy in REMEDIES.items() if re.search(words, said)), said)


def _no_backend() -> str:
    url = os.environ.get("PULUMI_BACKEND_URL") or "the address of `pulumi login`"
    return f"no Pulumi backend answers at {url}: {start_sandbox('look whether it is the right one')}"


REMEDIES: Mapping[str, Callable[[], str]] = {
    r"unable to open bucket|could not list bucket|NoSuchBucket": _no_backend,
    r"PULUMI_ACCESS_TOKEN must be set|not logged in|invalid access token": lambda: (
        "no Pulumi backend is chosen: `pulumi login ADDRESS`, or set PULUMI_BACKEND_URL; for the sandbox use "
        "`make shell`"
    ),
    "passphrase must be set": lambda: UNREADABLE,
    "incorrect passphrase": lambda: "PULUMI_CONFIG_PASSPHRASE isn't the passphrase of this stack's secrets",
}
"""What the engine says -> the same with what to do."""
UNREADABLE = (
    "the stack's secrets can't be read: set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE; for the sandbox "
    "use `make shell`"
)
