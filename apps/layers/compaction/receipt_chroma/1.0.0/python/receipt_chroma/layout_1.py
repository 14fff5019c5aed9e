"""Data format 1: a receipt is one record, with its labels as JSON in the metadata."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from receipt_chroma.embedding import embed
from receipt_chroma.receipt import Receipt, labels_json, labels_of

PAGE = 500
_FIELDS = ("merchant", "total", "date", "fields_position", "labels_position")


class Layout:
    """Receipts in the collection `receipts` of a Chroma client."""

    def __init__(self, client: Any) -> None:
        self.collection: Any = client.get_or_create_collection(
            "receipts", embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )

    def count(self) -> int:
        """Return the number of receipts."""
        return int(self.collection.count())

    def get(self, ids: Sequence[str]) -> list[Receipt]:
        """Return the receipts there are among these."""
        found = self.collection.get(ids=list(ids), include=["metadatas", "documents"])
        return self._receipts(found["ids"], found["metadatas"], found["documents"])

    def pages(self) -> Iterator[list[Receipt]]:
        """Yield all receipts, PAGE at a time."""
        for start in range(0, self.count(), PAGE):
            found = self.collection.get(limit=PAGE, offset=start, include=["metadatas", "documents"])
            yield self._receipts(found["ids"], found["metadatas"], found["documents"])

    def put(self, receipts: Sequence[Receipt]) -> None:
        """Write receipts, whether they are new or not."""
        self.collection.upsert(
            ids=[receipt.receipt_id for receipt in receipts],
            embeddings=[embed(f"{receipt.merchant} {receipt.text}") for receipt in receipts],
            documents=[receipt.text for receipt in receipts],
            metadatas=[self._metadata(receipt) for receipt in receipts],
        )

    def remove(self, ids: Sequence[str]) -> None:
        """Remove receipts; one that isn't there is no error."""
        self.collection.delete(ids=list(ids))

    def nearest(self, text: str, top_k: int) -> list[tuple[Receipt, float]]:
        """Return the nearest receipts with their cosine distances, nearest first."""
        found = self.collection.query(
            query_embeddings=[embed(text)], n_results=top_k, include=["metadatas", "documents", "distances"]
        )
        receipts = self._receipts(found["ids"][0], found["metadatas"][0], found["documents"][0])
        return [(receipt, float(distance)) for receipt, distance in zip(receipts, found["distances"][0], strict=True)]

    def _metadata(self, receipt: Receipt) -> dict[str, str]:
        fields = {name: str(getattr(receipt, name)) for name in _FIELDS}
        return {**fields, "labels": json.dumps(labels_json(receipt.labels))}

    def _receipts(self, ids: list[str], metadatas: list[dict[str, str]], documents: list[str]) -> list[Receipt]:
        return [
            Receipt(
                receipt_id=receipt_id,
                text=text,
                labels=labels_of(json.loads(metadata["labels"])),
                **{name: metadata[name] for name in _FIELDS},
            )
            for receipt_id, metadata, text in zip(ids, metadatas, documents, strict=True)
        ]
