"""Save the whole account to one file and load it again.

moto keeps everything in memory and has no save of its own. All backends in use go into one pickle, so that references
between services survive. The file names the moto and Python versions it belongs to and the checksum of its content;
the one before it is kept beside it, for the case that a crash or a full disk spoilt the newest. Zips and other large
contents lie in files of their own (``sandbox.account.contents``).
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import platform
import sys
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar, cast

from sandbox.account import background
from sandbox.account.contents import Contents, DamagedError, Writing, flush, pickling
from sandbox.account.pickling import Pickler, Unpickler, find_backend_dict

log = logging.getLogger("sandbox.account")

FILE = "account.state"
PREVIOUS = "account.state.previous"
MAGIC = "local-aws-account 2"
QUIET_SECONDS = 0.25
PROMISE_SECONDS = 1.0
"""A crash loses what was written within this time at most."""
MEASURED_SECONDS = 15.0
"""The same for what the account measured about itself: with a fast clock it does so all the time, and saving that each
second was 40 % of the CPU time of an account at rest (an emulated minute a second, prod deployed, 2026-11-26)."""
LONGEST_MEASURED_SECONDS = 300.0
MEASURED_SHARE = 0.001
"""What saving mere measurements may take of the time: an account measures every minute, and each save is of all."""
WAIT_FOR_REQUESTS = 0.25

_extras: dict[str, Any] = {}
_saving = threading.Lock()
_known: dict[Path, Contents] = {}
Kept = TypeVar("Kept")


class OtherVersionError(Exception):
    """The state file was written with another moto or Python; its text says what to do."""


def kept(name: str, factory: Callable[[], Kept]) -> Kept:
    """Return the picklable object that an extension keeps in the saved state, made by `factory` at first.

    Ask for it on every use: loading a state replaces the object.
    """
    if name not in _extras:
        _extras[name] = factory()
    return cast(Kept, _extras[name])


def _stamp() -> str:
    return f"{MAGIC} moto {version('moto')} python {platform.python_version_tuple()[0]}.{sys.version_info.minor}"


def dump(writing: Writing) -> bytes:
    """Return the state of every backend in use and of the extensions; ``writing`` learns which contents it names."""
    from moto.core.base_backend import BackendDict

    backends = {}
    for services in list(BackendDict._instances):
        key = (services.service_name, services.backend.__module__, services.backend.__qualname__)
        backends[key] = {
            account: {region: dict.__getitem__(regions, region) for region in list(dict.keys(regions))}
            for account, regions in list(dict.items(services))
        }
    buffer = io.BytesIO()
    pickling(writing)
    try:
        Pickler(buffer, writing.name).dump({"backends": backends, "extras": dict(_extras)})
    finally:
        pickling(None)
    return buffer.getvalue()


def save(folder: Path) -> int:
    """Write the state to `folder`, atomically and flushed to disk; returns the size in bytes."""
    with _saving:
        known = _contents(folder)
        with background.LOCK, background.GATE.exclusive(WAIT_FOR_REQUESTS):
            body, writing = _dump_with_retries(known)
        head = f"{_stamp()} sha256 {hashlib.sha256(body).hexdigest()}\n".encode()
        folder.mkdir(parents=True, exist_ok=True)
        known.write(writing)
        newest, fresh = folder / FILE, folder / (FILE + ".new")
        with fresh.open("wb") as file:
            file.write(head)
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        if newest.exists():
            newest.replace(folder / PREVIOUS)
        fresh.replace(newest)
        flush(folder)
        known.settle(writing)
        return len(body)


def _contents(folder: Path) -> Contents:
    """The files of contents beside a state."""
    if (place := folder.absolute()) not in _known:
        _known[place] = Contents(folder)
    return _known[place]


def _dump_with_retries(known: Contents, attempts: int = 20) -> tuple[bytes, Writing]:
    # A request that outlasted the gate's patience may change a dict while it is being walked.
    for attempt in range(attempts):
        writing = Writing(known)
        try:
            return dump(writing), writing
        except RuntimeError as error:
            if attempt == attempts - 1 or "changed size" not in str(error):
                raise
            time.sleep(0.02)
    raise AssertionError("not reached")


def load(folder: Path) -> bool:
    """Load the newest readable state in `folder`; returns whether there was one.

    Raises OtherVersionError where a state exists but belongs to another moto or Python.
    """
    broken = False
    for path in (folder / FILE, folder / PREVIOUS):
        if not path.exists():
            continue
        content = _read(path)
        if content is None:
            broken = True
            continue
        if broken:
            log.error("%s is damaged; the state before it was loaded instead", FILE)
        _restore(content)
        return True
    if broken:
        raise OtherVersionError(f"the saved account in {folder} is damaged; remove it with: python -m sandbox clean")
    return False


def _read(path: Path) -> dict[str, Any] | None:
    head, _, body = path.read_bytes().partition(b"\n")
    stamp, _, digest = head.decode("utf-8", "replace").partition(" sha256 ")
    if stamp.startswith(MAGIC.rsplit(" ", 1)[0]) and stamp != _stamp():
        raise OtherVersionError(
            f"{path} was written by '{stamp}', this is '{_stamp()}'; start afresh with: python -m sandbox clean"
        )
    if hashlib.sha256(body).hexdigest() != digest:
        return None
    known = _known[path.parent.absolute()] = Contents(path.parent)
    try:
        content = Unpickler(io.BytesIO(body), known.read).load()
    except DamagedError as error:
        log.error("%s names a content that is damaged: %s", path.name, error)
        return None
    known.loaded()
    return cast(dict[str, Any], content)


def _restore(content: dict[str, Any]) -> None:
    from sandbox.account.server import extend

    for key, accounts in content["backends"].items():
        extend(key[0])
        services = find_backend_dict(*key)
        for account, regions in accounts.items():
            target = services[account]
            for region, backend in regions.items():
                dict.__setitem__(target, region, backend)
    _extras.clear()
    _extras.update(content["extras"])


def keep_saving(folder: Path) -> None:
    """Save to `folder` shortly after anything changed, until the server stops; runs in a thread of its own."""
    started, patience = time.monotonic(), MEASURED_SECONDS
    while not background.stopping():
        known = background.news()
        time.sleep(QUIET_SECONDS)
        if not background.take_changed(measured=time.monotonic() - started >= patience):
            background.rest(known, patience)
            continue
        started = time.monotonic()
        try:
            save(folder)
        except Exception:
            log.exception("the account could not be saved to %s; it is tried again", folder)
            background.mark_changed()
        patience = measured_after(time.monotonic() - started)
        time.sleep(pause_after(time.monotonic() - started))


def measured_after(duration: float) -> float:
    """The seconds for which mere measurements wait for the next save, after one that took ``duration`` seconds."""
    return min(max(duration / MEASURED_SHARE, MEASURED_SECONDS), LONGEST_MEASURED_SECONDS)


def pause_after(duration: float) -> float:
    """The seconds to rest after a save that took ``duration`` seconds.

    Three times as long as it took, so that saving takes a quarter of the time at most; but never so long that a write
    which just missed this save would be kept later than a second after it was made.
    """
    return max(0.0, min(3 * duration, PROMISE_SECONDS - QUIET_SECONDS - 2 * duration))
