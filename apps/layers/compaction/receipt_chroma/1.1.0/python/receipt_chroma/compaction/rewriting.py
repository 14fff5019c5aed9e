"""The next snapshot out of the newest one."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from receipt_chroma.snapshots import OvertakenError, Pointer, Snapshots
from receipt_chroma.store import Store

ATTEMPTS = 10
LONGEST_PAUSE = 0.5

Result = TypeVar("Result")


def rewrite(
    snapshots: Snapshots, newest: Pointer | None, data_format: int, change: Callable[[Store], Result]
) -> tuple[Result, Pointer]:
    """Apply a change to the newest store, publish it in the format and return what the change returned.

    Raises:
        receipt_chroma.snapshots.OvertakenError: somebody else published meanwhile; nothing has changed.
    """
    with TemporaryDirectory() as work:
        folder = Path(work) / "store"
        before = Path(work) / "before"
        if newest is not None:
            snapshots.unpack(newest, folder if newest.format == data_format else before)
        with Store(folder, data_format) as store:
            if newest is not None and newest.format != data_format:
                _copy(before, newest.format, store)
            result = change(store)
            items = store.count()
        made = snapshots.publish(folder, data_format, items, newest.number + 1 if newest else 1)
    snapshots.trim(made)
    return result, made


def _copy(folder: Path, data_format: int, into: Store) -> None:
    with Store(folder, data_format) as before:
        into.ledger = before.ledger
        for page in before.pages():
            into.put(page)


def until_first(attempt: Callable[[], Result]) -> Result:
    """Run an attempt again while others overtake it, ATTEMPTS times at most.

    Raises:
        receipt_chroma.snapshots.OvertakenError: all attempts were overtaken.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return attempt()
        except OvertakenError:
            time.sleep(random.uniform(0, LONGEST_PAUSE))  # noqa: S311 - a pause, not a secret
    return attempt()
