"""One order for hits of several searches."""

from __future__ import annotations

from dataclasses import replace

from rag.search import Hit

# Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion" (2009), found 60 to work across collections.
_SMOOTHING = 60


def best(searches: list[list[Hit]], top_k: int) -> list[Hit]:
    """Merge hits, best first within each search, by reciprocal rank: scores of different searches don't compare."""
    merged = [
        replace(hit, score=1 / (_SMOOTHING + position)) for hits in searches for position, hit in enumerate(hits, 1)
    ]
    return sorted(merged, key=lambda hit: hit.score, reverse=True)[:top_k]
