"""One order for hits of several searches."""

from __future__ import annotations

from dataclasses import replace

from rag.search import Hit


def best(searches: list[list[Hit]], top_k: int) -> list[Hit]:
    """Merge hits by their distance from the best score of their search, so that searches compare."""
    merged = [replace(hit, score=1 - hit.score / hits[0].score) for hits in searches for hit in hits]
    return sorted(merged, key=lambda hit: hit.score, reverse=True)[:top_k]
