"""Data format 2, for reading: receipts in one collection, the labels of their words in another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from receipt_chroma.embedding import embed
from receipt_chroma.formats import check_writes
from receipt_chroma.receipt import Label, Receipt

PAGE = 500
FIELDS = ("merchant", "total", "date", "fields_position", "labels_position")


class Layout:
    """Receipts in the collections `receipts` and `words` of a Chroma client."""

    def __init__(self, client: Any) -> None:
        self.receipts, self.words = (
            client.get_or_create_collection(name, embedding_function=None, configuration={"hnsw": {"space": "cosine"}})
            for name in ("receipts", "words")
        )

    def count(self) -> int:
        """Return the number of receipts."""
        return int(self.receipts.count())

    def get(self, ids: Sequence[str]) -> list[Receipt]:
        """Return the receipts there are among these."""
        found = self.receipts.get(ids=list(ids), include=["metadatas", "documents"])
        return self._receipts(found["ids"], found["metadatas"], found["documents"])

    def pages(self) -> Iterator[list[Receipt]]:
        """Yield all receipts, PAGE at a time."""
        for start in range(0, self.count(), PAGE):
            found = self.receipts.get(limit=PAGE, offset=start, include=["metadatas", "documents"])
            yield self._receipts(found["ids"], found["metadatas"], found["documents"])

    def put(self, receipts: Sequence[Receipt]) -> None:  # noqa: ARG002
        """Refuse: this version of the package only reads the format."""
        check_writes(2)

    def remove(self, ids: Sequence[str]) -> None:  # noqa: ARG002
        """Refuse: this version of the package only reads the format."""
        check_writes(2)

    def nearest(self, text: str, top_k: int) -> list[tuple[Receipt, float]]:
        """Return the nearest receipts with their cosine distances, nearest first."""
        found = self.receipts.query(
            query_embeddings=[embed(text)], n_results=top_k, include=["metadatas", "documents", "distances"]
        )
        receipts = self._receipts(found["ids"][0], found["metadatas"][0], found["documents"][0])
        return [(receipt, float(distance)) for receipt, distance in zip(receipts, found["distances"][0], strict=True)]

    def _receipts(self, ids: list[str], metadatas: list[dict[str, str]], documents: list[str]) -> list[Receipt]:
        labels = self._labels(ids)
        return [
            Receipt(
                receipt_id=receipt_id,
                text=text,
                labels=tuple(sorted(labels[receipt_id])),
                **{name: metadata[name] for name in FIELDS},
            )
            for receipt_id, metadata, text in zip(ids, metadatas, documents, strict=True)
        ]

    def _labels(self, ids: list[str]) -> dict[str, list[Label]]:
        labels: dict[str, list[Label]] = defaultdict(list)
        if ids:
            found = self.words.get(where={"receipt_id": {"$in": ids}}, include=["metadatas"])
            for word in found["metadatas"]:
                labels[word["receipt_id"]].append(Label(word["word_id"], word["label"]))
        return labels
