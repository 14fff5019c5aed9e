"""A Chroma store in a folder: the database that the chromadb library keeps there, and the ledger beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from receipt_chroma import ledger
from receipt_chroma.layouts import layout
from receipt_chroma.receipt import Receipt


@dataclass(frozen=True)
class Hit:
    """A receipt that a query found; distance is the cosine distance, from 0 (the same words) to 2."""

    receipt: Receipt
    distance: float


class Store:
    """The store in a folder, made where it is empty. Close it before its files are copied.

    Args:
        folder: where it lies.
        data_format: the format it has, or is to have where it is new.
    """

    def __init__(self, folder: Path, data_format: int) -> None:
        self.data_format = data_format
        self._ledger_file = folder / "ledger.json"
        self.ledger = ledger.read(self._ledger_file)
        self._client = _client(folder / "chroma")
        self._layout = layout(data_format, self._client)

    def count(self) -> int:
        """Return the number of receipts."""
        return self._layout.count()

    def get(self, ids: Sequence[str]) -> dict[str, Receipt]:
        """Return the receipts there are among these, by id."""
        return {receipt.receipt_id: receipt for receipt in self._layout.get(ids)} if ids else {}

    def pages(self) -> Iterator[list[Receipt]]:
        """Yield all receipts, a page at a time; write to the store only after the last one."""
        return self._layout.pages()

    def put(self, receipts: Sequence[Receipt]) -> None:
        """Write receipts, whether they are new or not."""
        if receipts:
            self._layout.put(receipts)

    def remove(self, ids: Sequence[str]) -> None:
        """Remove receipts; one that isn't there is no error."""
        if ids:
            self._layout.remove(ids)

    def query(self, text: str, top_k: int) -> list[Hit]:
        """Return the receipts nearest to the text, nearest first."""
        size = min(top_k, self.count())
        return [Hit(*found) for found in self._layout.nearest(text, size)] if size else []

    def close(self) -> None:
        """Write the ledger and let go of the files."""
        self.ledger.trim()
        self.ledger.write(self._ledger_file)
        self._client.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _client(folder: Path) -> Any:
    # Loading chromadb takes longer than all the rest of an invocation that doesn't need it.
    import chromadb
    from chromadb.config import Settings

    folder.mkdir(parents=True, exist_ok=True)
    return chromadb.PersistentClient(path=str(folder), settings=Settings(anonymized_telemetry=False))
